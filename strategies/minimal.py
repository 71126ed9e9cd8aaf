"""The smallest strategy worth the name: buy a breakout, leave on a breakdown.
最小可用的策略:向上突破买入,向下跌破离场。

Copy this file, change it, save it: the running daemon takes the edit over at once.
复制、修改、保存本文件:运行中的系统立即采用新代码。
"""

from homalos.model.market import Tick
from homalos.strategy import Strategy, indicators, param


class Minimal(Strategy):
    window: int = param(40, ge=2, le=10_000, unit="ticks", en="look-back", zh="回看的行情笔数")
    lots: int = param(1, ge=1, le=100, unit="lots", en="position when long", zh="持多手数")

    def on_start(self) -> None:
        self.high = indicators.Highest(self.window)
        self.low = indicators.Lowest(self.window)

    def on_tick(self, tick: Tick) -> None:
        price, high, low = tick.last_price, self.high.value, self.low.value
        if price is None:  # no trade yet today / 今日尚无成交
            return
        self.high.update(price)
        self.low.update(price)
        if high is None or low is None or not self.is_open(tick.instrument):
            return
        if price > high:
            self.target(tick.instrument, self.lots)
        elif price < low:
            self.close(tick.instrument)
