"""vnpy whole: its event engine, its main engine with the order management, its CtpGateway, and the
least strategy that there is: one order for each tick, bought and sold in turn."""

import time
from typing import Any

from plan import Seen, load_plan
from vnpy.event import Event, EventEngine
from vnpy.trader.constant import Direction, Exchange, Offset, OrderType
from vnpy.trader.engine import MainEngine
from vnpy.trader.event import EVENT_CONTRACT, EVENT_TICK, EVENT_TRADE
from vnpy.trader.object import OrderRequest, SubscribeRequest
from vnpy_ctp import CtpGateway

WAIT_S = 30.0


class Answer:
    """Buys at the ask, sells what it holds at the bid."""

    def __init__(self, engine: MainEngine) -> None:
        self._engine = engine
        self._held: set[str] = set()

    def on_tick(self, event: Event) -> None:
        tick = event.data
        held = tick.vt_symbol in self._held
        request = OrderRequest(
            symbol=tick.symbol,
            exchange=tick.exchange,
            direction=Direction.SHORT if held else Direction.LONG,
            type=OrderType.FAK,
            volume=1,
            price=tick.bid_price_1 if held else tick.ask_price_1,
            offset=Offset.CLOSETODAY if held else Offset.OPEN,
        )
        self._engine.send_order(request, "CTP")

    def on_trade(self, event: Event) -> None:
        self._held ^= {event.data.vt_symbol}


def listen(events: EventEngine, main: MainEngine, work: str, seen: Seen) -> None:
    def note(event: Event) -> None:
        seen.entries[event.data.symbol].append(time.perf_counter_ns())

    def count(event: Event) -> None:
        seen.count()

    if work == "single":
        answer = Answer(main)
        events.register(EVENT_TICK, answer.on_tick)
        events.register(EVENT_TRADE, answer.on_trade)
    else:
        events.register(EVENT_TICK, note if work == "burst" else count)


def connect(main: MainEngine, events: EventEngine, plan: dict[str, Any]) -> None:
    contracts: list[str] = []
    events.register(EVENT_CONTRACT, lambda event: contracts.append(event.data.symbol))
    main.connect(
        {
            "用户名": "sim", "密码": "sim", "经纪商代码": "9999", "交易服务器": plan["td"],
            "行情服务器": plan["md"], "产品名称": "", "授权编码": "", "柜台环境": "实盘",
        },
        "CTP",
    )  # fmt: skip
    wanted = {wire for wire, _, _ in plan["contracts"]}
    until = time.monotonic() + WAIT_S
    while not wanted.issubset(contracts):
        if time.monotonic() > until:
            raise SystemExit(f"only {len(contracts)} contracts came")
        time.sleep(0.05)
    for wire, exchange, _ in plan["contracts"]:
        main.subscribe(SubscribeRequest(symbol=wire, exchange=Exchange(exchange)), "CTP")


def main() -> None:
    plan = load_plan()
    seen, events = Seen(plan), EventEngine()
    engine = MainEngine(events)
    engine.add_gateway(CtpGateway)
    connect(engine, events, plan)
    listen(events, engine, plan["work"], seen)
    seen.ready()
    seen.wait_for_end()
    seen.leave()


main()
