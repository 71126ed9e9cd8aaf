"""Products, trading calendar, sessions, money; the gate and the bars of market data."""
