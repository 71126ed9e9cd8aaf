"""Seeded plans of faults: the same seed, the same plan, for runs of hundreds of them."""

from collections.abc import Callable, Sequence

from homalos.exchange.door.fault_spec import RULES, FaultSpec
from homalos.kernel.ids import Random
from homalos.model.enums import Direction, Offset, Side

_TOLD = ("OnRtnOrder", "OnRtnTrade")
_FLOW = (*_TOLD, "OnErrRtnOrderInsert", "OnErrRtnOrderAction")
_ANSWERS = (
    "OnRspUserLogin", "OnRspSettlementInfoConfirm", "OnRspQryInvestorPosition",
    "OnRspQryTradingAccount", "OnRspQryOrder", "OnRspQryTrade", "OnRspOrderInsert",
)  # fmt: skip
_REQUESTS = ("ReqOrderInsert", "ReqOrderAction", "ReqQryTradingAccount", "ReqQryInvestorPosition")
_TICKS = "OnRtnDepthMarketData"

CODES = (31, 36, 50, 116)
"""What an order is refused with: money, the broker's books, today's lots, too often."""
KINDS = tuple(RULES)


def random_plan(
    seed: int,
    *,
    count: int = 4,
    instruments: Sequence[str] = (),
    user: str = "",
    horizon: int = 600,
    kinds: Sequence[str] = KINDS,
) -> tuple[FaultSpec, ...]:
    """``count`` faults, each of them a valid one, that strike within ``horizon`` seconds of
    exchange time or at early frames. Market-side kinds need ``instruments`` (as SHFE.rb2601) and
    are left out without. ``user``: whose lines alone are struck."""
    chance = Random(f"faults:{seed}")
    open_to = [k for k in kinds if instruments or "instrument" not in RULES[k].needs]
    return tuple(
        _fault(chance, chance.choice(open_to), tuple(instruments), user, horizon)
        for _ in range(count)
    )


def _fault(
    chance: Random, kind: str, instruments: tuple[str, ...], user: str, horizon: int
) -> FaultSpec:
    make = _MAKERS.get(kind)
    values = {} if make is None else make(chance)
    rule = RULES[kind]
    if "instrument" in rule.needs:
        values["instrument"] = chance.choice(instruments)
        values["at"] = f"+{chance.randint(1, horizon)}"
    elif rule.timed and chance.random() < 0.5:
        values.pop("sent", None)
        values["at"] = f"+{chance.randint(1, horizon)}"
    if "at" not in values:
        values.setdefault("on", rule.usual or chance.choice(_FLOW))
        values.setdefault("k", chance.randint(1, 6))
    else:
        values.pop("on", None)
        values.pop("k", None)
    if user:
        values["user"] = user
    return FaultSpec(kind=kind, **values)  # type: ignore[arg-type]


def _cut(chance: Random) -> dict[str, object]:
    on = chance.choice((*_FLOW, *_ANSWERS, *_REQUESTS, _TICKS))
    values: dict[str, object] = {"on": on, "sent": chance.random() < 0.5}
    if on == _TICKS:
        values["k"] = chance.randint(1, 300)
    return values


def _lose(chance: Random) -> dict[str, object]:
    return {"on": chance.choice((*_FLOW, *_ANSWERS[2:], "ReqOrderInsert", "ReqOrderAction"))}


def _delay(chance: Random) -> dict[str, object]:
    on = chance.choice((*_FLOW, *_ANSWERS, *_REQUESTS))
    return {"on": on, "ms": chance.choice((20, 100, 400)), "times": chance.randint(1, 4)}


def _duplicate(chance: Random) -> dict[str, object]:
    return {"on": chance.choice(_TOLD), "times": chance.randint(1, 4)}


def _reorder(chance: Random) -> dict[str, object]:
    return {"on": chance.choice(_TOLD), "times": chance.randint(1, 3)}


def _reject(chance: Random) -> dict[str, object]:
    return {"code": chance.choice(CODES), "times": chance.randint(1, 2)}


def _not_ready(chance: Random) -> dict[str, object]:
    return {"code": chance.choice((7, 8)), "k": 1}


def _refuse_login(chance: Random) -> dict[str, object]:
    return {"code": 60, "k": 1}  # one that is worth another try: a wrong password is not


def _busy(chance: Random) -> dict[str, object]:
    return {"code": chance.choice((90, 154)), "times": chance.randint(1, 3)}


def _stall(chance: Random) -> dict[str, object]:
    return {"on": _TICKS, "k": chance.randint(1, 300), "ms": chance.choice((200, 1_000))}


def _foreign_order(chance: Random) -> dict[str, object]:
    return {
        "side": chance.choice(tuple(Side)), "offset": Offset.OPEN, "lots": chance.randint(1, 3),
    }  # fmt: skip


def _force_close(chance: Random) -> dict[str, object]:
    return {"direction": chance.choice(tuple(Direction)), "lots": chance.randint(0, 2)}


def _position(chance: Random) -> dict[str, object]:
    return {
        "direction": chance.choice(tuple(Direction)), "lots": chance.choice((-1, 1, 2)),
        "today": chance.random() < 0.5,
    }  # fmt: skip


def _tick(chance: Random) -> dict[str, object]:
    return {
        "fields": chance.choice(
            (
                {"UpdateTime": "99:99:99"},
                {"UpdateTime": ""},
                {"LastPrice": 1.7976931348623157e308},
            )
        )
    }


_MAKERS: dict[str, Callable[[Random], dict[str, object]]] = {
    "cut": _cut,
    "lose": _lose,
    "delay": _delay,
    "duplicate": _duplicate,
    "reorder": _reorder,
    "reject": _reject,
    "refuse_login": _refuse_login,
    "not_ready": _not_ready,
    "busy": _busy,
    "stall": _stall,
    "foreign_order": _foreign_order,
    "force_close": _force_close,
    "position": _position,
    "tick": _tick,
}
"""What chance decides of a kind, beside its time."""
