"""The contract over vnpy-ctp's binding and the drop-in libraries. One process holds one set of CTP
libraries, so ``test_ctp_gateway.py`` runs this file in a pytest of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.ctp_venue import CtpVenue, FloorProcess

from homalos.gateway.contract import GatewayContract


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FloorProcess]:
    process = FloorProcess(tmp_path_factory.mktemp("floor"))
    yield process
    process.close()


class TestCtpOverVnpy(GatewayContract):
    @pytest.fixture
    def venue(self, tmp_path: Path, floor: FloorProcess) -> Iterator[CtpVenue]:  # type: ignore[override]
        venue = CtpVenue(floor, tmp_path, binding="vnpy")
        yield venue
        venue.dispose()
