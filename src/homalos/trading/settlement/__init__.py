"""The broker's daily settlement statement against the books."""
