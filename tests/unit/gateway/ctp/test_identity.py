from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homalos.gateway.ctp.identity import MAX_REF, Identity
from homalos.kernel.ids import OrderIds
from homalos.model.ids import OrderId

DAY = 20251124


def make(folder: Path, seed: str = "a", run: int = 1) -> Identity:
    identity = Identity(folder, run, seed)
    identity.login(DAY, 1, 77, "0")
    return identity


def test_refs_grow_over_orders_parts_and_runs(tmp_path: Path) -> None:
    identity = make(tmp_path)
    ids = [OrderId("3-000001"), OrderId("3-000001.1"), OrderId("3-000002"), OrderId("4-000001")]
    refs = [identity.take(id_) for id_ in ids]
    assert refs == [3_000_010, 3_000_011, 3_000_020, 4_000_010]
    assert [identity.order_id(ref) for ref in refs] == ids
    assert not (tmp_path / "ctp-refs.txt").exists()


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.integers(1, 120_000), st.integers(0, 9)),
        unique=True, max_size=30,
    )
)  # fmt: skip
def test_whatever_is_sent_refs_grow_and_turn_back_over_a_restart(
    tmp_path_factory: pytest.TempPathFactory, sent: list[tuple[int, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("identity")
    identity = make(folder)
    ids = [OrderId(f"{run}-{n:06d}" + (f".{part}" if part else "")) for run, n, part in sent]
    refs = [identity.take(id_) for id_ in ids]
    assert refs == sorted(set(refs))
    again = make(folder, run=31)
    assert [again.order_id(ref) for ref in refs] == ids
    assert [again.ref(id_) for id_ in ids] == refs
    assert [again.of_memo(identity.memo(ref)) for ref in refs] == ids
    assert all(len(identity.memo(ref)) <= 12 for ref in refs)
    assert again.take(OrderId("x")) > max(refs, default=0)


def test_ids_of_the_kernel_are_such_ids(tmp_path: Path) -> None:
    identity = make(tmp_path)
    id_ = OrderIds(7, start=41).next()
    assert identity.order_id(identity.take(id_)) == id_


def test_the_fronts_own_last_ref_is_passed(tmp_path: Path) -> None:
    identity = Identity(tmp_path, 3, "a")
    identity.login(DAY, 1, 77, "     5000000")
    assert identity.take(OrderId("3-000001")) == 5_000_001
    assert make(tmp_path).order_id(5_000_001) == "3-000001"


def test_there_is_no_ref_beyond_what_the_field_takes(tmp_path: Path) -> None:
    identity = Identity(tmp_path, 3, "a")
    identity.login(DAY, 1, 77, str(MAX_REF))
    assert identity.take(OrderId("3-000001")) == 0


def test_sessions_are_kept_for_their_day(tmp_path: Path) -> None:
    identity = make(tmp_path)
    identity.take(OrderId("x"))
    again = Identity(tmp_path, 4, "b")
    again.login(DAY, 1, 78, "0")
    assert again.ours(1, 77)
    assert again.ours(1, 78)
    assert not again.ours(1, 79)
    again.login(DAY + 1, 1, 79, "0")
    assert not again.ours(1, 77)
    assert not (tmp_path / "ctp-refs.txt").exists()


def test_each_data_folder_has_a_mark_of_its_own(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one", "a"), make(tmp_path / "other", "b")
    assert other.of_memo(one.memo(3_000_010)) is None
    assert one.of_memo("someone else") is None
    assert one.of_memo("") is None
    assert make(tmp_path / "one", "c").of_memo(one.memo(3_000_010)) == "3-000001"


def test_a_torn_file_is_put_aside(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "ctp-identity.json").write_bytes(b'{"mark": "ab')
    identity = make(tmp_path)
    assert identity.ours(1, 77)
    assert (tmp_path / "ctp-identity.broken").exists()


def test_a_session_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    identity = Identity(tmp_path / "gone", 3, "a")
    (tmp_path / "gone").rmdir()
    with pytest.raises(OSError, match="gone"):
        identity.login(DAY, 1, 77, "0")
