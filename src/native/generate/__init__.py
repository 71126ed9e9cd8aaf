"""C++ from the facts of a CTP version; see ``__main__``."""
