"""CTP's API as facts: its description, the native binding's Python face, the wire of the drop-in
libraries. Knows no trading."""
