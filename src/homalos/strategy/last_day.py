"""Strategies whose contract has no future: it may not be opened any more, or has expired.

A running strategy keeps its contract, and its trader is told. The next start looks for another.
"""

from collections.abc import Mapping

from homalos.market.delivery import is_over
from homalos.model.enums import Severity, StrategyState
from homalos.model.events import AlertRaised
from homalos.model.ids import InstrumentId, StrategyId
from homalos.strategy.context import Services
from homalos.strategy.slot import Slot
from homalos.trading.delivery.near import Near


class LastDays:
    """``near``: of contracts that near their delivery, what holds for orders today."""

    def __init__(self, core: Services, near: Mapping[InstrumentId, Near]) -> None:
        self._core = core
        self._near = near
        self._told: set[tuple[StrategyId, InstrumentId]] = set()

    def closed(self, instrument: InstrumentId) -> bool:
        """Whether nothing is opened in it any more."""
        router, near = self._core.router, self._near.get(instrument)
        known = router.listed.get(instrument)
        over = known is not None and is_over(known, router.trading_day)
        return over or (near is not None and near.last_open > 0)

    def look(self, slot: Slot) -> None:
        """Tell of a running strategy's contracts, of each once."""
        if slot.state is not StrategyState.RUNNING:
            return
        for instrument in slot.instruments:
            key = slot.id, instrument
            if key not in self._told and self.closed(instrument):
                self._told.add(key)
                text = self._text(slot, instrument)
                now = self._core.bus.clock.now()
                self._core.bus.publish(AlertRaised(Severity.WARNING, slot.actor, text, now))

    def _text(self, slot: Slot, instrument: InstrumentId) -> str:
        near, known = self._near.get(instrument), self._core.router.listed.get(instrument)
        day = near.last_open if near is not None else 0
        since, seit = "no longer listed", "已不再上市"
        if day:
            since, seit = f"not to be opened after {day}", f"{day} 之后不得开仓"
        product = "" if known is None else f"{known.exchange}.{known.product}"
        following = self._core.router.resolve(product) if product else None
        cure, kur = "name another in strategies.yaml", "请在 strategies.yaml 中改写合约"
        if product in slot.entry.instruments:
            cure = f"stop and start it when it is flat: it takes {following or 'the next one'}"
            kur = f"空仓后停止并重新启动，将改用 {following or '下一合约'}"
        return (
            f"{slot.id} goes on with {instrument}, which is {since}; {cure} / "
            f"{slot.id} 仍在 {instrument} 上运行，该合约{seit}；{kur}"
        )
