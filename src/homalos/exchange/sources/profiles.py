"""How products usually behave: figures for the generator, and which month is the main contract.

Round numbers of the years 2024 to 2026, for a market that looks right; nothing is traded on them.
"""

from typing import NamedTuple

from homalos.model.times import to_date

EVERY_MONTH = tuple(range(1, 13))
EVEN_MONTHS = (2, 4, 6, 8, 10, 12)
THIRDS = (1, 5, 9)
QUARTERS = (3, 6, 9, 12)
_FRIDAY = 4


class Profile(NamedTuple):
    """A usual day of one product."""

    price: float
    volatility: float
    """Of a day, as a fraction."""
    volume: float
    """Lots in half a second of ordinary trading."""
    depth: float
    """Lots displayed at the best price."""
    open_interest: int
    months: tuple[int, ...] = THIRDS
    lead_days: int = 40
    """The main contract is the first whose delivery month begins at least so many days ahead."""


PROFILES = {
    "SHFE.rb": Profile(3100, 0.011, 45, 900, 1_900_000, (1, 5, 10)),
    "SHFE.hc": Profile(3280, 0.011, 16, 400, 1_100_000, (1, 5, 10)),
    "SHFE.ag": Profile(8000, 0.016, 25, 40, 420_000, EVEN_MONTHS),
    "SHFE.au": Profile(780, 0.010, 8, 12, 200_000, EVEN_MONTHS),
    "SHFE.cu": Profile(78_000, 0.009, 5, 14, 180_000, EVERY_MONTH),
    "SHFE.al": Profile(20_500, 0.008, 6, 60, 220_000, EVERY_MONTH),
    "SHFE.zn": Profile(22_800, 0.010, 6, 40, 120_000, EVERY_MONTH),
    "SHFE.ni": Profile(122_000, 0.013, 6, 15, 90_000, EVERY_MONTH),
    "SHFE.ru": Profile(15_000, 0.014, 10, 45, 150_000),
    "SHFE.fu": Profile(2850, 0.018, 25, 120, 240_000),
    "SHFE.bu": Profile(3450, 0.013, 10, 90, 230_000, EVERY_MONTH),
    "INE.sc": Profile(480, 0.019, 5, 10, 30_000, EVERY_MONTH),
    "DCE.i": Profile(780, 0.015, 12, 110, 480_000),
    "DCE.m": Profile(3000, 0.010, 28, 1500, 1_700_000),
    "DCE.y": Profile(8100, 0.011, 14, 180, 600_000),
    "DCE.p": Profile(9000, 0.015, 22, 110, 420_000),
    "DCE.c": Profile(2250, 0.006, 14, 2500, 900_000),
    "DCE.jm": Profile(1150, 0.022, 18, 120, 480_000),
    "DCE.j": Profile(1600, 0.019, 2, 14, 45_000),
    "DCE.pp": Profile(7100, 0.008, 9, 350, 480_000),
    "DCE.v": Profile(4950, 0.010, 25, 1400, 900_000),
    "DCE.eg": Profile(4450, 0.010, 7, 160, 300_000),
    "CZCE.TA": Profile(4800, 0.012, 24, 700, 1_100_000),
    "CZCE.MA": Profile(2350, 0.012, 22, 700, 800_000),
    "CZCE.SR": Profile(5700, 0.008, 9, 260, 380_000),
    "CZCE.CF": Profile(13_500, 0.009, 8, 220, 560_000),
    "CZCE.FG": Profile(1150, 0.019, 45, 900, 1_100_000),
    "CZCE.SA": Profile(1300, 0.018, 40, 900, 1_200_000),
    "CZCE.RM": Profile(2450, 0.013, 20, 500, 700_000),
    "CZCE.OI": Profile(9400, 0.012, 10, 110, 260_000),
    "CFFEX.IF": Profile(4600, 0.011, 2, 3, 150_000, EVERY_MONTH, 0),
    "CFFEX.IH": Profile(3000, 0.010, 1, 2, 60_000, EVERY_MONTH, 0),
    "CFFEX.IC": Profile(7000, 0.014, 2, 2, 130_000, EVERY_MONTH, 0),
    "CFFEX.IM": Profile(7300, 0.015, 3, 2, 180_000, EVERY_MONTH, 0),
    "CFFEX.T": Profile(108.5, 0.0018, 2, 40, 200_000, QUARTERS),
    "CFFEX.TL": Profile(118.0, 0.005, 2, 12, 110_000, QUARTERS),
    "GFEX.si": Profile(8800, 0.013, 8, 60, 230_000, EVERY_MONTH),
    "GFEX.lc": Profile(75_000, 0.019, 12, 15, 330_000, EVERY_MONTH),
}
ORDINARY = Profile(4000, 0.012, 6, 60, 120_000)
"""For a product of which nothing is known here."""


def main_month(profile: Profile, trading_day: int) -> tuple[int, int]:
    """(year, month) of the contract that trades most on ``trading_day``. Index futures (no lead):
    the current month until its third Friday."""
    today = to_date(trading_day)
    year, month = today.year, today.month
    while True:
        if month in profile.months:
            first = to_date(year * 10_000 + month * 100 + 1)
            if profile.lead_days:
                if (first - today).days >= profile.lead_days:
                    return year, month
            else:
                third_friday = 15 + (_FRIDAY - first.weekday()) % 7
                if (year, month) > (today.year, today.month) or today.day < third_friday:
                    return year, month
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
