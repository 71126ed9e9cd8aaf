"""One front and one program at work before it, for the tests of a way to CTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.desk import Desk
from tests.conformance.harness import WAYS
from tests.integration.front import FrontProcess

ACCOUNTS = """accounts:
  - {user: zhang, investor: "880001", password: a-pass-word, app_id: client_demo_1.0,
     auth_code: "0123456789abcdef", cash: 100000000, name: 张三}
"""

MARKET = (
    "exchange.generator_products=[SHFE.ag,DCE.m,CZCE.TA]",
    "exchange.generator_history_bars=240",
    "front.queries_per_s=0",
)
"""Few lots are shown of silver: a large order fills in part."""


@pytest.fixture(scope="module", params=WAYS)
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """Logged in and ready to trade, market data at hand."""
    root: Path = tmp_path_factory.mktemp(request.param)
    program = WAYS[request.param](root)
    front = FrontProcess(root)
    (root / "accounts.yaml").write_text(ACCOUNTS, "utf-8")
    try:
        front.start("--accounts", str(root / "accounts.yaml"), "--speed", "4", sets=MARKET)
        made = Desk(program, front)
        made.come_in()
        yield made
        made.leave()
        assert front.stop() == 0
    finally:
        program.kill()
        front.kill()
