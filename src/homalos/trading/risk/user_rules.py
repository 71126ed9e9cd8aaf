"""The trader's own rules: loaded from a folder, isolated, measured, asked after ours.

A file that cannot be loaded at the start denies what does not reduce until it is mended: a limit
that silently is not there is worse. An edit that cannot be loaded changes nothing and is told. A
rule that raises denies that order; one that raised ``ERRORS`` times in a row, or had to be stopped,
is not called again and denies likewise. Orders that reduce are then let pass: nobody is locked in
by a fault of code.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from homalos.config.sections.risk import RiskSection
from homalos.kernel.bus import Bus
from homalos.model.enums import Severity
from homalos.model.events import AlertRaised, Audited, Denial, RiskRulesEdited
from homalos.model.times import MILLISECOND, MINUTE, china_time_of_day
from homalos.model.trading import Order
from homalos.trading.books import Books
from homalos.trading.exposure import UNITS
from homalos.trading.risk.gate import RiskGate
from homalos.trading.risk.user import Facts, UserRule
from homalos.trading.risk.user_files import RuleFileError, RuleSource, where
from homalos.trading.risk.view import RiskView

MICROSECOND = MILLISECOND // 1_000
ERRORS = 5
"""In a row, after which a rule is not called any more."""

Guarded = Callable[..., BaseException | None]
"""Calls a function of the trader's; answers what it raised."""


def plain_call(owner: str, function: Callable[..., object], *args: Any) -> BaseException | None:
    """Without a watch over the time."""
    try:
        function(*args)
    except Exception as error:  # noqa: BLE001  isolation: whatever it raises
        return error
    return None


class _Loaded:
    """One file. ``rule`` None: it could not be loaded."""

    def __init__(
        self, name: str, path: Path, source: RuleSource | None, rule: UserRule | None
    ) -> None:
        self.name = name
        self.path = path
        self.sha256 = "" if source is None else source.sha256
        self.text = "" if source is None else source.text.decode(errors="replace")
        self.rule = rule
        self.broken = ""
        """Why it is not called any more."""
        self.errors = 0
        self.slow = 0
        self._answer: object = None

    def ask(self, order: Order, facts: Facts) -> None:
        assert self.rule is not None
        self._answer = self.rule.check(order, facts)

    def answer(self) -> object:
        """What was answered since this was last asked; ``None``: nothing."""
        answer, self._answer = self._answer, None
        return answer


class UserRules:
    """See the module; ``gate.MoreRules``. ``call``: what stops a rule that does not return."""

    def __init__(
        self, folder: Path, bus: Bus, section: RiskSection, gate: RiskGate,
        call: Guarded = plain_call,
    ) -> None:  # fmt: skip
        self._folder = folder
        self._bus = bus
        self._call = call
        self._slow_ns = section.user_rule_us * MICROSECOND
        self._rules: dict[str, _Loaded] = {}
        self._gate = gate

    def attach(self) -> None:
        """Load the folder, and again whenever it is said to have changed."""
        self._bus.subscribe(RiskRulesEdited, self._on_edited, actor="risk rules", role="risk")
        self.load()

    def configure(self, section: RiskSection) -> None:
        self._slow_ns = section.user_rule_us * MICROSECOND

    # ------------------------------------------------------------ loading

    def load(self, who: str = "start") -> None:
        """Bring the folder in: new and edited files, and forget what is gone."""
        found = files(self._folder)
        for path in found:
            self._load(path, who)
        gone = self._rules.keys() - {f"user.{path.stem}" for path in found}
        for name in sorted(gone):
            del self._rules[name]
            self._audit(who, name, "taken away / 已移走")
        self._gate.more = self if self._rules else None

    def _load(self, path: Path, who: str) -> None:
        name = f"user.{path.stem}"
        known = self._rules.get(name)
        try:
            source = RuleSource(path)
            if known is not None and known.sha256 == source.sha256:
                return
            rule = self._make(source)
        except RuleFileError as error:
            self._refuse(name, path, known, who, str(error))
            return
        self._rules[name] = _Loaded(name, path, source, rule)
        self._audit(who, name, f"loaded / 已加载 {source.sha256[:12]}")

    def _make(self, source: RuleSource) -> UserRule:
        made: list[UserRule] = []
        fault = self._call(f"risk rule {source.name}", lambda: made.append(source.make()))
        if isinstance(fault, RuleFileError):
            raise fault
        if fault is not None or not made:
            text = "no rule" if fault is None else where(source.path, fault)
            raise RuleFileError(f"{text}: mend it, or take it away / 请修正或移走该文件")
        return made[0]

    def _refuse(self, name: str, path: Path, known: _Loaded | None, who: str, why: str) -> None:
        if known is None or known.rule is None:
            broken = self._rules[name] = _Loaded(name, path, None, None)
            broken.broken = why
            text = (
                f"risk rule not loaded, only orders that reduce pass / 规则未加载，仅许减仓: {why}"
            )
        else:
            text = (
                f"edit of a risk rule refused, the old one holds / 规则修改无效，旧规则继续: {why}"
            )
        self._alert(Severity.CRITICAL, text)
        self._audit(who, name, f"refused / 拒绝: {why}")

    def _on_edited(self, event: RiskRulesEdited) -> None:
        self.load(event.who)

    # ------------------------------------------------------------ asking

    def check(self, order: Order, view: RiskView, money: Books) -> tuple[Denial, ...]:
        """Every denial of theirs."""
        asked = [
            loaded
            for loaded in self._rules.values()
            if not view.reducing
            or (not loaded.broken and loaded.rule is not None and loaded.rule.for_reducing)
        ]
        if not asked:
            return ()
        facts = facts_of(view, money)
        denials = (self._ask(loaded, order, facts) for loaded in asked)
        return tuple(denial for denial in denials if denial is not None)

    def _ask(self, loaded: _Loaded, order: Order, facts: Facts) -> Denial | None:
        if loaded.broken:
            return Denial(loaded.name, 0.0, 0.0, loaded.broken)
        monotonic = self._bus.clock.monotonic
        begin = monotonic()
        fault = self._call(f"risk rule {loaded.name}", loaded.ask, order, facts)
        took = monotonic() - begin
        if took > self._slow_ns:
            self._note_slow(loaded, took)
        answer = loaded.answer()
        if fault is None and not (answer is None or isinstance(answer, str)):
            fault = TypeError(f"check answered {type(answer).__name__}, not text or None")
        if fault is not None:
            return self._failed(loaded, fault)
        loaded.errors = 0
        return None if answer is None else Denial(loaded.name, 0.0, 0.0, f"{answer}" or loaded.name)

    def _failed(self, loaded: _Loaded, fault: BaseException) -> Denial:
        text = where(loaded.path, fault)
        loaded.errors += 1
        if loaded.errors >= ERRORS or not isinstance(fault, Exception):
            loaded.broken = f"{text}: not called any more: mend the file / 规则已停用，请修正文件"
            self._alert(
                Severity.CRITICAL, f"risk rule stopped, only orders that reduce pass: {text}"
            )
        elif loaded.errors == 1:
            self._alert(Severity.ERROR, f"a risk rule raised, the order was denied: {text}")
        return Denial(loaded.name, 0.0, 0.0, text)

    def _note_slow(self, loaded: _Loaded, took: int) -> None:
        loaded.slow += 1
        if str(loaded.slow).strip("0") == "1":  # the 1st, 10th, 100th ...
            text = f"{loaded.name} took {took / MICROSECOND:.0f} us (slow call {loaded.slow})"
            self._alert(Severity.WARNING, f"{text} / 规则过慢")

    # ------------------------------------------------------------ telling

    def _alert(self, severity: Severity, text: str) -> None:
        self._bus.publish(AlertRaised(severity, "risk rules", text, self._bus.clock.now()))

    def _audit(self, who: str, name: str, result: str) -> None:
        self._bus.publish(Audited(who, "risk rule", name, result, self._bus.clock.now()))

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._rules))

    def state(self) -> tuple[object, ...]:
        return tuple(sorted((loaded.name, loaded.sha256) for loaded in self._rules.values()))

    def sources(self) -> dict[str, str]:
        """By name, the text of every rule in force ("": none could be loaded), for the record of
        versions."""
        return {name: loaded.text for name, loaded in sorted(self._rules.items())}


def files(folder: Path) -> list[Path]:
    """The rule files of a folder, in order of name; those that begin with ``_`` are not."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def facts_of(view: RiskView, money: Books) -> Facts:
    """What the trader's rules may see, as values: nothing they do to it reaches the books."""
    contract, place = view.contract, view.place
    exposure, account = place.exposure, place.exposure.account
    equity, used, available = money.funds()
    phase, now = view.phase, view.now
    return Facts(
        now, china_time_of_day(now) // MINUTE, view.state.value,
        None if phase is None else phase.value, place.product.name, view.sector,
        contract.multiplier, view.instrument.tick_size, view.last_price, view.opposite,
        view.upper_limit, view.lower_limit, view.quote_time, view.reducing,
        contract.long.lots, contract.short.lots, view.working.buy, view.working.sell,
        view.book_net, place.product.net, place.product.gross, account.net, account.gross,
        view.value, exposure.gross_units / UNITS, exposure.net_units / UNITS,
        equity, used, available, view.open_orders,
        len(view.account_sent.orders), len(view.account_sent.cancels),
        len(view.strategy_sent.orders), len(view.strategy_sent.cancels),
    )  # fmt: skip
