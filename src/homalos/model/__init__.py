"""What things are: plain structs, enumerations and identifiers. No behaviour but arithmetic."""
