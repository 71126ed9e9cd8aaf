"""Mutation testing of the trading core: ``python tests/mutation/run.py`` (docs/mutation.md)."""
