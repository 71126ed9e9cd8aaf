"""Closing what is held: a kill with a scope, and a strategy's end of day."""
