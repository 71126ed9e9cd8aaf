"""Gateway ``ctp``: the brokers of China through CTP, market data and trading apart."""
