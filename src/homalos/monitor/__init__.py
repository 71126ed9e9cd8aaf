"""Logs, later metrics and alerts. Listens to the bus; nothing in the trading path imports it."""
