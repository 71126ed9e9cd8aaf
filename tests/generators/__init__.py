"""Recorded markets made to order: both formats, with each defect that real recordings have.

``walk`` makes a clean day of one contract; ``l1_csv`` and ``ctp_csv`` write it as it would have
been recorded, each with the defects of its venues.
"""

from tests.generators.ctp_csv import ctp_rows, write_ctp
from tests.generators.l1_csv import l1_lines, write_l1
from tests.generators.markets import market_tables
from tests.generators.walk import Snap, walk

__all__ = ["Snap", "ctp_rows", "l1_lines", "market_tables", "walk", "write_ctp", "write_l1"]
