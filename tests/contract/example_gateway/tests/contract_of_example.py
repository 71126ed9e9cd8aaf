"""What the author of the example runs: pytest tests/contract_of_example.py"""

from pathlib import Path
from typing import Any, cast

import pytest
from homalos_example import CONTRACT, DAY, ExampleGateway

from homalos.gateway.contract import GatewayContract, Venue
from homalos.gateway.registry import GatewayKit, make_gateway
from homalos.kernel.clock import SimClock
from homalos.model.ids import AccountId
from homalos.model.market import Tick


class ExampleVenue(Venue):
    account = AccountId("me")
    instrument = CONTRACT.id
    bid = 3000.0
    ask = 3001.0

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.clock = SimClock(1_788_228_000_000_000_000)
        unused = cast(Any, None)
        kit = GatewayKit(
            self.clock, unused, self.account, folder, unused, unused, lambda name: None,
            lambda: None,
        )  # fmt: skip
        gateway = make_gateway("example", kit)
        assert isinstance(gateway, ExampleGateway)
        self.gateway: ExampleGateway = gateway

    def market(self) -> None:
        now = self.clock.now()
        self.gateway.show(
            Tick(CONTRACT.id, now, now, DAY, 3000.0, 100, None, None, self.bid, 10, self.ask, 10)
        )

    def idle(self) -> None:
        """Nothing is under way: this venue answers at once."""


class TestExample(GatewayContract):
    @pytest.fixture
    def venue(self, tmp_path: Path) -> ExampleVenue:
        return ExampleVenue(tmp_path)
