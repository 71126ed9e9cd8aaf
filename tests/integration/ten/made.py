"""Two trading days made to order and written as recordings of CTP are, for machines without any."""

from pathlib import Path
from typing import NamedTuple

from tests.generators import ctp_rows, market_tables, walk, write_ctp
from tests.generators.ctp_csv import Row
from tests.generators.walk import Snap

from homalos.model.enums import Phase

DAYS = (20260106, 20260107)


class Stock(NamedTuple):
    exchange: str
    product: str
    month: str
    price: float
    tick: float
    multiplier: float

    @property
    def symbol(self) -> str:
        return f"{self.product}{self.month}"


STOCK = (
    Stock("SHFE", "rb", "2605", 3_800.0, 1.0, 10.0),
    Stock("SHFE", "rb", "2610", 3_790.0, 1.0, 10.0),
    Stock("SHFE", "hc", "2605", 3_300.0, 1.0, 10.0),
    Stock("SHFE", "ag", "2604", 8_000.0, 1.0, 15.0),
    Stock("DCE", "i", "2605", 800.0, 0.5, 100.0),
    Stock("DCE", "j", "2605", 1_700.0, 0.5, 100.0),
    Stock("DCE", "m", "2605", 2_800.0, 1.0, 10.0),
    Stock("CZCE", "TA", "605", 5_000.0, 2.0, 5.0),
    Stock("CZCE", "MA", "605", 2_300.0, 1.0, 10.0),
    Stock("CFFEX", "IF", "2601", 4_600.0, 0.2, 300.0),
)


def write(folder: Path, step_ms: int) -> None:
    """One file a contract and day; a snapshot every ``step_ms``. The second day begins where the
    first ended, and tells its settlement: turnover over volume, on the grid."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, stock in enumerate(STOCK):
        price, before = stock.price, stock.price + 10 * stock.tick
        for day in DAYS:
            snaps = _day(stock, day, price, step_ms, seed=number * 10 + day)
            rows = ctp_rows(
                snaps, stock.symbol, czce=stock.exchange == "CZCE", multiplier=stock.multiplier,
                pre_settlement=before,
            )  # fmt: skip
            price, before = snaps[-1].last, _settlement(stock, snaps[-1])
            rows.append(_push(rows[-1], before))
            write_ctp(folder, f"{stock.exchange}.{stock.symbol}.{day}.csv", rows)


def _day(stock: Stock, day: int, price: float, step_ms: int, seed: int) -> list[Snap]:
    segments = market_tables()[1].segments(stock.exchange, stock.product, day)
    spans = [(s.start, s.end) for s in segments if s.phase is Phase.CONTINUOUS]
    return walk(
        spans, day, seed=seed, price=price, tick=stock.tick, multiplier=stock.multiplier,
        step_ms=step_ms,
    )  # fmt: skip


def _settlement(stock: Stock, last: Snap) -> float:
    average = last.turnover / last.volume / stock.multiplier
    return round(round(average / stock.tick) * stock.tick, 2)


def _push(row: Row, settlement: float) -> Row:
    """After the close, with the settlement price."""
    return row | {"UpdateTime": "15:25:00", "SettlementPrice": f"{settlement:.2f}"}
