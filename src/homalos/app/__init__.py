"""The daemon: the core plus store, logs, console and config reload. The only room that knows
every part."""

from homalos.app.daemon import RunOptions, run_daemon

__all__ = ["RunOptions", "run_daemon"]
