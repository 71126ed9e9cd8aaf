"""What a strategy hands to its actions, checked at the door: whatever passes here the journal can
write and read again. Everything else is a ``StrategyError`` that says what is wanted."""

import math

from homalos.market.periods import period_minutes
from homalos.model.enums import OnTimeout, OrderKind, TimeInForce
from homalos.model.times import SECOND
from homalos.strategy.base import StrategyError
from homalos.strategy.terms import Terms

NAME_LENGTH = 100
"""Characters of a timer's name, a tag, a contract."""
LOG_LENGTH = 2_000
"""Characters of a line of the log; the rest is cut."""
MAX_LOTS = 1_000_000
MAX_PRICE = 1e12
MAX_MS = 86_400_000
MAX_TRIES = 100
MAX_TICKS = 1_000
MAX_TIME = 1 << 62
MAX_SECONDS = 366 * 86_400.0
MIN_SECONDS = 0.001


def text(value: object, what: str) -> str:
    """``value`` as a true ``str``. ``StrategyError``: not a text that encodes to UTF-8."""
    if type(value) is str and value.isascii():  # nearly always, on an order's way
        return value
    if not isinstance(value, str):
        raise StrategyError(f"{what}: need a text, not {_kind(value)} / 须为文本")
    try:
        return str.encode(value, "utf-8").decode()
    except UnicodeEncodeError:
        raise StrategyError(
            f"{what}: {str.encode(value, 'ascii', 'backslashreplace').decode()!r} has characters "
            "that UTF-8 cannot write; need plain Unicode / 文本含无法编码的字符"
        ) from None


def name(value: object, what: str) -> str:
    """A text of at most ``NAME_LENGTH`` characters."""
    short = text(value, what)
    if len(short) > NAME_LENGTH:
        raise StrategyError(f"{what}: {len(short)} characters; at most {NAME_LENGTH} / 文本过长")
    return short


def line(value: object) -> str:
    """A line of the log; what is too long is cut, and says so."""
    whole = text(value, "log")
    if len(whole) <= LOG_LENGTH:
        return whole
    return f"{whole[:LOG_LENGTH]} … ({len(whole)} characters)"


def lots(value: object, least: int) -> int:
    """A number of lots. ``StrategyError``: not an int (a bool is none) from ``least`` up."""
    if type(value) is not int or not least <= value <= MAX_LOTS:
        raise StrategyError(
            f"{_shown(value)} lots; need an int from {least} up to {MAX_LOTS} / 手数有误"
        )
    return value


def price(value: object) -> float | None:
    """A limit price; ``None``: at the market. ``StrategyError``: not a finite number."""
    if value is None:
        return None
    found = _number(value)
    if found is None or abs(found) > MAX_PRICE:
        raise StrategyError(f"price {_shown(value)}: need a finite number or None / 价格有误")
    return found


def nanoseconds(value: object, timer: str) -> int:
    """Seconds of a timer as nanoseconds, at least a millisecond: a shorter period would keep a
    simulated clock from ever reaching the next tick."""
    found = _number(value)
    if found is None or not MIN_SECONDS <= found <= MAX_SECONDS:
        raise StrategyError(
            f"timer {timer}: {_shown(value)} seconds; need 0.001 or more, at most 366 days"
            " / 定时须不小于 0.001 秒,不超过 366 天"
        )
    return round(found * SECOND)


def kind(value: object) -> OrderKind | None:
    if value is not None and type(value) is not OrderKind:
        raise StrategyError(f"kind {_shown(value)}: need an OrderKind or None / 委托类型有误")
    return value


def tif(value: object) -> TimeInForce | None:
    """How long an order works."""
    if value is not None and type(value) is not TimeInForce:
        raise StrategyError(f"tif {_shown(value)}: need a TimeInForce or None / 有效期有误")
    return value


def terms(value: object) -> Terms | None:
    """How an order is worked. ``StrategyError``: not a ``Terms``, or one with wrong values."""
    if value is None:
        return None
    if type(value) is not Terms:
        raise StrategyError(f"terms {_shown(value)}: need Terms(...) or None / 委托条款有误")
    whole = (
        ("timeout_ms", value.timeout_ms, 0, MAX_MS),
        ("max_tries", value.max_tries, 0, MAX_TRIES),
        ("good_till", value.good_till, 0, MAX_TIME),
        ("ticks", 0 if value.ticks is None else value.ticks, 0, MAX_TICKS),
    )
    for field, number, least, most in whole:
        if type(number) is not int or not least <= number <= most:
            raise StrategyError(
                f"{field} {_shown(number)}: need an int from {least} to {most} / 委托条款有误"
            )
    given: tuple[object, ...] = (value.to_limit, value.reduce_only, value.on_timeout)
    if [type(one) for one in given] != [bool, bool, OnTimeout]:
        raise StrategyError("to_limit, reduce_only: True or False; on_timeout: an OnTimeout")
    return value


def periods(values: tuple[object, ...]) -> tuple[str, ...]:
    """Periods of bars. ``StrategyError``: no such period."""
    found = tuple(name(value, "period") for value in values)
    for period in found:
        try:
            period_minutes(period)
        except ValueError as error:
            raise StrategyError(f"{error} / 周期有误") from None
    return found


def _number(value: object) -> float | None:
    """``value`` as a float; ``None``: no number, or none that is finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _kind(value: object) -> str:
    return type(value).__name__


def _shown(value: object) -> str:
    """A wrong value in a message: itself where that is sure to be short and plain."""
    if type(value) in (bool, float, str) or (type(value) is int and abs(value) < 10**15):
        return repr(value)[:NAME_LENGTH]
    return _kind(value)
