"""What a replay prints at its end: speed, orders, fills, refusals by reason, books, hashes."""

import hashlib
from typing import Any, TextIO

import msgspec
import psutil

from homalos.engine import Engine
from homalos.model.events import OrderDenied, OrderSubmitted, TradeFilled
from homalos.model.times import SECOND


class Tally:
    """Counts facts in the background and hashes the list of orders and trades as they come."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.orders = 0
        self.denied = 0
        self.fills = 0
        self.lots = 0
        self._hash = hashlib.sha256()
        self._encode = msgspec.msgpack.Encoder().encode

    def attach(self) -> None:
        bus = self._engine.bus
        for event, handler in (
            (OrderSubmitted, self._on_order),
            (OrderDenied, self._on_denied),
            (TradeFilled, self._on_trade),
        ):
            bus.subscribe(event, handler, actor="tally", role="monitor", background=True)  # type: ignore[arg-type]

    def _on_order(self, event: OrderSubmitted) -> None:
        self.orders += 1
        self._hash.update(self._encode(event))

    def _on_denied(self, event: OrderDenied) -> None:
        self.denied += 1
        self._hash.update(self._encode(event))

    def _on_trade(self, event: TradeFilled) -> None:
        self.fills += 1
        self.lots += event.trade.lots
        self._hash.update(self._encode(event))

    def order_list_hash(self) -> str:
        return self._hash.hexdigest()


def summary(
    engine: Engine,
    tally: Tally,
    *,
    ticks: int,
    took_ns: int,
    rows: dict[str, Any],
    unreadable: dict[str, int],
) -> dict[str, Any]:
    """The figures of one run. ``took_ns`` is from the first event to the last row written."""
    account = engine.books.account()
    refused = {k: v for k, v in engine.gate.verdicts.items() if v and k != "accepted"}
    return {
        "ticks": ticks,
        "ticks_accepted": engine.gate.verdicts["accepted"],
        "ticks_refused": refused,
        "rows_unreadable": unreadable,
        "seconds": took_ns / SECOND,
        "ticks_per_second": ticks * SECOND / took_ns if took_ns else None,
        "orders": tally.orders,
        "orders_denied": tally.denied,
        "denied_by_rule": dict(engine.risk.denied),
        "rules_skipped": dict(engine.risk.skipped),
        "fills": tally.fills,
        "lots": tally.lots,
        "opening_equity": account.pre_balance,
        "deposits": account.deposit - account.withdraw,
        "closed_profit": account.closed_profit,
        "position_profit": account.position_profit,
        "fees": account.fees,
        "equity": account.balance,
        "books": [msgspec.structs.asdict(b) for b in engine.books.books()],
        "rows": rows,
        "peak_memory_mib": _peak_mib(),
        "order_list_hash": tally.order_list_hash(),
        "state_hash": engine.state_hash(),
    }


def _peak_mib() -> float | None:
    try:
        import resource
    except ImportError:
        info = psutil.Process().memory_info()
        return float(getattr(info, "peak_wset", info.rss)) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write(figures: dict[str, Any], out: TextIO) -> None:
    """For people; the same figures go to ``D/summary.json``."""
    refused = ", ".join(f"{k} {v:,}" for k, v in figures["ticks_refused"].items()) or "none / 无"
    unreadable = (
        ", ".join(f"{k} {v:,}" for k, v in figures["rows_unreadable"].items()) or "none / 无"
    )
    denied = ", ".join(f"{k} {v:,}" for k, v in figures["denied_by_rule"].items()) or "none / 无"
    skipped = ", ".join(f"{k} {v:,}" for k, v in figures["rules_skipped"].items()) or "none / 无"
    f = figures
    money = (
        f"{f['opening_equity']:,.2f} + {f['deposits']:,.2f} deposits / 入金 + "
        f"{f['closed_profit']:,.2f} closed / 平仓 + {f['position_profit']:,.2f} open / 持仓 - "
        f"{f['fees']:,.2f} fees / 手续费 = {f['equity']:,.2f}"
    )
    rows = (
        ("ticks / 行情", f"{f['ticks']:,} in {f['seconds']:.2f} s, {f['ticks_per_second']:,.0f}/s"),
        ("refused / 拒收", refused),
        ("unreadable / 无法读取", unreadable),
        ("orders / 委托", f"{f['orders']:,}"),
        ("denied / 风控拒绝", f"{f['orders_denied']:,} ({denied})"),
        ("no data / 缺数据跳过", skipped),
        ("fills / 成交", f"{f['fills']:,}, {f['lots']:,} lots / 手"),
        ("equity / 权益", money),
        ("memory / 内存", f"{f['peak_memory_mib'] or 0:,.0f} MiB peak / 峰值"),
        ("orders hash", f["order_list_hash"]),
        ("state hash", f["state_hash"]),
    )
    out.write("\n" + "".join(f"{name:16} {text}\n" for name, text in rows))
    out.flush()
