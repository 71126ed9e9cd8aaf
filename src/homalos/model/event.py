"""The base of everything that travels on the bus."""

import msgspec


class Event(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A frozen fact or command.

    Nobody can change what another will see: fields are scalars, tuples and other frozen structs,
    never lists or dicts. ``gc=False`` is safe for the same reason: no cycle can be built.
    Encoded as an array that begins with the class's name, so that a journal can be read back.
    """


class Record(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A frozen value that events carry."""
