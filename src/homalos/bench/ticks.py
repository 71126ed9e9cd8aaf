"""A tick like those that a front sends."""

from homalos.model.ids import InstrumentId
from homalos.model.market import Tick


def sample_tick(
    ts: int = 1_510_534_800_000_000_000, price: float = 3_815.0, volume: int = 1_234_567
) -> Tick:
    """SHFE.rb1801 with every field that a level-1 front fills."""
    return Tick(
        InstrumentId("SHFE.rb1801"),
        ts,
        ts,
        20171113,
        price,
        volume,
        4.7e10,
        2_512_348.0,
        price - 1,
        113,
        price,
        87,
        3_800.0,
        3_842.0,
        3_791.0,
        3_797.0,
        3_802.0,
        2_498_002.0,
        4_024.0,
        3_569.0,
        None,
        None,
        0,
    )
