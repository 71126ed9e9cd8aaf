"""The whole configuration: one attribute a section, and which file holds which."""

import re
from collections.abc import Iterator
from typing import Annotated, NamedTuple

import msgspec

from homalos.config.faults import Words
from homalos.config.key import Section, key
from homalos.config.sections.app import AppSection
from homalos.config.sections.calendar import CalendarFile
from homalos.config.sections.console import ConsoleSection
from homalos.config.sections.ctp import CtpSection
from homalos.config.sections.exchange import ExchangeSection
from homalos.config.sections.front import FrontSection
from homalos.config.sections.gateway import GatewaySection
from homalos.config.sections.kernel import KernelSection
from homalos.config.sections.logging import LoggingSection
from homalos.config.sections.market import MarketSection
from homalos.config.sections.products import ProductsFile
from homalos.config.sections.risk import RiskSection
from homalos.config.sections.storage import StorageSection
from homalos.config.sections.strategy import StrategyEntry, StrategySection
from homalos.config.sections.trading import TradingSection


class Config(Section):
    """Everything that can be set. Sections stand in ``system.yaml`` unless ``SIBLINGS`` says so."""

    app: AppSection = msgspec.field(default_factory=AppSection)
    gateway: GatewaySection = msgspec.field(default_factory=GatewaySection)
    ctp: CtpSection = msgspec.field(default_factory=CtpSection)
    kernel: KernelSection = msgspec.field(default_factory=KernelSection)
    market: MarketSection = msgspec.field(default_factory=MarketSection)
    exchange: ExchangeSection = msgspec.field(default_factory=ExchangeSection)
    front: FrontSection = msgspec.field(default_factory=FrontSection)
    trading: TradingSection = msgspec.field(default_factory=TradingSection)
    risk: RiskSection = msgspec.field(default_factory=RiskSection)
    strategy: StrategySection = msgspec.field(default_factory=StrategySection)
    storage: StorageSection = msgspec.field(default_factory=StorageSection)
    logging: LoggingSection = msgspec.field(default_factory=LoggingSection)
    console: ConsoleSection = msgspec.field(default_factory=ConsoleSection)
    strategies: Annotated[
        tuple[StrategyEntry, ...],
        key(
            "The strategies, in the order in which they start",
            "策略列表，按启动顺序",
            applies="restart",
        ),
    ] = ()

    products: ProductsFile = msgspec.field(default_factory=ProductsFile)
    calendar: CalendarFile = msgspec.field(default_factory=CalendarFile)

    def faults(self) -> Iterator[tuple[str, str, str]]:
        if "ctp" in (self.gateway.md, self.gateway.td):
            yield from self._ctp_faults()
        seen: set[str] = set()
        for index, entry in enumerate(self.strategies):
            if entry.id in seen:
                yield (
                    f"strategies.{index}.id",
                    f"a second strategy has the id {entry.id}",
                    f"策略 id {entry.id} 重复",
                )
            seen.add(entry.id)
        yield from self._risk_faults()

    def _risk_faults(self) -> Iterator[tuple[str, str, str]]:
        """A limit for a name that nothing has would hold for nothing, and nobody would see it."""
        products = {entry.id for entry in self.products.products}
        if not products:
            return
        exchanges = {name.partition(".")[0] for name in products}
        sectors = {entry.sector for entry in self.products.products}
        named = (
            ("lots_of", tuple(self.risk.lots_of), products | sectors),
            ("day_opens_of", tuple(self.risk.day_opens_of), products),
            ("programme", self.risk.programme_names(), products | exchanges),
            ("instruments_allowed", self.risk.instruments_allowed, products | exchanges),
            ("instruments_denied", self.risk.instruments_denied, products | exchanges),
        )
        for field, names, known in named:
            for name in names:
                if name not in known and product_of(name) not in products:
                    en = f"{name} is no name of products.yaml"
                    yield f"risk.{field}", en, f"products.yaml 中没有 {name}"

    def _ctp_faults(self) -> Iterator[tuple[str, str, str]]:
        """What a line to CTP cannot do without."""
        wanted = [("ctp.broker", self.ctp.broker), ("ctp.md_fronts", self.ctp.md_fronts)]
        if self.gateway.td == "ctp":
            wanted.append(("ctp.td_fronts", self.ctp.td_fronts))
        for name, value in wanted:
            if not value:
                yield name, "gateway ctp needs it", "使用 ctp 通道时必填"


def product_of(contract: str) -> str:
    """``SHFE.rb`` of ``SHFE.rb2605``; "" where there is no month of four digits."""
    match = re.fullmatch(r"(.*[A-Za-z])\d{4}", contract)
    return match[1] if match else ""


TITLES: dict[str, Words] = {
    "app": Words("The daemon as a whole", "守护进程"),
    "gateway": Words("Venues", "交易通道"),
    "ctp": Words("Lines to a broker's CTP fronts", "期货公司 CTP 前置"),
    "kernel": Words("Event step and journal", "事件循环与日志账"),
    "market": Words("Quality gate and bars", "行情检查与K线"),
    "exchange": Words("Simulated exchange", "模拟交易所"),
    "front": Words("Simulated CTP front", "模拟 CTP 前置"),
    "trading": Words("Orders and books", "委托与账本"),
    "risk": Words("Limits of the pre-trade risk rules", "事前风控限额"),
    "strategy": Words("Limits that hold for every strategy", "适用于所有策略的限制"),
    "storage": Words("Store", "存储"),
    "logging": Words("Logs", "日志"),
    "console": Words("Web console", "网页控制台"),
    "strategies": Words("Strategies", "策略"),
    "products": Words("Products", "品种"),
    "calendar": Words("Trading calendar", "交易日历"),
}


class Sibling(NamedTuple):
    """A file beside the main one. ``wrapped``: its keys stand under ``key:`` in the file, too."""

    key: str
    wrapped: bool = False


MAIN_FILE = "system.yaml"
SIBLINGS: dict[str, Sibling] = {
    "risk.yaml": Sibling("risk"),
    "strategies.yaml": Sibling("strategies", wrapped=True),
    "products.yaml": Sibling("products"),
    "calendar.yaml": Sibling("calendar"),
}
