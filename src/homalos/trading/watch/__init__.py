"""Losses at valid marks, and what acts on them."""
