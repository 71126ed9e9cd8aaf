"""Gateways that others have written: found by the entry point ``homalos.gateways``.

A package names its factory in its ``pyproject.toml``; installed beside Homalos it can be set as
``gateway: {md: <name>, td: <name>}``. See ``docs/gateways.md``.
"""

import asyncio
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from homalos.config.secrets import Secret
from homalos.gateway.protocol import Gateway
from homalos.kernel.clock import Clock
from homalos.kernel.timers import Timers
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.ids import AccountId

__all__ = [
    "BUILT_IN", "GROUP", "Driven", "GatewayError", "GatewayFactory", "GatewayKit", "installed",
    "make_gateway", "open_gateway",
]  # fmt: skip

GROUP = "homalos.gateways"
BUILT_IN = ("sim", "ctp")
_METHODS = (
    "connect", "close", "subscribe", "send", "cancel", "query", "instruments", "health",
    "opaque_positions",
)  # fmt: skip


class GatewayError(Exception):
    """No gateway of that name, or one that cannot be used; the text names the cure, en / zh."""


class GatewayKit(NamedTuple):
    """What a factory is given."""

    clock: Clock
    """Event time; ``monotonic`` for what is about the line."""
    timers: Timers
    """Calls back on the loop's thread, in event time."""
    account: AccountId
    """``app.account``"""
    folder: Path
    """For the gateway's own files, in the data folder; not made yet."""
    products: Products
    sessions: Sessions
    secret: Callable[[str], Secret | None]
    """``secret("acme_password")``: HOMALOS_SECRET__ACME_PASSWORD, or the system's key store."""
    step: Callable[[], None]
    """Runs the bus until nothing is left to do: for a gateway that reads its line on the loop and
    has posted what came."""


class GatewayFactory(Protocol):
    """Makes the gateway; opens nothing, ``Gateway.connect`` does."""

    def __call__(self, kit: GatewayKit, /) -> Gateway: ...


@runtime_checkable
class Driven(Protocol):
    """A gateway with lines of its own in the loop (readers, tasks). One without is driven by
    timers alone, or by a thread that hands over with ``loop.call_soon_threadsafe``."""

    def drive(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called once on the loop's thread, before ``connect``."""


def installed() -> tuple[str, ...]:
    """Names that installed packages give, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def open_gateway(name: str) -> GatewayFactory:
    """The factory that an installed package registered as ``name``.

    Raises:
        GatewayError: nobody did (the text lists who there is), two did, or it cannot be imported.
    """
    point = _entry(name)
    try:
        factory = point.load()
    except Exception as error:
        raise GatewayError(
            f"gateway {name} ({point.value}{_of(point)}) cannot be imported: "
            f"{type(error).__name__}: {error} / 无法导入"
        ) from error
    if not callable(factory):
        raise GatewayError(
            f"gateway {name}: {point.value}{_of(point)} is no factory, it cannot be called / "
            "入口点不是可调用的工厂"
        )
    return factory  # type: ignore[no-any-return]


def make_gateway(name: str, kit: GatewayKit) -> Gateway:
    """The gateway itself, with every method that the core will call.

    Raises:
        GatewayError: as ``open_gateway``; or methods are missing. What the factory itself raises
            comes through.
    """
    gateway = open_gateway(name)(kit)
    missing = [method for method in _METHODS if not callable(getattr(gateway, method, None))]
    missing += [value for value in ("name", "simulated") if not hasattr(gateway, value)]
    if missing:
        raise GatewayError(
            f"gateway {name} lacks {', '.join(missing)}: see docs/gateways.md / 缺少上述成员"
        )
    return gateway


def _entry(name: str) -> EntryPoint:
    found = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if len(found) > 1:
        both = ", ".join(f"{point.value}{_of(point)}" for point in found.values())
        raise GatewayError(f"gateway {name} is given twice: {both}; remove one / 名称重复")
    if found:
        return next(iter(found.values()))
    there = ", ".join((*BUILT_IN, *installed()))
    raise GatewayError(
        f"there is no gateway {name}; there are: {there}. Install the package that gives it / "
        f"没有接口 {name}，可用：{there}；请安装提供它的软件包"
    )


def _of(point: EntryPoint) -> str:
    return f" of {point.dist.name} {point.dist.version}" if point.dist is not None else ""
