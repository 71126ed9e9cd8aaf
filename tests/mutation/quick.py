"""How property tests run under mutation: always the same examples, and a failure is not made small
first. A plugin of pytest: ``-p tests.mutation.quick --hypothesis-profile=mutation``."""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "mutation", derandomize=True, database=None, deadline=None,
    phases=(Phase.explicit, Phase.generate), suppress_health_check=tuple(HealthCheck),
)  # fmt: skip
