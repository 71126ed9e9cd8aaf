"""What the limits say of one contract: looked up once, when its first order comes.

A name in ``lots_of``, ``day_opens_of``, ``instruments_allowed`` or ``instruments_denied`` is an
exchange, a product, a contract or (``lots_of`` alone) a sector; of several the nearest to the
contract holds.
"""

from homalos.config.sections.risk import RiskSection
from homalos.model.market import Instrument


class ContractLimits:
    """Limits by name for one contract, and what is fixed about it."""

    __slots__ = (
        "allowed",
        "closes_at",
        "day_opens",
        "instrument",
        "lacking",
        "lots",
        "phase_key",
        "product_day_opens",
        "product_lots",
        "sector",
        "sector_lots",
    )

    def __init__(self, section: RiskSection, instrument: Instrument, sector: str | None) -> None:
        product = f"{instrument.exchange}.{instrument.product}"
        names = {instrument.exchange, product, str(instrument.id)}
        denied = names.intersection(section.instruments_denied)
        listed = not section.instruments_allowed or names.intersection(section.instruments_allowed)
        self.instrument = instrument
        self.sector = sector
        self.phase_key = (instrument.exchange, instrument.product)
        self.allowed = bool(listed) and not denied
        lots = section.lots_of
        self.lots = lots.get(str(instrument.id), section.max_position_lots)
        self.product_lots = lots.get(product, section.max_product_lots)
        self.sector_lots = section.max_sector_lots
        if sector is not None:
            self.sector_lots = lots.get(sector, section.max_sector_lots)
        opens = section.day_opens_of
        self.day_opens = opens.get(str(instrument.id), section.max_day_opens)
        """Lots that may be opened of it in a trading day; 0: as many as one likes."""
        self.product_day_opens = opens.get(product, section.max_product_day_opens)
        self.lacking = False
        """Something that a rule in force needs to know of the contract is unknown; set by the
        gate."""
        self.closes_at = 0
        """When the session closes that the last order came in; kept by the gate."""
