"""What comes late is counted as if it had come in time, and only what follows it is looked at."""

from hypothesis import given, settings
from hypothesis import strategies as st

from homalos.model.times import SECOND
from homalos.trading.programme.actions import Actions

times = st.integers(0, 60).map(lambda tenths: tenths * SECOND // 10)
steps = st.lists(st.tuples(st.sampled_from(["add", "move", "recount"]), times), max_size=60)


@settings(max_examples=150, deadline=None)
@given(steps, st.integers(1, 4))
def test_a_recount_is_the_count_of_all_in_order(rows: list[tuple[str, int]], size: int) -> None:
    actions = Actions(size)
    for what, ts in rows:
        if what == "add" or not actions.times:
            actions.add(ts)
        elif what == "move":  # the venue's time of what we have counted at our own
            actions.remove(actions.times[len(actions.times) // 2])
            actions.add(ts)
        else:
            actions.recount()
    actions.recount()
    plain = Actions(size)
    for ts in sorted(actions.times):
        plain.add(ts)
    assert actions.bursts == plain.bursts
    assert not actions.disordered


def test_a_late_cancel_costs_what_follows_it_not_the_day() -> None:
    actions = Actions(10)
    for number in range(20_000):
        actions.add(number * SECOND // 7)
    last = actions.times[-1] + SECOND // 2
    actions.add(last)
    actions.remove(last)
    actions.add(last // SECOND * SECOND)
    looked: list[int] = []

    class Watched(list[int]):
        def __getitem__(self, index: int) -> int:  # type: ignore[override]
            looked.append(index)
            return super().__getitem__(index)

    actions.times = Watched(actions.times)
    actions.recount()
    assert len(looked) < 100
