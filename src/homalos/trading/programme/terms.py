"""What the rows of risk.yaml say of one contract and of one exchange."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from homalos.config.sections.risk_programme import ProgrammeRow
from homalos.model.market import Instrument

T = TypeVar("T")


class ContractTerms(NamedTuple):
    """Limits of a trading day in one contract; 0: none."""

    self_trades: int = 0
    cancels: int = 0
    large_cancels: int = 0
    large_lots: int = 0
    """A cancel of so many lots and more is large; 0: none is."""
    fak_fok: bool = False
    """What is left of a FAK or FOK counts as a cancel."""
    messages: int = 0
    exempt: bool = False
    source: str = ""


class ExchangeTerms(NamedTuple):
    """Limits of a trading day of one account (or group) at one exchange; 0: none."""

    messages: int = 0
    bursts: int = 0
    burst_messages: int = 10
    exempt: bool = False
    source: str = ""


def contract_terms(rows: Iterable[ProgrammeRow], instrument: Instrument) -> ContractTerms:
    """The product's row, and for what it leaves out its exchange's."""
    named = {row.id: row for row in rows}
    product = named.get(f"{instrument.exchange}.{instrument.product}")
    exchange = named.get(instrument.exchange)
    found = tuple(row for row in (product, exchange) if row is not None)
    exempt = _first((row.exempt for row in found), False)
    large = _first((row.large_lots for row in found), 0)
    percent = _first((row.large_percent for row in found), 0)
    if product is not None and product.large_lots is None and product.large_percent:
        large = 0  # the product's percent, not the exchange's lots
    if not large and percent:  # reaching it is enough, so it is rounded up
        large = -(-instrument.max_limit_lots * percent // 100)
    fak_fok = _first((row.fak_fok for row in found), False)
    source = _first((row.source or None for row in found), "")
    if exempt:
        return ContractTerms(0, 0, 0, large, fak_fok, 0, exempt, source)
    return ContractTerms(
        _first((row.self_trades for row in found), 0),
        _first((row.cancels for row in found), 0),
        _first((row.large_cancels for row in found), 0),
        large,
        fak_fok,
        _first((row.messages for row in found), 0),
        exempt,
        source,
    )


def exchange_terms(rows: Iterable[ProgrammeRow], exchange: str) -> ExchangeTerms:
    """What its own row says."""
    row = next((row for row in rows if row.id == exchange), None)
    if row is None:
        return ExchangeTerms()
    size = row.burst_messages or ExchangeTerms().burst_messages
    if row.exempt:
        return ExchangeTerms(0, 0, size, True, row.source)
    return ExchangeTerms(row.account_messages or 0, row.bursts or 0, size, False, row.source)


def soft_of(limit: int, percent: int) -> int:
    """From how many on nothing leaves that adds: below the limit, at least 1; 0: no limit."""
    return max(1, min(limit - 1, limit * percent // 100)) if limit else 0


def _first(values: Iterable[T | None], otherwise: T) -> T:
    return next((value for value in values if value is not None), otherwise)
