"""The start-up check: nobody talks to nobody."""

from collections.abc import Iterable, Mapping

from homalos.kernel.bus import Bus
from homalos.model.catalogue import CATALOGUE, Entry
from homalos.model.event import Event


def check(
    bus: Bus, roles: Iterable[str], catalogue: Mapping[type[Event], Entry] = CATALOGUE
) -> list[str]:
    """Faults of the assembled profile: an event that a present role makes and nobody takes, a
    subscription that nobody feeds, a role that takes what the catalogue does not grant it.
    Roles that are absent from the profile are excused."""
    present = set(roles)
    faults: list[str] = []
    for event, entry in catalogue.items():
        route = bus.routes()[event]
        takers = {s.role for s in route.subscriptions}
        faults.extend(
            f"{event.__name__}: role {role} takes it, the catalogue does not say so"
            for role in sorted(takers - entry.consumers)
        )
        makers = entry.producers & present
        if takers and not makers:
            faults.append(
                f"{event.__name__}: {', '.join(sorted(takers))} wait for it, nobody makes it"
            )
        if makers and not takers and not entry.broadcast and entry.consumers & present:
            faults.append(f"{event.__name__}: {', '.join(sorted(makers))} make it, nobody takes it")
        if makers and not takers and not entry.broadcast and not entry.consumers & present:
            faults.append(
                f"{event.__name__}: no role that takes it is present, and it is no broadcast"
            )
    return faults
