"""The other accounts of the group: what they counted, and what only the sum shows.

Sums of self-trades, cancels, large cancels and messages are exact, as old as the others' files.
Bursts: each account's own, and those seconds of the clock that only together are full; two accounts
that each fill the same second count twice. A trade between two accounts of the group is known by
the exchange's trade id on both sides; not known are accounts that share no counts, and a venue
that numbers the two sides of a trade differently.
"""

from collections import Counter
from collections.abc import Iterable

from homalos.model.ids import InstrumentId
from homalos.model.programme import ContractShare, ExchangeShare, GroupCounted
from homalos.trading.programme.counts import BOTH, Counts


class Member:
    """One other account."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.told = 0
        """When, in event time."""
        self.contracts: dict[InstrumentId, ContractShare] = {}
        self.exchanges: dict[str, ExchangeShare] = {}
        self.seconds: dict[str, dict[int, int]] = {}
        self.trades: dict[InstrumentId, dict[str, int]] = {}

    def take(self, event: GroupCounted) -> None:
        self.told = event.ts_init
        self.contracts = {row.instrument: row for row in event.contracts}
        self.exchanges = {row.exchange: row for row in event.exchanges}
        for second in event.seconds:
            self.seconds.setdefault(second.exchange, {})[second.second] = second.messages
        for trade in event.trades:
            self.trades.setdefault(trade.instrument, {})[trade.trade_id] = trade.sides

    def state(self) -> tuple[object, ...]:
        return (
            self.account,
            tuple(row for _, row in sorted(self.contracts.items())),
            tuple(row for _, row in sorted(self.exchanges.items())),
        )


class Group:
    """The others of one account. Only the keeper changes it."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}

    def take(self, event: GroupCounted) -> None:
        member = self.members.get(event.account)
        if member is None:
            member = self.members[event.account] = Member(event.account)
        member.take(event)

    def instruments(self) -> set[InstrumentId]:
        return {id_ for member in self.members.values() for id_ in member.contracts}

    def share(self, counts: Counts) -> None:
        """Put the others' sums beside our own counts."""
        members = self.members.values()
        for id_, count in counts.contracts.items():
            rows = [row for m in members if (row := m.contracts.get(id_)) is not None]
            between = self._between(id_, count.sides)
            count.self_trades.share(sum(row.self_trades for row in rows) + between)
            count.cancels.share(sum(row.cancels for row in rows))
            count.large_cancels.share(sum(row.large_cancels for row in rows))
            count.messages.share(sum(row.messages for row in rows))
        for name, exchange in counts.exchanges.items():
            told = [share for m in members if (share := m.exchanges.get(name)) is not None]
            together = self._together(name, exchange.actions.seconds, exchange.actions.size)
            exchange.messages.share(sum(share.messages for share in told))
            exchange.bursts.share(sum(share.bursts for share in told) + together)

    def _between(self, id_: InstrumentId, ours: dict[str, int]) -> int:
        """Trades in one contract of which one account bought and another sold."""
        sides = [ours, *(m.trades.get(id_, {}) for m in self.members.values())]
        one_sided: dict[str, list[int]] = {}
        for trades in sides:
            for trade_id, side in trades.items():
                if side != BOTH:
                    one_sided.setdefault(trade_id, []).append(side)
        return sum(len(set(found)) > 1 for found in one_sided.values())

    def _together(self, name: str, ours: dict[int, int], size: int) -> int:
        """Seconds that no account fills alone, but all of them together."""
        every = [ours, *(m.seconds.get(name, {}) for m in self.members.values())]
        total: Counter[int] = Counter()
        for seconds in every[1:]:
            total.update(seconds)
        return sum(
            messages + ours.get(second, 0) >= size and _most(every, second) < size
            for second, messages in total.items()
        )

    def clear(self) -> None:
        self.members.clear()

    def state(self) -> tuple[object, ...]:
        return tuple(member.state() for _, member in sorted(self.members.items()))


def _most(every: Iterable[dict[int, int]], second: int) -> int:
    return max(seconds.get(second, 0) for seconds in every)
