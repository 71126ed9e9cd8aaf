"""What has held: a second of event time, or a second tick of every contract that began it."""

from homalos.model.ids import InstrumentId
from homalos.model.times import MILLISECOND, SECOND
from homalos.trading.watch.lasting import Lasting

RB, M = InstrumentId("SHFE.rb2605"), InstrumentId("DCE.m2605")
NONE: frozenset[InstrumentId] = frozenset()


def at(value: float = 0.0) -> Lasting:
    return Lasting(value)


def test_one_bad_tick_is_nothing() -> None:
    value = at()
    value.look(-900.0, 0, {RB})
    assert (value.value, value.waits) == (0.0, True)
    value.look(0.0, SECOND // 2, {RB})
    assert (value.value, value.waits) == (0.0, False)


def test_a_second_tick_of_the_same_contract_confirms_it() -> None:
    value = at()
    value.look(-900.0, 0, {RB})
    value.look(-900.0, 250 * MILLISECOND, {M})
    assert value.value == 0.0, "a tick of another contract says nothing about this one"
    value.look(-800.0, 500 * MILLISECOND, {RB})
    assert value.value == -800.0, "the nearest of both"
    value.look(-850.0, SECOND, {RB})
    value.look(-900.0, SECOND + 1, {RB})
    assert value.value == -850.0


def test_two_contracts_that_began_it_have_both_to_tick_again() -> None:
    value = at()
    value.look(-900.0, 0, {RB, M})
    value.look(-900.0, 250 * MILLISECOND, {RB})
    assert value.value == 0.0
    value.look(-900.0, 500 * MILLISECOND, {M})
    assert value.value == -900.0


def test_a_second_confirms_it_without_a_tick() -> None:
    value = at()
    value.look(-900.0, 0, NONE)
    value.look(-900.0, SECOND - 1, NONE)
    assert value.value == 0.0
    value.look(-900.0, SECOND, NONE)
    assert (value.value, value.waits) == (-900.0, False)


def test_a_turn_begins_anew() -> None:
    value = at()
    value.look(-900.0, 0, NONE)
    value.look(500.0, 900 * MILLISECOND, NONE)
    value.look(-900.0, SECOND, NONE)
    assert value.value == 0.0
    value.look(-900.0, 2 * SECOND, NONE)
    assert value.value == -900.0


def test_a_fall_that_goes_on_is_followed() -> None:
    value = at()
    for step in range(1, 9):
        value.look(-100.0 * step, step * SECOND // 2, {RB})
    assert value.value is not None
    assert value.value <= -600.0


def test_the_first_value_of_all_needs_its_second() -> None:
    value = Lasting()
    value.look(-900.0, 0, {RB})
    value.look(-900.0, SECOND // 2, {RB})
    assert value.value is None
    value.look(-100.0, SECOND, {RB})
    assert (value.value, value.waits) == (-100.0, False)
