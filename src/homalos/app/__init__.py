"""The daemon: the core plus store, logs, console and config reload. The only room that knows
every part."""
