"""Private and public flow, their files, and what each resume mode asks for and drops."""

import time
from pathlib import Path

from tests.native.conftest import Start
from tests.native.front import DAY, PATIENCE_S, Front, Line
from tests.native.program import Program

from homalos.ctp.wire import Resume

NEXT_DAY = "20250306"


def orders(line: Line, *numbers: int) -> None:
    for number in numbers:
        line.call("OnRtnOrder", {"OrderRef": str(number)}, flow=1, sequence=number)


def refs(td: Program, count: int) -> list[str]:
    return [td.event("OnRtnOrder").fields("td")["OrderRef"] for _ in range(count)]


def begin(td: Program, flow: Path, front: Front, private: Resume, public: Resume) -> None:
    flow.mkdir(exist_ok=True)
    words = [f"resume {private.value} {public.value}", f"front {front.address}", "init"]
    td.tell(f"create {flow}/", "spi", *words)


def test_files_are_named_as_the_vendors(
    start: Start, td_front: Front, md_front: Front, tmp_path: Path
) -> None:
    td, md = start("td"), start("md")
    td.start(tmp_path / "td", td_front.address)
    td.tell(f"create {tmp_path}/td/a", "version")  # a prefix, not a folder
    md.start(tmp_path / "md", md_front.address)
    td.expect("version")
    md.silence()
    shared = {"DialogRsp.con", "QueryRsp.con", "TradingDay.con"}
    own = shared | {"Private.con", "Public.con"}
    assert {path.name for path in (tmp_path / "md").iterdir()} == shared
    assert {path.name for path in (tmp_path / "td").iterdir()} == own | {"a" + n for n in own}


def test_restart_gets_the_day_again_and_gives_all_of_it(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    begin(td, tmp_path, td_front, Resume.RESTART, Resume.RESTART)
    for _ in range(2):
        line = td_front.accept()
        assert line.welcome()["resume"] == (0, 0)
        orders(line, 1, 2, 3)
        assert refs(td, 3) == ["1", "2", "3"]
        line.close()


def test_resume_goes_on_where_it_was_after_a_crash_and_drops_what_it_has_seen(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    first = start("td")
    begin(first, tmp_path, td_front, Resume.RESUME, Resume.RESUME)
    line = td_front.accept()
    assert line.welcome()["last"] == (0, 0)
    orders(line, 1, 2)
    line.call("OnRtnInstrumentStatus", {"InstrumentID": "rb"}, flow=2, sequence=40)
    first.event("OnRtnInstrumentStatus")
    line.close()
    line = td_front.accept()
    said = line.welcome()
    assert (said["day"], said["last"]) == (DAY, (2, 40))
    orders(line, 1, 2, 3)  # a front that sends more than was asked for
    assert refs(first, 1) == ["3"]
    assert len([said for said in first.said if "OnRtnOrder" in said]) == 3
    until = time.monotonic() + PATIENCE_S
    while (tmp_path / "Private.con").read_bytes()[4:] != b"\3\0\0\0":  # after the callback
        assert time.monotonic() < until
    first.process.kill()
    first.process.wait()
    first.process.returncode = 0

    second = start("td")
    begin(second, tmp_path, td_front, Resume.RESUME, Resume.RESUME)
    line = td_front.accept()
    said = line.welcome()
    assert (said["day"], said["last"], said["resume"]) == (DAY, (3, 40), (1, 1))
    orders(line, 3, 4)
    assert refs(second, 1) == ["4"]


def test_a_new_trading_day_begins_the_numbers_anew(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    begin(td, tmp_path, td_front, Resume.RESUME, Resume.RESUME)
    line = td_front.connect()
    orders(line, 1, 2)
    refs(td, 2)
    line.close()
    line = td_front.connect(day=NEXT_DAY)
    orders(line, 1)
    assert refs(td, 1) == ["1"]
    td.tell("day")
    assert td.expect("day") == NEXT_DAY


def test_cleared_flows_begin_the_numbers_anew_on_the_same_line(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    begin(td, tmp_path, td_front, Resume.RESUME, Resume.QUICK)
    line = td_front.connect()
    orders(line, 1, 2)
    refs(td, 2)
    line.clear_flows(DAY)
    orders(line, 1)
    assert refs(td, 1) == ["1"]
    line.close()
    said = td_front.accept().welcome()
    assert (said["last"], said["resume"]) == ((1, 0), (1, 2))


def test_modes_are_told_to_the_front_and_unknown_ones_are_restart(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    begin(td, tmp_path, td_front, Resume.QUICK, Resume.NONE)
    assert td_front.accept().welcome()["resume"] == (2, 3)
    other = start("td")
    other.tell("create null", "resume 77 -4", f"front {td_front.address}")
    other.tell("release")
    other.tell(f"create {tmp_path}/b", "resume 77 -4", f"front {td_front.address}", "init")
    assert td_front.accept().welcome()["resume"] == (0, 0)


def test_files_of_another_library_say_nothing(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    for name in ("TradingDay.con", "Private.con", "Public.con"):
        (tmp_path / name).write_bytes(b"\x07\0\0\0 something else altogether")
    td = start("td")
    begin(td, tmp_path, td_front, Resume.RESUME, Resume.RESUME)
    said = td_front.accept().welcome()
    assert (said["day"], said["last"]) == ("", (0, 0))


def test_a_missing_folder_is_told_as_the_vendor_does_and_nothing_connects(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.tell(f"create {tmp_path}/nowhere/", "spi", f"front {td_front.address}", "init", "join")
    assert td.expect("joined") == "0"
    assert td.call("ReqUserLogin") == -1
    td.tell("release")
    assert td.end() == 0
    assert "can not open CFlow file in line 338" in td.complaints
    assert "its folder must be there" in td.complaints
