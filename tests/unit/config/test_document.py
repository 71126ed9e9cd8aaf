"""The reference page and the list of what is set."""

import re
from pathlib import Path

import pytest

from homalos.config.document import listing, reference, values
from homalos.config.faults import Language
from homalos.config.keys import type_of, walk
from homalos.config.loader import load
from homalos.config.schema import Config

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_reference_has_every_key_with_its_text_and_default(language: Language) -> None:
    page = reference(language)
    for info in walk(type_of(Config)):
        line = next(line for line in page.splitlines() if line.startswith(f"| `{info.key}` |"))
        assert (info.zh if language == "zh" else info.en).replace("|", "\\|") in line
    assert "from 1 to 1,000,000" in page if language == "en" else " 1 到 1,000,000 的整数" in page


@pytest.mark.parametrize(("language", "name"), [("en", "config.md"), ("zh", "config_zh.md")])
def test_the_committed_page_is_up_to_date(language: Language, name: str) -> None:
    """Cure: ``homalos config --reference en > docs/config.md``, and ``zh`` for ``config_zh.md``."""
    assert (DOCS / name).read_text(encoding="utf-8") == reference(language)


def test_the_list_shows_each_value_and_where_it_came_from(folder: Path) -> None:
    (folder / "risk.yaml").write_text("max_order_lots: 5\n")
    (folder / "strategies.yaml").write_text("strategies: [{id: a, file: a.py}]\n")
    text = listing(load(folder, overrides=["app.account=me"], environ={}), "zh")
    assert f"risk.max_order_lots = 5  # {folder / 'risk.yaml'}:1:17\n" in text
    assert 'app.account = "me"  # --set app.account\n' in text
    assert 'gateway.td = "sim"\n' in text
    assert f'strategies.0.id = "a"  # {folder / "strategies.yaml"}:1:19\n' in text
    assert "单笔最大手数" in text


def test_every_value_is_listed_once() -> None:
    keys = [key for key, _, _ in values(Config())]
    assert len(keys) == len(set(keys))
    declared = [info.key for info in walk(type_of(Config)) if "*" not in info.key]
    whole = {re.sub(r"\.\d+\..*", "", key) for key in keys}  # a row by its list
    assert whole == set(declared)
