"""The risk gate and its rules."""
