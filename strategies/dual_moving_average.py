"""Two moving averages: long while the fast one is above the slow one, else short (or flat).
双均线:快线在慢线之上做多,否则做空(或空仓)。

Decides once a bar, on its close. ``target`` moves the strategy's own position there; what already
works counts, and what was killed or refused is tried again at the next bar.
每根K线收盘时决策一次。``target`` 把本策略自己的持仓调到目标手数:在途委托计算在内,
被撤销或拒绝的,下一根K线再试。
"""

from collections.abc import Mapping
from typing import Any

from homalos.model.market import Bar
from homalos.strategy import Strategy, indicators, param


class DualMovingAverage(Strategy):
    fast: int = param(5, ge=1, le=500, unit="bars", en="fast average", zh="快线周期")
    slow: int = param(20, ge=2, le=1000, unit="bars", en="slow average", zh="慢线周期")
    period: str = param(
        "1m", choices=("1m", "3m", "5m", "15m", "30m", "1h"), en="bar", zh="K线周期"
    )
    lots: int = param(1, ge=1, le=100, unit="lots", en="size of the position", zh="持仓手数")
    short: bool = param(True, en="go short below, else stay flat", zh="下穿做空,否则空仓")

    @classmethod
    def check_parameters(cls, values: Mapping[str, Any]) -> None:
        if values["fast"] >= values["slow"]:
            raise ValueError("fast must be shorter than slow / 快线周期必须小于慢线周期")

    def on_start(self) -> None:
        self.subscribe(self.instrument, self.period)
        self.warm_up()

    def on_parameters(self, changed: dict[str, Any]) -> None:
        if "period" in changed:  # its old value / 旧值
            self.unsubscribe(self.instrument, changed["period"])
            self.subscribe(self.instrument, self.period)
        self.warm_up()

    def warm_up(self) -> None:
        """Averages from the bars that the daemon has already / 用已有K线预热均线."""
        self.fast_average = indicators.Sma(self.fast)
        self.slow_average = indicators.Sma(self.slow)
        for bar in self.history(self.instrument, self.period, self.slow):
            self.fast_average.update(bar.close)
            self.slow_average.update(bar.close)

    def on_bar(self, bar: Bar) -> None:
        fast = self.fast_average.update(bar.close)
        slow = self.slow_average.update(bar.close)
        # The bar that ends at a break closes in the break: wait for the next one.
        # 休市前最后一根K线在休市中收盘:等下一根。
        if fast is None or slow is None or fast == slow or not self.is_open(bar.instrument):
            return
        below = -self.lots if self.short else 0
        self.target(bar.instrument, self.lots if fast > slow else below)
