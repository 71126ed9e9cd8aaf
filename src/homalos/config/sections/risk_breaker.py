"""The circuit breaker, and how many lots may be opened in a trading day: part of risk.yaml."""

from homalos.config.sections.risk_losses import LossKeys


class BreakerKeys(LossKeys):
    """See the module."""
