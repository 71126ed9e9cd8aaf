"""The event loop: uvloop, winloop on Windows, plain asyncio where neither is there."""

import asyncio
import gc
import sys
from collections.abc import Callable

SWITCH_INTERVAL_S = 0.0002
"""A thread that computes delays the loop by at most this, not by the default 5 ms; and the store's
writer waits no longer for its turn (a full-speed replay gains a tenth against 0.5 ms)."""


def loop_factory() -> tuple[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Name and factory of the best loop that is installed."""
    name = "winloop" if sys.platform == "win32" else "uvloop"
    try:
        module = __import__(name)
    except ImportError:
        return "asyncio", asyncio.new_event_loop
    return name, module.new_event_loop


def settle() -> None:
    """After everything is built: what lives now lives for ever and is never scanned again; full
    collections, which can hold the loop for 100 ms, do not happen by themselves."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 1_000_000)
