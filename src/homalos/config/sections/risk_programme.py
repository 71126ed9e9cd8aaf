"""Soft limits below the exchanges' limits of programme trading: part of risk.yaml."""

from homalos.config.sections.risk_breaker import BreakerKeys


class ProgrammeKeys(BreakerKeys):
    """See the module."""
