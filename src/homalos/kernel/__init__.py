"""The event step: bus, actors, clock, timers, ids, journal, lifecycle. Knows no trading."""
