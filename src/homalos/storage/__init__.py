"""SQLite, what people query: a projection of the events that nothing on the trading path awaits."""
