"""Intents that the order manager works on beyond their first orders."""
