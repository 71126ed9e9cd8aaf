import pytest
from tests.unit.gateway.ctp.hand import Hand

from homalos.gateway.ctp.errors import CAUSES, Reaction, cause, dropped, explain
from homalos.gateway.ctp.link import TABLE, UP, Backoff, Link, Noise, State
from homalos.model.enums import Channel, Severity


class Bench:
    def __init__(self, patient: frozenset[int] = frozenset()) -> None:
        self.hand = Hand()
        self.alarms: list[tuple[Severity, str]] = []
        self.tries = 0
        self.link = Link(
            Channel.TRADING, self.hand, self.hand.call_later,
            lambda severity, text: self.alarms.append((severity, text)), patient=patient,
        )  # fmt: skip

    def again(self) -> None:
        self.tries += 1

    def fail(self, code: int, message: str = "") -> bool:
        return self.link.fail("login", code, message, self.again)


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.link.enter(State.CONNECTED)
    return made


def test_every_state_has_its_row_and_every_one_can_be_reached_and_closed() -> None:
    assert set(TABLE) == set(State)
    reached = set().union(*TABLE.values())
    assert reached == set(State)
    for state in State:
        seen, queue = {state}, [state]
        while queue:
            new = TABLE[queue.pop()] - seen
            seen |= new
            queue += new
        assert State.STOPPED in seen
        assert State.READY in seen


def test_the_way_of_trading_and_the_way_of_market_data(bench: Bench) -> None:
    way = (
        State.AUTHENTICATED, State.LOGGED_IN, State.CONFIRMED, State.QUERYING, State.READY,
    )  # fmt: skip
    for state in way:
        assert not bench.link.health().ready
        bench.link.enter(state)
    assert bench.link.health().ready
    market = Bench().link
    for state in (State.CONNECTED, State.LOGGED_IN, State.READY):
        market.enter(state)


@pytest.mark.parametrize(
    ("at", "to"),
    [
        (State.CONNECTED, State.READY), (State.CONNECTED, State.QUERYING),
        (State.AUTHENTICATED, State.CONFIRMED), (State.READY, State.LOGGED_IN),
        (State.CLOSING, State.CONNECTED), (State.STOPPED, State.CONNECTED),
    ],
)  # fmt: skip
def test_a_step_that_the_table_does_not_have_is_refused(at: State, to: State) -> None:
    link = Bench().link
    link.state = at
    with pytest.raises(ValueError, match=f"{at} cannot become {to}"):
        link.enter(to)
    assert link.state is at


@pytest.mark.parametrize("code", [1, 7, 8, 35, 60, 90, 154, 5002, -1, -3, 0])
def test_what_passes_by_itself_is_tried_without_end_ever_more_slowly(code: int) -> None:
    bench = Bench()
    bench.link.enter(State.CONNECTED)
    waits = []
    for tries in range(10):
        assert bench.fail(code)
        begun = bench.hand.ns
        while bench.tries == tries:
            bench.hand.go(0.5)
        waits.append(round((bench.hand.ns - begun) / 1e9))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert bench.link.state is State.CONNECTED
    assert all(severity is Severity.WARNING for severity, _ in bench.alarms)


@pytest.mark.parametrize("code", [3, 48, 75, 140, 141, 143, 144, 4060, 12, 9, 3039, 77])
def test_what_a_human_must_mend_is_never_tried_again(code: int) -> None:
    bench = Bench()
    bench.link.enter(State.CONNECTED)
    assert not bench.fail(code, "venue's words")
    assert bench.link.state is State.STOPPED
    bench.hand.go(10_000)
    assert bench.tries == 0
    ((severity, text),) = bench.alarms
    assert severity is Severity.CRITICAL
    assert f"{code} venue's words" in text
    assert cause(code).zh in text
    assert cause(code).en in text
    bench.link.lost(4097)
    assert bench.link.state is State.STOPPED, "the library's own reconnect starts nothing"
    assert not bench.fail(7)


@pytest.mark.parametrize("code", [63, 4042, 999_999])
def test_the_doubtful_and_the_unknown_are_tried_once_more_even_over_a_cut(code: int) -> None:
    bench = Bench()
    bench.link.enter(State.CONNECTED)
    assert bench.fail(code)
    bench.hand.go(1)
    assert bench.tries == 1
    bench.link.lost(4097)
    bench.link.enter(State.CONNECTED)
    assert not bench.fail(code)
    assert bench.link.state is State.STOPPED


def test_a_patient_line_tries_a_wrong_login_again() -> None:
    bench = Bench(patient=frozenset({3}))
    bench.link.enter(State.CONNECTED)
    for _ in range(5):
        assert bench.fail(3)


def test_a_front_that_cuts_with_each_refusal_is_not_asked_at_each_reconnect(bench: Bench) -> None:
    for _ in range(4):
        bench.fail(7)
        bench.link.lost(4097)
        bench.link.enter(State.CONNECTED)
    bench.link.begin(bench.again)
    assert bench.tries == 0
    bench.hand.go(7.9)
    assert bench.tries == 0, "the wait goes on over the cut"
    bench.hand.go(0.2)
    assert bench.tries == 1


def test_a_retry_is_forgotten_when_the_line_drops(bench: Bench) -> None:
    bench.fail(7)
    bench.link.lost(4097)
    assert bench.link.state is State.DOWN
    bench.hand.go(100)
    assert bench.tries == 0
    assert bench.hand.pending == 0


def test_ready_forgives(bench: Bench) -> None:
    bench.fail(63)
    bench.link.enter(State.LOGGED_IN)
    bench.link.enter(State.READY)
    health = bench.link.health()
    assert (health.code, health.message, health.retries) == (0, "", 0)
    bench.link.lost(4097)
    bench.link.enter(State.CONNECTED)
    assert bench.fail(63), "counted anew"


def test_a_step_without_an_answer_is_tried_again(bench: Bench) -> None:
    bench.link.expect("login", 10, bench.again)
    bench.hand.go(9.9)
    assert bench.link.health().retries == 0
    bench.hand.go(1.2)
    assert bench.tries == 1
    assert "no answer" in bench.link.health().message


def test_an_answer_in_time_ends_the_waiting(bench: Bench) -> None:
    bench.link.expect("login", 10, bench.again)
    bench.link.enter(State.LOGGED_IN)
    bench.hand.go(100)
    assert bench.tries == 0
    assert bench.link.health().retries == 0


def test_health_tells_state_since_and_the_last_error() -> None:
    bench = Bench()
    bench.hand.event_time = 500
    bench.link.enter(State.CONNECTED)
    bench.fail(8, "前置不活跃")
    health = bench.link.health()
    assert (health.state, health.since, health.code, health.message, health.retries) == (
        "connected", 500, 8, "前置不活跃", 1,
    )  # fmt: skip
    bench.link.lost(8193)
    assert "heartbeat" in bench.link.health().message


def test_endless_noise_is_told_ever_more_rarely() -> None:
    noise = Noise()
    told = [n for n in range(1, 2_000) if noise.heard()]
    assert told == [1, 2, 3, 10, 30, 100, 300, 1000]
    noise.reset()
    assert noise.heard()


def test_alarms_of_an_endless_failure_are_rare(bench: Bench) -> None:
    for _ in range(500):
        bench.fail(7)
    assert len(bench.alarms) == 7


def test_closing_ends_retries_and_stays_closed(bench: Bench) -> None:
    bench.fail(7)
    bench.link.enter(State.CLOSING)
    bench.link.lost(4097)
    assert bench.link.state is State.CLOSING
    bench.hand.go(100)
    assert bench.tries == 0
    bench.link.enter(State.STOPPED)
    bench.link.enter(State.DOWN)


def test_backoff_doubles_up_to_its_limit() -> None:
    assert [Backoff(0.5, 3).wait(n) for n in (1, 2, 3, 4, 1000)] == [0.5, 1, 2, 3, 3]


def test_every_cause_has_words_in_both_languages() -> None:
    for code, found in CAUSES.items():
        assert bool(found.zh) == bool(found.en)
        assert found.zh or found.reaction is Reaction.LOGGED_IN, code
    assert "swapped" in explain("login", 77, "无此功能")
    assert "0x1001" in dropped(4097)
    assert "unknown" in dropped(1)
    assert State.STOPPED not in UP
