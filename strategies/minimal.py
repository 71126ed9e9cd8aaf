"""The smallest strategy worth the name: buy a breakout, leave on a breakdown.
最小可用的策略:向上突破买入,向下跌破离场。

Copy this file, change it, save it: the running daemon takes the edit over at once.
复制、修改、保存本文件:运行中的系统立即采用新代码。
"""

from homalos.model.market import Tick
from homalos.strategy import Strategy, indicators, param


class Minimal(Strategy):
    entry: int = param(20, ge=2, le=10_000, unit="ticks", en="high to break", zh="入场回看笔数")
    exit: int = param(120, ge=2, le=10_000, unit="ticks", en="low to break", zh="离场回看笔数")
    lots: int = param(1, ge=1, le=100, unit="lots", en="position when long", zh="持多手数")

    def on_start(self) -> None:
        self.high = indicators.Highest(self.entry)
        self.low = indicators.Lowest(self.exit)

    def on_tick(self, tick: Tick) -> None:
        price, high, low = tick.last_price, self.high.value, self.low.value
        if price is None:  # no trade yet today / 今日尚无成交
            return
        self.high.update(price)
        self.low.update(price)
        if not self.is_open(tick.instrument):
            return
        if high is not None and price > high:
            self.target(tick.instrument, self.lots)
        elif low is not None and price < low:
            self.close(tick.instrument)
