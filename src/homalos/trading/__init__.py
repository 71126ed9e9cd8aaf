"""Orders, offsets, books and risk: the step from an intent to an order that leaves."""
