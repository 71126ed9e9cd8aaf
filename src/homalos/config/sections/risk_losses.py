"""Losses, drawdowns, and the levels at which a watch acts: part of risk.yaml."""

from homalos.config.sections.risk_rates import RateKeys


class LossKeys(RateKeys):
    """See the module."""
