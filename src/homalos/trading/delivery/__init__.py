"""What approaches delivery: the days of each contract, warnings, and what is done on the last."""
