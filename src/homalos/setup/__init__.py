"""Set-up: what a machine has, the second step for CTP, and the lock files."""
