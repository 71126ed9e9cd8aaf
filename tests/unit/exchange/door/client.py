"""A small CTP client in Python: speaks the drop-in libraries' wire to a front, and a rig for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from tests.unit.exchange.bench import ALL, DAY, Bench, at

from homalos.config.sections.exchange import ExchangeSection
from homalos.config.sections.front import FrontSection
from homalos.ctp.abi import VERSION, Abi, load
from homalos.ctp.wire import (
    FLOWS_CLEARED,
    HELLO,
    INSTRUMENT,
    WELCOME,
    Control,
    Flag,
    Frame,
    Splitter,
    pack,
)
from homalos.exchange.door.accounts import Accounts, Login
from homalos.exchange.door.ports import Faults
from homalos.exchange.door.server import Front
from homalos.exchange.ledger import Ledger
from homalos.kernel.loop import loop_factory
from homalos.model.ids import AccountId
from homalos.model.market import Instrument

ME, OTHER = AccountId("sim"), AccountId("other")
BROKER = "9999"
PASSWORD = "sim"
APP, CODE = "simnow_client_test", "0000000000000000"
LIMIT: dict[str, Any] = {
    "BrokerID": BROKER, "InvestorID": ME, "UserID": ME, "ExchangeID": "SHFE",
    "InstrumentID": "rb2601", "OrderPriceType": "2", "Direction": "0", "CombOffsetFlag": "0",
    "CombHedgeFlag": "1", "LimitPrice": 99.0, "VolumeTotalOriginal": 1, "TimeCondition": "3",
    "VolumeCondition": "1", "MinVolume": 1, "ContingentCondition": "1", "ForceCloseReason": "0",
}  # fmt: skip
SUBSCRIBES = ("SubscribeMarketData", "UnSubscribeMarketData")
SHORT = {"OnRtnOrder": "O", "OnRtnTrade": "T"}


class Heard(NamedTuple):
    """One callback."""

    name: str
    data: dict[str, Any] | None
    error: int
    message: str
    request: int
    last: bool
    flow: int
    sequence: int
    raw: bytes


class Client:
    """One library's line. Everything heard is kept in ``heard``, in order."""

    def __init__(self, side: str) -> None:
        abi: Abi = load()
        self.side = side
        api, self._spi = (abi.td_api, abi.td_spi) if side == "td" else (abi.md_api, abi.md_spi)
        self._numbers = {method.name: number for number, method in enumerate(api)}
        self._structs = {method.name: method.structs for method in (*api, *self._spi)}
        self._abi = abi
        self.heard: list[Heard] = []
        self.controls: list[tuple[int, bytes]] = []
        self.welcome: tuple[int, str, int, int, int] | None = None
        self.lost = asyncio.Event()
        self._news = asyncio.Event()
        self._request = 0
        self._refs = 0
        self.front = self.session = 0

    async def connect(
        self, port: int, private: int = 0, public: int = 0, day: str = "", last: int = 0,
        public_last: int = 0, version: str = VERSION, side: str = "",
    ) -> "Client":  # fmt: skip
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        hello = HELLO.pack(
            version.encode(), (side or self.side).encode(), private, public, day.encode(), last,
            public_last,
        )  # fmt: skip
        self._writer.write(pack(Control.HELLO, body=hello))
        self._task = asyncio.create_task(self._read())
        await self.until(lambda: self.welcome is not None)
        return self

    async def _read(self) -> None:
        splitter = Splitter()
        while True:
            try:
                data = await self._reader.read(1 << 16)
            except OSError:
                data = b""
            if not data:
                self.lost.set()
                self._news.set()
                return
            for frame in splitter.feed(data):
                self._came(frame)
            self._news.set()

    def _came(self, frame: Frame) -> None:
        if frame.method >= Control.HELLO:
            self.controls.append((frame.method, frame.body))
            if frame.method == Control.WELCOME:
                refusal, day, *rest = WELCOME.unpack(frame.body)
                self.welcome = (refusal, day.strip(b"\0").decode(), *rest)
            return
        name, body = self._spi[frame.method].name, frame.body
        structs = self._structs[name]
        data: dict[str, Any] | None = None
        raw = b""
        if frame.flags & Flag.BODY:
            layout = self._abi.layout(structs[0])
            raw, body = body[: layout.size], body[layout.size :]
            data = layout.decode(raw)
        info: dict[str, Any] = {"ErrorID": 0, "ErrorMsg": ""}
        if frame.flags & Flag.ERROR:
            info = self._abi.layout("RspInfo").decode(body)
            body = body[self._abi.layout("RspInfo").size :]
        assert not body, f"{name}: {len(body)} bytes too many"
        self.heard.append(
            Heard(
                name, data, info["ErrorID"], info["ErrorMsg"], frame.request,
                bool(frame.flags & Flag.LAST), frame.flow, frame.sequence, raw,
            )
        )  # fmt: skip

    async def until(self, done: Callable[[], bool], seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds):
            while not done():
                self._news.clear()
                await self._news.wait()

    # ------------------------------------------------------------ requests

    def send(self, name: str, **fields: Any) -> int:
        """Send a request; its id."""
        self._request += 1
        if name in SUBSCRIBES:
            body = b"".join(INSTRUMENT.pack(id_.encode()) for id_ in fields["ids"])
        else:
            body = self._abi.layout(self._structs[name][0]).encode(fields)
        self._writer.write(pack(self._numbers[name], Flag.BODY, self._request, body))
        return self._request

    async def ask(self, name: str, **fields: Any) -> list[Heard]:
        """Send a request and wait for the end of its answer."""
        request = self.send(name, **fields)
        found: list[Heard] = []

        def ended() -> bool:
            found[:] = [h for h in self.heard if h.request == request]
            return bool(found) and found[-1].last

        await self.until(ended)
        self.heard = [h for h in self.heard if h.request != request]
        return found

    async def one(self, name: str, **fields: Any) -> Heard:
        return (await self.ask(name, **fields))[-1]

    async def login(self, user: str = ME, password: str = PASSWORD, confirm: bool = True) -> Heard:
        """Authenticate, log in, confirm; the login's answer."""
        if self.side == "td":
            await self.ask(
                "ReqAuthenticate", BrokerID=BROKER, UserID=user, AppID=APP, AuthCode=CODE
            )
        answer = await self.one("ReqUserLogin", BrokerID=BROKER, UserID=user, Password=password)
        if answer.data is not None:
            self.front, self.session = answer.data["FrontID"], answer.data["SessionID"]
        if self.side == "td" and confirm and not answer.error:
            await self.ask("ReqSettlementInfoConfirm", BrokerID=BROKER, InvestorID=user)
        return answer

    def order(self, **fields: Any) -> str:
        """Send an order, a limit of one lot unless told otherwise; its OrderRef."""
        self._refs += 1
        values = LIMIT | {"OrderRef": str(self._refs)} | fields
        self.send("ReqOrderInsert", **values)
        return str(values["OrderRef"])

    def cancel(self, ref: str = "", **fields: Any) -> None:
        key = {"FrontID": self.front, "SessionID": self.session, "OrderRef": ref} if ref else {}
        values = {
            "BrokerID": BROKER, "InvestorID": ME, "UserID": ME, "ExchangeID": "SHFE",
            "InstrumentID": "rb2601", "ActionFlag": "0",
        }  # fmt: skip
        self.send("ReqOrderAction", **(values | key | fields))

    async def words(self) -> list[Heard]:
        """What was heard of orders since the last call, all that is under way included."""
        await self.sync()
        words, self.heard = self.heard, []
        return [word for word in words if word.name != "OnRtnInstrumentStatus"]

    async def told(self) -> list[str]:
        """The same, short: ``O(3)``, ``O(5) 2``, ``T 2@99``, ``OnRspOrderAction 26``."""
        return [short(word) for word in await self.words()]

    async def sync(self) -> None:
        """All that the front has said so far is here: answers and flows come in one line."""
        if self.side == "td":
            await self.ask("ReqQryInvestor", BrokerID=BROKER)
        else:
            await self.ask("ReqQryMulticastInstrument", TopicID=1)

    async def close(self) -> None:
        self._writer.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def cleared(self) -> list[str]:
        """Trading days of the FLOWS_CLEARED that were heard."""
        return [
            FLOWS_CLEARED.unpack(body)[0].strip(b"\0").decode()
            for method, body in self.controls
            if method == Control.FLOWS_CLEARED
        ]


def short(word: Heard) -> str:
    data = word.data or {}
    if word.name == "OnRtnOrder":
        named = "#" if data["OrderSysID"] else ""
        traded = f" {data['VolumeTraded']}" if data["VolumeTraded"] else ""
        return f"O({data['OrderStatus']}{named}){traded}"
    if word.name == "OnRtnTrade":
        return f"T {data['Volume']}@{data['Price']:g}"
    return f"{word.name} {word.error}" if word.error else word.name


def on_a_loop(scene: Coroutine[Any, Any, None]) -> None:
    """Run it on the loop that the front has in production."""
    with asyncio.Runner(loop_factory=loop_factory()[1]) as runner:
        runner.run(scene)


def accounts(*logins: Login) -> Accounts:
    usual = (Login(user=ME, password=PASSWORD), Login(user=OTHER, password=PASSWORD))
    return Accounts(logins or usual)


class Rig:
    """A front on free ports before an exchange on a clock of its own."""

    def __init__(self, bench: Bench, front: Front, ports: tuple[int, int]) -> None:
        self.bench = bench
        self.front = front
        self.md_port, self.td_port = ports
        self._clients: list[Client] = []

    async def td(self, user: str = ME, *, login: bool = True, **hello: Any) -> Client:
        client = await Client("td").connect(self.td_port, **hello)
        self._clients.append(client)
        if login:
            assert not (await client.login(user)).error
        return client

    async def md(self, *ids: str, login: bool = True) -> Client:
        client = await Client("md").connect(self.md_port)
        self._clients.append(client)
        if login:
            await client.login()
        if ids:
            await client.ask("SubscribeMarketData", ids=ids)
        return client

    def tick(self, item: Instrument, *args: Any, **more: Any) -> None:
        """A snapshot to the exchange and to the subscribers."""
        self.bench.tick(item, *args, **more)
        contract = self.bench.exchange.contract(item.id)
        assert contract is not None
        assert contract.tick is not None
        self.front._md.publish(contract.tick)

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        await self.front.stop()


@asynccontextmanager
async def rig(
    *, start: int | None = None, ledger: Ledger | None = None, faults: Faults | None = None,
    book: Accounts | None = None, section: ExchangeSection | None = None,
    instruments: tuple[Instrument, ...] = ALL, cash: float = 10_000_000.0, **keys: Any,
) -> AsyncIterator[Rig]:  # fmt: skip
    """Keys are those of ``front``; queries are unlimited unless told otherwise."""
    bench = Bench(
        section, start=at(10, day=DAY) if start is None else start, ledger=ledger,
        instruments=instruments, cash=cash,
    )  # fmt: skip
    settings = FrontSection(**({"queries_per_s": 0} | keys))
    front = Front(bench.exchange, book or accounts(), settings, bench.clock, bench.timers, faults)
    made = Rig(bench, front, await front.start(0, 0))
    try:
        yield made
    finally:
        await made.close()
        bench.exchange.close()
