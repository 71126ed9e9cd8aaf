"""Which venue gives the market data, and which takes the orders."""

from collections.abc import Iterator
from typing import Annotated

from homalos.config.key import Section, key

_NAME = r"^[a-z][a-z0-9_-]{0,31}$"


class GatewaySection(Section, frozen=True):
    """Key ``gateway`` of system.yaml. Beside ``sim`` and ``ctp``: names that an installed package
    gives (entry point ``homalos.gateways``), which serve both."""

    md: Annotated[
        str,
        key(
            "Where market data come from: sim, ctp, or the name of an installed gateway. ctp with "
            "td: sim is paper trading on live quotes",
            "行情来源：sim、ctp 或已安装的第三方接口名；md 为 ctp 且 td 为 sim 即实时行情模拟交易",
            pattern=_NAME,
        ),
    ] = "sim"
    td: Annotated[
        str,
        key(
            "Where orders go: sim is the built-in simulated exchange, ctp a broker's front",
            "报单去向：sim 为内置模拟交易所，ctp 为期货公司前置",
            pattern=_NAME,
        ),
    ] = "sim"

    def faults(self) -> Iterator[tuple[str, str, str]]:
        if self.md != self.td and (self.md, self.td) != ("ctp", "sim"):
            pair = f"{self.md} / {self.td}"
            yield (
                "md",
                f"{pair} do not go together: set both alike, or md: ctp with td: sim",
                f"{pair} 不能搭配：两者相同，或 md: ctp 与 td: sim",
            )
