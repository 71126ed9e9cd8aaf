"""A fault as data: which kinds there are, what each takes, and what is wrong with one.

One reader serves the file of ``--faults`` and the control door (JSON is YAML too), so both say the
same of the same mistake.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec

from homalos.config.faults import ConfigError, Fault, Layer, Place, Words
from homalos.config.key import Section, key
from homalos.config.shape import BAD, Shaper
from homalos.config.yamltree import Node, parse
from homalos.ctp import abi
from homalos.model.enums import Direction, Offset, Side, TimeInForce
from homalos.model.times import DAY, HOUR, MINUTE, SECOND, china_day, china_midnight

Kind = Literal[
    "cut", "lose", "delay", "duplicate", "reorder", "reject", "refuse_login", "not_ready", "busy",
    "stall", "clear_flows", "foreign_order", "force_close", "position", "tick",
]  # fmt: skip

_FILE_MAX = 1 << 20
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_AFTER = re.compile(r"\+(\d{1,6}(?:\.\d{1,3})?)")


class FaultSpec(Section, frozen=True):
    """One fault. It strikes at the ``k``-th frame ``on`` (and the ``times - 1`` after it), or
    once, ``at`` an exchange time."""

    kind: Annotated[Kind, key("What happens.", "故障类型。")]
    on: Annotated[
        str,
        key("Method of the API, as OnRtnOrder, ReqQry*.", "API 方法名，如 OnRtnOrder、ReqQry*。"),
    ] = ""
    at: Annotated[
        str, key("Exchange time 10:31:00, or +90 (s).", "交易所时间 10:31:00，或 +90（秒）。")
    ] = ""
    k: Annotated[int, key("From which occurrence on.", "从第几次起。", ge=1, le=1_000_000)] = 1
    times: Annotated[int, key("How often; 0: always.", "次数；0 为一直。", ge=0)] = 1
    ms: Annotated[int, key("Real milliseconds.", "实际毫秒数。", ge=0, le=3_600_000)] = 0
    code: Annotated[int, key("CTP's ErrorID.", "CTP 错误码。", ge=0, le=99_999)] = 0
    sent: Annotated[bool, key("The frame gets out before the cut.", "断线前该帧已发出。")] = False
    user: Annotated[str, key("Only lines of this user.", "仅此用户的连接。")] = ""
    line: Annotated[Literal["", "md", "td"], key("Only md or td.", "仅 md 或 td。")] = ""
    account: Annotated[str, key("InvestorID.", "投资者代码。")] = ""
    instrument: Annotated[str, key("Contract, as SHFE.rb2601.", "合约，如 SHFE.rb2601。")] = ""
    side: Annotated[Side | None, key("buy or sell.", "buy 买 | sell 卖。")] = None
    offset: Annotated[Offset, key("Of the order.", "开平。")] = Offset.OPEN
    direction: Annotated[Direction | None, key("long or short.", "long 多 | short 空。")] = None
    lots: Annotated[int, key("Lots.", "手数。", ge=-1_000_000, le=1_000_000)] = 0
    price: Annotated[float, key("Price.", "价格。", gt=0)] | None = None
    tif: Annotated[TimeInForce, key("gfd, fak or fok.", "gfd | fak | fok。")] = TimeInForce.GFD
    today: Annotated[bool, key("Lots of today.", "今仓。")] = True
    fields: Annotated[
        dict[str, str | int | float], key("Of DepthMarketData.", "DepthMarketData 的字段。")
    ] = msgspec.field(default_factory=dict)

    def faults(self) -> Iterable[tuple[str, str]]:
        rule = RULES[self.kind]
        yield from _strays(self, rule)
        yield from _missing(self, rule)
        yield from _trigger(self, rule)
        if self.kind == "foreign_order" and self.lots < 1:
            yield "lots", "at least one lot is wanted / 至少 1 手"
        if self.kind == "force_close" and self.lots < 0:
            yield "lots", "0 (all of it) or more / 应为 0（全部）或正数"

    def name(self) -> str:
        """``on`` as it holds: the kind's own where none is given; "" for a fault of a time."""
        return self.on or ("" if self.at else RULES[self.kind].usual)

    def matches(self, name: str) -> bool:
        mine = self.name()
        return name.startswith(mine[:-1]) if mine.endswith("*") else name == mine


class Rule(NamedTuple):
    """What a kind takes. ``way``: frames it may be on: ``in``, ``out``, both, or none."""

    way: Literal["in", "out", "both"]
    timed: bool = False
    usual: str = ""
    code: int = 0
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


_MARKET = ("account", "instrument")
RULES: dict[str, Rule] = {
    "cut": Rule("both", timed=True, takes=("sent",)),
    "lose": Rule("both"),
    "delay": Rule("both", needs=("ms",)),
    "duplicate": Rule("out"),
    "reorder": Rule("out"),
    "reject": Rule("in", needs=("code",), usual="ReqOrderInsert"),
    "refuse_login": Rule("in", usual="ReqUserLogin", code=3, takes=("code",)),
    "not_ready": Rule("in", usual="ReqUserLogin", code=7, takes=("code",)),
    "busy": Rule("in", usual="ReqQry*", code=90, takes=("code",)),
    "stall": Rule("both", timed=True, needs=("ms",)),
    "clear_flows": Rule("both", timed=True),
    "foreign_order": Rule(
        "both", timed=True, needs=("instrument", "side", "lots"),
        takes=(*_MARKET, "offset", "price", "tif"),
    ),
    "force_close": Rule(
        "both", timed=True, needs=("instrument", "direction"), takes=(*_MARKET, "lots"),
    ),
    "position": Rule(
        "both", timed=True, needs=("instrument", "direction", "lots"),
        takes=(*_MARKET, "price", "today"),
    ),
    "tick": Rule("both", timed=True, needs=("instrument", "fields")),
}  # fmt: skip
_EVERY = frozenset({"kind", "on", "at", "k", "times", "user", "line"})


def _strays(spec: FaultSpec, rule: Rule) -> Iterable[tuple[str, str]]:
    allowed = _EVERY | {*rule.needs, *rule.takes}
    for field in msgspec.structs.fields(FaultSpec):
        usual = {} if field.name == "fields" else field.default
        if field.name not in allowed and getattr(spec, field.name) != usual:
            yield field.name, f"{spec.kind} takes no {field.name} / {spec.kind} 不用 {field.name}"


def _missing(spec: FaultSpec, rule: Rule) -> Iterable[tuple[str, str]]:
    for name in rule.needs:
        if not getattr(spec, name):
            yield "", f"{spec.kind} needs {name} / {spec.kind} 需要 {name}"


def _trigger(spec: FaultSpec, rule: Rule) -> Iterable[tuple[str, str]]:
    if spec.on and spec.at:
        yield "at", "either on or at, not both / on 与 at 只能填一个"
    elif spec.at and not rule.timed:
        yield "at", f"{spec.kind} strikes a frame: give on / {spec.kind} 作用于报文：请填 on"
    elif spec.at and (_CLOCK.fullmatch(spec.at) or _AFTER.fullmatch(spec.at)) is None:
        yield "at", 'an exchange time is wanted, "10:31:00" or "+90" / 应为 "10:31:00" 或 "+90"'
    elif not spec.name() and not spec.at:
        yield "", f"{spec.kind} needs on or at / {spec.kind} 需要 on 或 at"
    if spec.at and (spec.k, spec.times) != (1, 1):
        yield "at", "a fault of a time strikes once: no k, no times / 定时故障只发生一次"
    if spec.on:
        yield from _method(spec, rule)


def _method(spec: FaultSpec, rule: Rule) -> Iterable[tuple[str, str]]:
    known = _names(rule.way)
    stem = spec.on.removesuffix("*")
    if (spec.on.endswith("*") and any(n.startswith(stem) for n in known)) or stem in known:
        return
    if spec.on in _names("both"):
        which = "requests (Req…)" if rule.way == "in" else "callbacks (On…)"
        zh = "请求（Req…）" if rule.way == "in" else "回调（On…）"
        yield "on", f"{spec.kind} strikes {which} only / {spec.kind} 只作用于{zh}"
        return
    close = difflib.get_close_matches(spec.on, known, n=1)
    hint = (
        f": did you mean {close[0]}? / 没有这个方法：是否指 {close[0]}？"
        if close
        else " / 没有这个方法"
    )
    yield "on", f"the API has no such method{hint}"


@cache
def _names(way: str) -> frozenset[str]:
    facts = abi.load()
    calls = {m.name for m in (*facts.md_api, *facts.td_api) if m.name.startswith("Req")}
    calls |= {m.name for m in facts.md_api if m.name.startswith(("Subscribe", "UnSubscribe"))}
    told = {m.name for m in (*facts.md_spi, *facts.td_spi) if m.name.startswith("On")}
    told -= {"OnFrontConnected", "OnFrontDisconnected", "OnHeartBeatWarning"}
    return frozenset(calls if way == "in" else told if way == "out" else calls | told)


def moment(at: str, now: int) -> int:
    """When ``at`` is, exchange time: the next such time of day from ``now`` on, or so many seconds
    after it."""
    if (found := _AFTER.fullmatch(at)) is not None:
        return now + round(float(found[1]) * SECOND)
    found = _CLOCK.fullmatch(at)
    assert found is not None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    when = china_midnight(china_day(now)) + hours * HOUR + minutes * MINUTE + seconds * SECOND
    return when if when >= now else when + DAY


# ------------------------------------------------------------------ reading


class _File(Section, frozen=True):
    faults: Annotated[tuple[FaultSpec, ...], key("One entry a fault.", "每个故障一项。")] = ()


def read_faults(path: Path) -> tuple[FaultSpec, ...]:
    """Faults of a YAML or JSON file, ``faults:`` or the list itself. ``ConfigError``: everything
    that is wrong with it, place and cure."""
    place = Place(Layer.FILE, str(path))
    try:
        raw = path.read_bytes()
        if len(raw) > _FILE_MAX:
            raise OSError(f"larger than {_FILE_MAX >> 20} MiB")
        text = raw.decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        words = Words(f"cannot be read: {reason}", f"无法读取：{reason}")
        raise ConfigError([Fault(place, "", words)]) from None
    except UnicodeDecodeError:
        words = Words("this is not UTF-8 text: save it as UTF-8", "不是 UTF-8 文本，请另存为 UTF-8")
        raise ConfigError([Fault(place, "", words)]) from None
    return parse_faults(text, place)


def parse_faults(text: str, place: Place) -> tuple[FaultSpec, ...]:
    """Faults of a text: a list of them, one alone, or a mapping ``faults:``. ``ConfigError``."""
    node, faults = parse(text, place)
    if faults:
        raise ConfigError(faults)
    if node is None or node.null:
        return ()
    value = node.value
    if isinstance(value, dict) and "kind" in value:
        node = Node(node.place, [node])
    if isinstance(node.value, list):
        node = Node(node.place, {"faults": node})
    shaper = Shaper()
    found = shaper.value(node, msgspec.inspect.type_info(_File), "")
    if shaper.faults or found is BAD:
        raise ConfigError(shaper.faults)
    specs: Sequence[FaultSpec] = found.faults
    return tuple(specs)
