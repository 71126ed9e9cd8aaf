"""Strategies: ``from homalos.strategy import Strategy, param, indicators``."""

from homalos.model.conditional import GapPolicy, TriggerSource
from homalos.model.enums import OnTimeout, Side
from homalos.strategy import indicators
from homalos.strategy.base import Strategy, StrategyError
from homalos.strategy.intent_view import IntentView
from homalos.strategy.params import param
from homalos.strategy.terms import Terms
from homalos.strategy.when import When

__all__ = [
    "GapPolicy", "IntentView", "OnTimeout", "Side", "Strategy", "StrategyError", "Terms",
    "TriggerSource", "When", "indicators", "param",
]  # fmt: skip
