"""Hostile requests to the real daemon; with more noise: ``python tests/soak/faults.py console``."""

from pathlib import Path

from tests.faults import requests


def test_nothing_comes_of_hostile_requests(tmp_path: Path) -> None:
    figures = requests.run(tmp_path, seed=1, count=100)
    assert figures.requests > 200
    assert figures.refused > 200
    assert figures.trades > 0
