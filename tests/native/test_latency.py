"""Tick to order at the ABI, from the two libraries into one file."""

import time
from pathlib import Path

from tests.native.conftest import Start
from tests.native.front import Front

from homalos.ctp.latency import VARIABLE, LatencyFile


def test_ticks_and_orders_are_stamped_and_paired_by_contract(
    start: Start, md_front: Front, td_front: Front, tmp_path: Path
) -> None:
    with LatencyFile(tmp_path / "latency") as file:
        assert file.ticks() == file.orders() == []
        md = start("md", **{VARIABLE: str(file.path)})
        td = start("td", **{VARIABLE: str(file.path)})
        md.start(tmp_path / "md", md_front.address)
        td.start(tmp_path / "td", td_front.address)
        quotes = md_front.connect()
        td_front.connect()
        td.event("OnFrontConnected")
        begun = time.perf_counter_ns()
        for name in ("rb2505", "IF2503", "rb2505"):
            quotes.call("OnRtnDepthMarketData", {"InstrumentID": name})
            md.event("OnRtnDepthMarketData")
        assert td.call("ReqOrderInsert", 1, {"InstrumentID": "rb2505"}) == 0
        assert td.call("ReqOrderInsert", 2, {"InstrumentID": "ag2506"}) == 0  # it had no tick
        assert td.call("ReqOrderInsert", 3, {"InstrumentID": "IF2503"}) == 0
        ended = time.perf_counter_ns()
        names, times = zip(*file.ticks(), strict=True)
        assert names == ("rb2505", "IF2503", "rb2505")
        assert begun < times[0] < times[1] < times[2] < ended
        orders = file.orders()
        assert [tick for tick, _ in orders] == [times[2], times[1]]
        assert all(tick < order < ended for tick, order in orders)
        file.reset()
        assert file.ticks() == file.orders() == []
        quotes.call("OnRtnDepthMarketData", {"InstrumentID": "ag2506"})
        md.event("OnRtnDepthMarketData")
        assert [name for name, _ in file.ticks()] == ["ag2506"]


def test_a_file_that_is_none_is_told_and_left_alone(
    start: Start, md_front: Front, tmp_path: Path
) -> None:
    other = tmp_path / "notes"
    other.write_text("mine")
    md = start("md", **{VARIABLE: str(other)})
    md.start(tmp_path, md_front.address)
    md_front.connect().call("OnRtnDepthMarketData", {"InstrumentID": "rb2505"})
    md.event("OnRtnDepthMarketData")
    assert md.end() == 0
    assert "no latency file" in md.complaints
    assert other.read_text() == "mine"
