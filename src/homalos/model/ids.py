"""Identifiers are types: a bare string in a signature says nothing about what it names."""

from typing import NewType

InstrumentId = NewType("InstrumentId", str)
"""``EXCHANGE.symbol`` with a four-digit month everywhere: ``SHFE.rb2601``, ``CZCE.SR2605``."""

OrderId = NewType("OrderId", str)
"""Ours, unique for ever in one data folder, made by ``kernel.ids`` before anything is sent."""

VenueOrderId = NewType("VenueOrderId", str)
"""The venue's, unique per exchange only, kept with its padding (CTP: ``OrderSysID``)."""

TradeId = NewType("TradeId", str)
"""The venue's, unique per exchange, trading day and side."""

StrategyId = NewType("StrategyId", str)
"""A strategy's book; ``manual``: the trader's own orders, ``unattributed``: the rest."""

AccountId = NewType("AccountId", str)

MANUAL = StrategyId("manual")
UNATTRIBUTED = StrategyId("unattributed")
