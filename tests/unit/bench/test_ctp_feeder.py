"""The benchmark's front, spoken to by the bare wire: logins, ticks of each kind, orders."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from homalos.bench.ctp_contracts import ALL, SINGLE, contracts, trading_day
from homalos.bench.ctp_rig import BenchError, Feeder, Process
from homalos.ctp import abi
from homalos.ctp.wire import HELLO, INSTRUMENT, Control, Flag, Frame, Splitter, pack

FACTS = abi.load()
REQUESTS = {
    "md": [method.name for method in FACTS.md_api],
    "td": [method.name for method in FACTS.td_api],
}
CALLBACKS = {
    "md": [method.name for method in FACTS.md_spi],
    "td": [method.name for method in FACTS.td_spi],
}


class Client:
    """One side of a program."""

    def __init__(self, feeder: Feeder, side: str) -> None:
        self.side = side
        self._socket = socket.create_connection(("127.0.0.1", feeder.ports[side]), timeout=10)
        self._splitter = Splitter()
        self._frames: list[Frame] = []
        hello = HELLO.pack(b"6.7.11", side.encode(), 0, 0, b"", 0, 0)
        self._socket.sendall(pack(Control.HELLO, Flag.BODY, 0, hello))
        assert self.frame().method == Control.WELCOME

    def ask(self, name: str, body: bytes = b"", request: int = 1) -> None:
        flags = Flag.BODY if body else 0
        self._socket.sendall(pack(REQUESTS[self.side].index(name), flags, request, body))

    def frame(self) -> Frame:
        while not self._frames:
            self._frames += self._splitter.feed(self._socket.recv(1 << 16))
        return self._frames.pop(0)

    def told(self) -> tuple[str, Frame]:
        """The next callback."""
        frame = self.frame()
        return CALLBACKS[self.side][frame.method], frame

    def until(self, name: str) -> list[Frame]:
        """Callbacks ``name`` up to the last row; others are passed over."""
        found: list[Frame] = []
        while not found or not found[-1].flags & Flag.LAST:
            told, frame = self.told()
            if told == name:
                found.append(frame)
        return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def feeder(tmp_path: Path) -> Iterator[Feeder]:
    with Feeder(tmp_path) as front:
        yield front


@pytest.fixture
def md(feeder: Feeder) -> Iterator[Client]:
    client = Client(feeder, "md")
    client.ask("ReqUserLogin", FACTS.layout("ReqUserLogin").encode({"UserID": "sim"}))
    client.until("OnRspUserLogin")
    client.ask("SubscribeMarketData", INSTRUMENT.pack(contracts(1)[0].symbol.encode()))
    client.until("OnRspSubMarketData")
    yield client
    client.close()


@pytest.fixture
def td(feeder: Feeder) -> Iterator[Client]:
    client = Client(feeder, "td")
    yield client
    client.close()


def tick(frame: Frame) -> tuple[str, str, int, int]:
    row = FACTS.layout("DepthMarketData").decode(frame.body)
    return row["InstrumentID"], row["UpdateTime"], row["UpdateMillisec"], row["Volume"]


def test_contracts_are_different_and_trade_on_the_day() -> None:
    rows = contracts()
    assert len({row.symbol for row in rows}) == ALL
    assert all(row.delivery_month * 100 > trading_day() for row in rows)


def test_single_ticks_take_turns_and_only_go_forward(feeder: Feeder, md: Client) -> None:
    feeder.feed(do="single", count=2 * SINGLE, rate=500)
    seen = [tick(md.told()[1]) for _ in range(2 * SINGLE)]
    names = [row.symbol for row in contracts(SINGLE)]
    assert [name for name, *_ in seen] == names * 2
    for first, second in zip(seen[:SINGLE], seen[SINGLE:], strict=True):
        assert first[1:3] < second[1:3]
        assert second[3] == first[3] + 1


def test_a_burst_has_every_contract_and_a_flood_its_count(feeder: Feeder, md: Client) -> None:
    feeder.feed(do="burst", count=2, gap_ms=20)
    seen = [tick(md.told()[1])[0] for _ in range(2 * ALL)]
    assert seen == [row.symbol for row in contracts()] * 2
    feeder.feed(do="flood", count=ALL + 7)
    assert {md.told()[0] for _ in range(ALL + 7)} == {"OnRtnDepthMarketData"}


def test_what_a_program_asks_before_it_trades(td: Client) -> None:
    td.ask("ReqUserLogin", FACTS.layout("ReqUserLogin").encode({"UserID": "sim"}))
    login = td.until("OnRspUserLogin")[0]
    assert FACTS.layout("RspUserLogin").decode(login.body)["TradingDay"] == str(trading_day())
    td.ask("ReqQryInstrument", FACTS.layout("QryInstrument").encode({}))
    rows = [FACTS.layout("Instrument").decode(f.body) for f in td.until("OnRspQryInstrument")]
    assert [row["InstrumentID"] for row in rows] == [row.symbol for row in contracts()]
    td.ask("ReqQryInvestorPosition", FACTS.layout("QryInvestorPosition").encode({}))
    (none,) = td.until("OnRspQryInvestorPosition")
    assert none.body == b""


def test_an_order_is_filled_at_its_price(td: Client) -> None:
    sent = {"OrderRef": "12", "InstrumentID": "cu2601", "ExchangeID": "SHFE", "LimitPrice": 70.0}
    sent |= {"VolumeTotalOriginal": 3, "Direction": "1", "CombOffsetFlag": "3"}
    td.ask("ReqOrderInsert", FACTS.layout("InputOrder").encode(sent))
    rows = []
    for _ in range(4):
        name, frame = td.told()
        layout = FACTS.layout("Trade" if name == "OnRtnTrade" else "Order")
        rows.append((name, frame.sequence, layout.decode(frame.body)))
    assert [(name, number) for name, number, _ in rows] == [
        ("OnRtnOrder", 1), ("OnRtnOrder", 2), ("OnRtnOrder", 3), ("OnRtnTrade", 4),
    ]  # fmt: skip
    assert [row["OrderStatus"] for _, _, row in rows[:3]] == ["a", "a", "0"]
    assert {row["OrderRef"] for _, _, row in rows} == {"12"}
    trade = rows[3][2]
    assert (trade["Price"], trade["Volume"], trade["OffsetFlag"]) == (70.0, 3, "3")


def test_a_program_that_ends_early_is_an_error_with_its_words(tmp_path: Path) -> None:
    words = ["python3", "-c", "import sys; sys.stderr.write('no front'); sys.exit(3)"]
    with Process(words, {}, tmp_path, "poor") as poor:
        with pytest.raises(BenchError, match="poor: ended: no front"):
            poor.hear(lambda line: line == "ready")
        with pytest.raises(BenchError, match="ended with 3"):
            poor.end()


def test_the_feeder_ends_with_its_input(feeder: Feeder) -> None:
    feeder.end()
