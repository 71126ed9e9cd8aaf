"""The way to a venue: one protocol, several gateways."""
