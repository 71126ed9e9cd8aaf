"""The simulated CTP front in a process of its own, whose market the test shows tick by tick.

The exchange and the front are those of ``homalos exchange``; only the source is the test. Commands
are lines of JSON on the standard input, each answered with one line.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.unit.exchange.bench import DAY, RB, Bench

from homalos.config.sections.front import FrontSection
from homalos.exchange.door.accounts import Accounts, Login
from homalos.exchange.door.server import Front
from homalos.exchange.ledger import Ledger
from homalos.model.ids import AccountId
from homalos.model.market import Tick
from homalos.model.times import MILLISECOND

CASH = 10_000_000.0
USERS = 60


class Floor:
    def __init__(self, folder: Path) -> None:
        self.bench = Bench(ledger=Ledger(folder))
        logins = tuple(Login(user=f"u{n}", password="sim", cash=CASH) for n in range(USERS))
        self.front = Front(
            self.bench.exchange, Accounts(logins), FrontSection(queries_per_s=0),
            self.bench.clock, self.bench.timers,
        )  # fmt: skip

    def market(self, bid: float, ask: float) -> None:
        self.bench.go(self.bench.clock.now() + 500 * MILLISECOND)
        now = self.bench.clock.now()
        self.front.feed(Tick(RB.id, now, now, DAY, bid, 100, None, None, bid, 10, ask, 10))

    def orders(self) -> list[str]:
        """Of all users, over the wire."""
        exchange = self.bench.exchange
        users = [AccountId(f"u{n}") for n in range(USERS)]
        return [order.id for user in users for order in exchange.orders(user)]

    def cut(self, user: str) -> int:
        lines = [s for s in self.front.sessions() if s.user == user and s.side == "td"]
        return self.front.cut(lines)

    def do(self, command: str, arguments: list[Any]) -> Any:
        return getattr(self, command)(*arguments)


async def serve(folder: Path) -> None:
    floor = Floor(folder)
    md, td = await floor.front.start(0, 0)
    print(json.dumps({"md": md, "td": td}), flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command, *arguments = json.loads(line)
        print(json.dumps(floor.do(command, arguments)), flush=True)
    await floor.front.stop()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
