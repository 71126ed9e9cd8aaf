"""What approaches delivery: part of risk.yaml."""

from homalos.config.sections.risk_programme import ProgrammeKeys


class DeliveryKeys(ProgrammeKeys):
    """See the module."""
