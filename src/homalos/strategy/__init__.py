"""Strategies: ``from homalos.strategy import Strategy, param, indicators``."""

from homalos.strategy import indicators
from homalos.strategy.base import Strategy, StrategyError
from homalos.strategy.desk import Intent
from homalos.strategy.params import param

__all__ = ["Intent", "Strategy", "StrategyError", "indicators", "param"]
