"""One rule a file; ``RULES`` is the list that the gate runs, in this order."""

from homalos.trading.risk.rules.closable import Closable
from homalos.trading.risk.rules.collar import Collar
from homalos.trading.risk.rules.connection import Connection
from homalos.trading.risk.rules.lots import LotLimits
from homalos.trading.risk.rules.margin_available import MarginAvailable
from homalos.trading.risk.rules.margin_use import MarginUse
from homalos.trading.risk.rules.open_orders import OpenOrders
from homalos.trading.risk.rules.order_rate import OrderRate
from homalos.trading.risk.rules.order_size import OrderSize
from homalos.trading.risk.rules.phase import SessionPhase
from homalos.trading.risk.rules.position import PositionByInstrument
from homalos.trading.risk.rules.position_total import PositionTotal
from homalos.trading.risk.rules.price_limits import PriceLimits
from homalos.trading.risk.rules.price_tick import PriceTick
from homalos.trading.risk.rules.self_trade import SelfTrade
from homalos.trading.risk.rules.trading_state import TradingStateRule

RULES = (
    TradingStateRule,
    Connection,
    SessionPhase,
    LotLimits,
    PriceTick,
    OrderSize,
    Collar,
    PriceLimits,
    Closable,
    PositionByInstrument,
    PositionTotal,
    MarginAvailable,
    MarginUse,
    OrderRate,
    OpenOrders,
    SelfTrade,
)
"""The gate itself adds ``instrument``: without a known contract no other rule can judge."""
