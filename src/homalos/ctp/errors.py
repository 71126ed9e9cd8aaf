"""What the binding raises beside ``abi.FieldError``."""


class LibraryError(OSError):
    """The vendor's library cannot be used: names the file, what is wrong and the cure."""


class ClosedError(RuntimeError):
    """A call of a port that was closed, or that belongs to the process before a fork."""
