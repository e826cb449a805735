from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from botkit.model.order import TRANSITIONS, OrderChange, OrderStatus


@pytest.fixture
def redrawn(repository: Path) -> Callable[[str], str]:
    script = runpy.run_path(str(repository / "docs" / "diagrams" / "order_states.py"))
    redraw: Callable[[str], str] = script["redrawn"]
    return redraw


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "orders.md").read_text(encoding="utf-8")


def test_the_page_shows_the_table_that_runs(redrawn: Callable[[str], str], page: str) -> None:
    assert page == redrawn(page), "the table has changed; run: python docs/diagrams/order_states.py"


def test_another_table_makes_another_page(
    redrawn: Callable[[str], str], page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TRANSITIONS, (OrderStatus.CANCELED, OrderChange.LAST_FILL), OrderStatus.CANCELED)

    assert page != redrawn(page)


def test_drawing_leaves_the_words_round_it_alone(redrawn: Callable[[str], str], page: str) -> None:
    before, _, rest = page.partition("stateDiagram")
    _, _, after = rest.partition("<!-- end")

    assert redrawn(f"{before}something old<!-- end{after}") == page
