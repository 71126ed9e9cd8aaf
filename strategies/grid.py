"""A grid: buy every step down, sell every step up, hold no more than the grid is deep.
网格:每跌一格买入,每涨一格卖出,持仓不超过网格深度。

The price axis has levels ``centre - j * step``. At level ``j`` the strategy holds ``j`` times
``lots`` (short above the centre), so the position alone says which orders must stand: buys on the
levels below, sells on the levels above. That survives partial fills, kills, restarts.
价格轴上第 ``j`` 格的价位为 ``centre - j * step``,此处应持有 ``j`` 份 ``lots``(中心之上为空头)。
因此只看持仓即可知应挂哪些单:下方挂买,上方挂卖。部分成交、撤单、重启都不影响。
"""

from collections.abc import Mapping
from typing import Any

from homalos.model.enums import Side
from homalos.model.events import TradingDayChanged
from homalos.model.market import Bar, Tick
from homalos.model.trading import Trade
from homalos.strategy import Strategy, param


class Grid(Strategy):
    step_ticks: int = param(4, ge=1, le=10_000, unit="price ticks", en="step", zh="每格价位数")
    levels: int = param(3, ge=1, le=20, unit="levels", en="levels on each side", zh="单边格数")
    lots: int = param(1, ge=1, le=100, unit="lots", en="lots on a level", zh="每格手数")

    state_fields = ("centre",)
    centre: float = 0.0  # 0: not chosen yet / 0 表示未定

    def on_start(self) -> None:
        self.subscribe(self.instrument, "1m")

    def on_tick(self, tick: Tick) -> None:
        if not self.centre and tick.last_price is not None and self.is_open(tick.instrument):
            self.centre = tick.last_price
            self.arrange()

    def on_trade(self, trade: Trade) -> None:
        self.arrange()

    def on_bar(self, bar: Bar) -> None:
        # Once a minute: what was refused, killed, or expired with the day stands again.
        # 每分钟一次:补上被拒、被撤或随交易日失效的挂单。
        self.arrange()

    def on_parameters(self, changed: dict[str, Any]) -> None:
        self.arrange()

    def on_trading_day(self, event: TradingDayChanged) -> None:
        if not self.position(self.instrument):
            self.centre = 0.0  # flat: begin around the new day's price / 空仓:以新价位为中心

    def wanted(self) -> Mapping[tuple[Side, float], int]:
        """The orders that must stand now: lots by side and price / 应挂的委托."""
        position, lots = self.position(self.instrument), self.lots
        tick_size = self.contract(self.instrument).tick_size
        orders: dict[tuple[Side, float], int] = {}
        for level in range(-self.levels, self.levels + 1):
            price = round(self.centre - level * self.step_ticks * tick_size, 8)
            missing = level * lots - position
            if missing > 0:
                orders[Side.BUY, price] = min(missing, lots)
            elif missing < 0:
                orders[Side.SELL, price] = min(-missing, lots)
        return orders

    def arrange(self) -> None:
        """Cancel what should not stand, place what is missing / 撤掉多余的,补上缺少的."""
        if not self.centre or not self.is_open(self.instrument):
            return
        missing = dict(self.wanted())
        for order in self.orders(self.instrument):
            key = (order.side, order.price or 0.0)
            if missing.get(key) == order.unsettled_lots and not order.cancelled:
                del missing[key]
            else:
                self.cancel(order.id)
                missing.pop(key, None)  # its place is free once it is gone / 待其撤净
        for (side, price), lots in missing.items():
            place = self.buy if side is Side.BUY else self.sell
            place(self.instrument, lots, price)
