"""Configuration: typed schema, layers, hot reload."""
