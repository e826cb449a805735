"""`botkit list strategies`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from botkit.cli.app import run

SOURCE = '''\
from typing import Literal

from botkit import Params, Strategy, field


class Pulse(Strategy):
    """Trade once in a while.

    More about it.
    """

    class Params(Params):
        symbol: str
        every: int = field(10, ge=1, le=60, description="seconds between orders")
        share: float = field(0.5, gt=0, lt=1)
        size: float = field(1.0, gt=0)
        kind: Literal["maker", "taker"] = "maker"
        note: str | None = "[bold]"
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pulse.py").write_text(SOURCE)
    return tmp_path


def test_strategies_are_listed_with_ranges_and_what_they_mean(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["list", "strategies", str(folder)]) == 0

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["Trade", "once", "in", "a", "while."] in lines
    assert ["symbol", "string"] in lines
    assert ["every", "integer", "10", "1", "…", "60", "seconds", "between", "orders"] in lines
    assert ["share", "number", "0.5", ">", "0", "…", "<", "1"] in lines
    assert ["size", "number", "1.0", ">", "0", "…"] in lines
    assert ["kind", "string", "maker", "maker", "or", "taker"] in lines
    assert ["note", "string", "[bold]"] in lines


def test_strategies_are_listed_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "strategies", str(folder), "--json"]) == 0

    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["name"] == "pulse"
    assert listed["reference"] == str(folder / "pulse.py")
    assert listed["summary"] == "Trade once in a while."
    assert listed["problem"] == ""
    assert listed["params"][:3] == [
        {"name": "symbol", "type": "string"},
        {
            "name": "every",
            "type": "integer",
            "default": 10,
            "description": "seconds between orders",
            "minimum": 1.0,
            "maximum": 60.0,
        },
        {
            "name": "share",
            "type": "number",
            "default": 0.5,
            "exclusiveMinimum": 0.0,
            "exclusiveMaximum": 1.0,
        },
    ]
    assert listed["params"][4]["enum"] == ["maker", "taker"]


def test_a_broken_strategy_is_listed_with_its_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.py").write_text("import nothing_like_this\n")

    assert run(["list", "strategies", str(folder)]) == 0
    assert "cannot be loaded" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "strategies", str(tmp_path / "none")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_a_place_without_strategies_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "strategies", str(tmp_path)]) == 0
    assert "There are no strategies in" in capsys.readouterr().out
