"""``OnRtnInstrumentStatus``: each product's phases, as each exchange tells them (FACTS A15)."""

from typing import Any

from homalos.ctp.wire import Flow
from homalos.exchange.contract import Floor
from homalos.exchange.door import dates
from homalos.exchange.door.flows import Follower, NumberedFlow
from homalos.exchange.door.speech import Speech
from homalos.market.sessions import Segment, Sessions
from homalos.model.enums import Phase

NAME = "OnRtnInstrumentStatus"
BEFORE, NO_TRADING, CONTINUOUS, ORDERING, MATCH, CLOSED = "0", "1", "2", "3", "5", "6"
_USUAL = {
    Phase.AUCTION: ORDERING,
    Phase.AUCTION_MATCH: MATCH,
    Phase.CONTINUOUS: CONTINUOUS,
    Phase.BREAK: NO_TRADING,
    Phase.CLOSED: NO_TRADING,
}
STATUS = {"CZCE": _USUAL | dict.fromkeys((Phase.AUCTION_MATCH, Phase.BREAK, Phase.CLOSED), BEFORE)}
"""By exchange, else as SHFE; a floor that closes for the day is ``CLOSED`` everywhere."""


class StatusFlow:
    """The public flow of a trading day."""

    def __init__(self, speech: Speech, sessions: Sessions) -> None:
        self.flow = NumberedFlow(Flow.PUBLIC, 0)
        self.followers: dict[int, Follower] = {}
        self._speech = speech
        self._sessions = sessions
        self._segments: dict[tuple[str, str], int] = {}

    def begin(self, base: int) -> None:
        """A new flow, empty."""
        self.flow = NumberedFlow(Flow.PUBLIC, base)
        self._segments.clear()
        for follower in self.followers.values():
            follower.begin(self.flow)

    def rebuild(self, base: int, floors: tuple[Floor, ...], trading_day: int, now: int) -> None:
        """The day so far, from the calendar."""
        self.begin(base)
        past: list[tuple[Segment, Floor]] = []
        for floor in floors:
            segments = self._sessions.segments(floor.exchange, floor.product, trading_day)
            past += [(segment, floor) for segment in segments if segment.start <= now]
            if segments and segments[-1].end <= now:
                end = Segment(Phase.CLOSED, segments[-1].end, now, 0)
                past.append((end, floor))
            if not segments or segments[0].start > now:
                past.append((Segment(Phase.CLOSED, now, now, -1), floor))
        for segment, floor in sorted(past, key=lambda pair: pair[0].start):
            self._add(floor.exchange, floor.product, segment.phase, segment.start, _kind(segment))

    def changed(
        self, exchange: str, product: str, phase: Phase, *, day_over: bool, ts: int
    ) -> None:
        """A floor has entered a phase."""
        self._add(exchange, product, phase, ts, CLOSED if day_over else "")

    def _add(self, exchange: str, product: str, phase: Phase, ts: int, status: str) -> None:
        key = exchange, product
        self._segments[key] = number = self._segments.get(key, 0) + 1
        row: dict[str, Any] = {
            "ExchangeID": exchange,
            "SettlementGroupID": "00000001",
            "InstrumentStatus": status or STATUS.get(exchange, _USUAL)[phase],
            "TradingSegmentSN": number,
            "EnterTime": dates.hms(ts),
            "EnterReason": "1",
            "ExchangeInstID": product,
            "InstrumentID": product,
        }
        self.flow.add(self._speech.frame(NAME, row), NAME)
        for follower in tuple(self.followers.values()):
            follower.go()


def _kind(segment: Segment) -> str:
    """Status of what is no segment of the day: after its end, before its beginning."""
    return {0: CLOSED, -1: BEFORE}.get(segment.trading_day, "")
