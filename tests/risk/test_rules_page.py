from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from botkit.model.events import TradingState
from botkit.risk.limits import InstrumentLimits, RiskLimits
from botkit.risk.rules import RULES


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "risk.md").read_text(encoding="utf-8")


def first_column(page: str, heading: str) -> list[str]:
    """Return the words in the first column of the table that begins with `heading`."""
    table = page[page.index(f"| {heading} |") :].split("\n\n", maxsplit=1)[0]
    return re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)


def test_the_page_names_every_rule_in_the_order_in_which_they_are_asked(page: str) -> None:
    assert first_column(page, "rule") == [*(name for name, _ in RULES), "order_rate"]


def test_the_page_names_every_trading_state(page: str) -> None:
    assert first_column(page, "state") == [state.value for state in TradingState]


def test_the_page_names_every_limit(page: str) -> None:
    settings = {
        field.name for kind in (RiskLimits, InstrumentLimits) for field in msgspec.structs.fields(kind)
    }

    assert {name for name in settings - {"instruments"} if f"`{name}`" not in page} == set()


def test_every_file_that_the_page_sends_a_sceptic_to_is_there(page: str, repository: Path) -> None:
    named = re.findall(r"(?:botkit|tests|configs)/[\w/]+\.(?:py|toml)", page)

    assert len(named) > 8
    assert [name for name in named if not (repository / name).exists()] == []


def test_the_seal_is_where_the_page_says(repository: Path) -> None:
    holders = [
        path.relative_to(repository).as_posix()
        for path in (repository / "botkit").rglob("*.py")
        if "_SEAL" in path.read_text(encoding="utf-8")
    ]

    assert sorted(holders) == ["botkit/risk/approval.py", "botkit/risk/gate.py"]
