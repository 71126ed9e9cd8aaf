"""How often orders and cancels may leave: part of risk.yaml. 0 is no limit.

Cancels are counted and never held; too many of them hold the next order.
"""

from typing import Annotated

import msgspec

from homalos.config.key import Section, key

_EN = {"s": "in any one second", "min": "in any sixty seconds", "day": "of a trading day"}
_ZH = {"s": "任意一秒内", "min": "任意六十秒内", "day": "每交易日"}
_UNITS = {"s": "1/s", "min": "1/min", "day": "orders"}


def _orders(window: str, of: str = "", zh: str = "账户") -> msgspec.Meta:
    en = f"Most orders{of} {_EN[window]}; 0: no limit."
    return _key(window, en, f"{zh}{_ZH[window]}最多报单笔数，0 为不限。")


def _cancels(window: str, of: str = "", zh: str = "账户") -> msgspec.Meta:
    en = f"Cancels{of} {_EN[window]} after which no new order leaves; 0: no limit."
    return _key(window, en, f"{zh}{_ZH[window]}撤单达到此数后不再报新单，0 为不限。")


def _key(window: str, en: str, zh: str) -> msgspec.Meta:
    return key(en, zh, unit=_UNITS[window], ge=0, le=100_000_000, applies="at once")


def _breaker(en: str, zh: str, unit: str) -> msgspec.Meta:
    zh = f"{zh}，0 为关闭。"
    return key(f"{en}; 0: off.", zh, unit=unit, ge=0, le=100_000, applies="at once")


def _loss(en: str, zh: str) -> msgspec.Meta:
    zh = f"{zh}，0 为关闭。"
    return key(f"{en}; 0: off.", zh, unit="yuan", ge=0, le=10**12, applies="at once")


_EACH = " of each strategy", "每个策略"
_ITS = " of this strategy", "该策略"


class StrategyLimits(Section):
    """Limits of one strategy in place of those that hold for each."""

    id: Annotated[
        str,
        key(
            "Name of the strategy.",
            "策略名称。",
            pattern=r"^[A-Za-z0-9_\-]{1,40}$",
            applies="at once",
        ),
    ]
    max_orders_per_s: Annotated[int, _orders("s", *_ITS)] | None = None
    max_orders_per_min: Annotated[int, _orders("min", *_ITS)] | None = None
    max_orders_per_day: Annotated[int, _orders("day", *_ITS)] | None = None
    max_cancels_per_s: Annotated[int, _cancels("s", *_ITS)] | None = None
    max_cancels_per_min: Annotated[int, _cancels("min", *_ITS)] | None = None
    max_cancels_per_day: Annotated[int, _cancels("day", *_ITS)] | None = None
    max_consecutive_rejects: Annotated[
        int, _breaker("Rejects in a row of this strategy", "该策略连续被拒笔数", "orders")
    ] | None = None
    max_consecutive_losses: Annotated[
        int, _breaker("Losing closes in a row of this strategy", "该策略连续亏损平仓次数", "closes")
    ] | None = None
    cool_down_minutes: Annotated[
        int, _breaker("Cool-down of this strategy's breaker", "该策略熔断时长", "min")
    ] | None = None
    max_day_loss: Annotated[
        float, _loss("Loss of this strategy in the trading day", "该策略当日亏损上限")
    ] | None = None
    max_drawdown: Annotated[
        float, _loss("Fall of this strategy from the most that it had made", "该策略最大回撤")
    ] | None = None


class RateKeys(Section):
    """Rates of the account and of each strategy."""

    max_orders_per_s: Annotated[int, _orders("s")] = 20
    max_orders_per_min: Annotated[int, _orders("min")] = 300
    max_orders_per_day: Annotated[int, _orders("day")] = 10_000
    max_cancels_per_s: Annotated[int, _cancels("s")] = 20
    max_cancels_per_min: Annotated[int, _cancels("min")] = 300
    max_cancels_per_day: Annotated[int, _cancels("day")] = 5_000
    max_strategy_orders_per_s: Annotated[int, _orders("s", *_EACH)] = 10
    max_strategy_orders_per_min: Annotated[int, _orders("min", *_EACH)] = 200
    max_strategy_orders_per_day: Annotated[int, _orders("day", *_EACH)] = 5_000
    max_strategy_cancels_per_s: Annotated[int, _cancels("s", *_EACH)] = 10
    max_strategy_cancels_per_min: Annotated[int, _cancels("min", *_EACH)] = 200
    max_strategy_cancels_per_day: Annotated[int, _cancels("day", *_EACH)] = 2_500
    strategies: Annotated[
        tuple[StrategyLimits, ...],
        key(
            "Limits of single strategies in place of those of each.",
            "个别策略的限额，代替每个策略的限额。",
            applies="at once",
        ),
    ] = ()


NO_RATES = {name: 0 for name in RateKeys.__struct_fields__ if name.startswith("max_")}
"""Values that switch every rate off, for measurements."""
