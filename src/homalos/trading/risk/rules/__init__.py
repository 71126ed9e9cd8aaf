"""One rule a file; ``RULES`` is the list that the gate runs, in this order."""

from homalos.trading.risk.rules.before_close import BeforeClose
from homalos.trading.risk.rules.breaker import BreakerRule
from homalos.trading.risk.rules.cancel_rate import CancelRate
from homalos.trading.risk.rules.closable import Closable
from homalos.trading.risk.rules.collar import Collar
from homalos.trading.risk.rules.collar_opposite import OppositeCollar
from homalos.trading.risk.rules.connection import Connection
from homalos.trading.risk.rules.daily_loss import DailyLoss
from homalos.trading.risk.rules.daily_opens import DailyOpens
from homalos.trading.risk.rules.delivery_multiple import DeliveryMultiple
from homalos.trading.risk.rules.delivery_open import DeliveryOpen
from homalos.trading.risk.rules.drawdown import Drawdown
from homalos.trading.risk.rules.duplicate import Duplicate
from homalos.trading.risk.rules.instrument_list import InstrumentList
from homalos.trading.risk.rules.leverage import Leverage
from homalos.trading.risk.rules.limit_distance import LimitDistance
from homalos.trading.risk.rules.lots import LotLimits
from homalos.trading.risk.rules.margin_available import MarginAvailable
from homalos.trading.risk.rules.margin_use import MarginUse
from homalos.trading.risk.rules.notional import Notional
from homalos.trading.risk.rules.open_orders import OpenOrders
from homalos.trading.risk.rules.order_rate import OrderRate
from homalos.trading.risk.rules.order_size import OrderSize
from homalos.trading.risk.rules.order_value import OrderValue
from homalos.trading.risk.rules.phase import SessionPhase
from homalos.trading.risk.rules.position import PositionByInstrument
from homalos.trading.risk.rules.position_product import PositionByProduct
from homalos.trading.risk.rules.position_sector import PositionBySector
from homalos.trading.risk.rules.position_total import PositionTotal
from homalos.trading.risk.rules.price_limits import PriceLimits
from homalos.trading.risk.rules.price_tick import PriceTick
from homalos.trading.risk.rules.programme_bursts import ProgrammeBursts
from homalos.trading.risk.rules.programme_cancels import ProgrammeCancels
from homalos.trading.risk.rules.programme_large_cancels import ProgrammeLargeCancels
from homalos.trading.risk.rules.programme_messages import ProgrammeMessages
from homalos.trading.risk.rules.programme_self_trades import ProgrammeSelfTrades
from homalos.trading.risk.rules.self_trade import SelfTrade
from homalos.trading.risk.rules.stale_data import StaleData
from homalos.trading.risk.rules.strategy_cancel_rate import StrategyCancelRate
from homalos.trading.risk.rules.strategy_order_rate import StrategyOrderRate
from homalos.trading.risk.rules.trading_state import TradingStateRule
from homalos.trading.risk.rules.unassigned_loss import UnassignedLoss
from homalos.trading.risk.view import Rule

RULES: tuple[type[Rule], ...] = (
    TradingStateRule,
    Connection,
    SessionPhase,
    BeforeClose,
    DeliveryOpen,
    InstrumentList,
    LotLimits,
    DeliveryMultiple,
    PriceTick,
    OrderSize,
    OrderValue,
    StaleData,
    Collar,
    OppositeCollar,
    PriceLimits,
    LimitDistance,
    Closable,
    PositionByInstrument,
    PositionByProduct,
    PositionBySector,
    PositionTotal,
    DailyOpens,
    DailyLoss,
    Drawdown,
    Notional,
    Leverage,
    MarginAvailable,
    MarginUse,
    OrderRate,
    StrategyOrderRate,
    CancelRate,
    StrategyCancelRate,
    OpenOrders,
    Duplicate,
    SelfTrade,
    ProgrammeSelfTrades,
    ProgrammeCancels,
    ProgrammeLargeCancels,
    ProgrammeBursts,
    ProgrammeMessages,
    BreakerRule,
    UnassignedLoss,
)
"""The gate itself adds ``instrument``: without a known contract no other rule can judge."""
