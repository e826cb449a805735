"""The page for strategy authors, docs/strategies.md: its examples run and its tables are complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from botkit import Params, Strategy, TaskDone
from botkit.config.load import read_settings
from botkit.strategy.strategy import HOOKS
from botkit.testing import Market

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TOML = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(source, "docs/strategies.md", "exec", dont_inherit=True), names)
    return names


def example(name: str) -> dict[str, Any]:
    (source,) = (each for each in PYTHON if name in each)
    return run(source)


def test_a_strategy_takes_25_lines_and_its_test_10() -> None:
    written, tested = PYTHON[:2]

    assert len(written.splitlines()) <= 25
    assert len([line for line in tested.splitlines() if line]) <= 10


@pytest.mark.parametrize("source", PYTHON, ids=range(len(PYTHON)))
def test_every_example_runs(source: str) -> None:
    assert run(source)


def test_the_first_example_passes_the_test_of_the_second() -> None:
    tested = run(PYTHON[1].replace("from strategies.ema_cross import EmaCross", PYTHON[0]))

    tested["test_it_is_long_while_the_trend_is_up"]()


def test_the_test_on_the_page_passes_with_the_sample_that_is_shipped() -> None:
    run(PYTHON[1])["test_it_is_long_while_the_trend_is_up"]()


def test_what_is_to_be_remembered_is_remembered() -> None:
    market = Market("BTC-USDT")
    strategy = market.run(example("class OncePerLevel")["OncePerLevel"])
    market.quote(99, 101)

    strategy.buy("BTC-USDT", 1)
    market.quote(99, 101)

    assert strategy.state.bought_at == ["101.00"]


def test_the_score_arrives_as_an_event() -> None:
    market = Market("BTC-USDT")
    market.run(example("class Mood")["Mood"])

    market.wait("5m")
    market.finish("score", {"score": 0.5})

    assert [(note.text, note.fields) for note in market.notes] == [("a new score", {"score": "0.5"})]


def test_a_score_that_does_not_come_is_only_logged() -> None:
    market = Market("BTC-USDT")
    mood = market.run(example("class Mood")["Mood"])

    mood.on_task(TaskDone(recv_ns=market.now_ns, strategy="Mood", name="score", error="timeout"))
    market.quote(99, 101)

    assert [note.level for note in market.notes] == ["warning"]


def test_the_configuration_on_the_page_is_one() -> None:
    (text,) = TOML
    settings = read_settings(text)

    params = settings.params_of("ema", run(PYTHON[0])["EmaCross"].Params)
    assert isinstance(params, Params)
    assert params.model_dump()["slow"] == 20


def test_every_hook_is_in_the_table() -> None:
    assert re.findall(r"^\| `(on_\w+)\(", PAGE, re.MULTILINE) == list(HOOKS)


def test_every_verb_is_in_the_table() -> None:
    table = PAGE[PAGE.index("## Verbs") : PAGE.index("## Remember")]
    verbs = {
        name
        for kind in Strategy.__mro__[:-1]
        for name in vars(kind)
        if not name.startswith(("_", "on_")) and name not in {"Params", "State"}
    }

    assert {verb for verb in verbs if not re.search(rf"`{verb}\b", table)} == set()


def test_every_word_of_a_script_is_in_the_table() -> None:
    methods = [name for name in vars(Market) if not name.startswith("_")]

    assert [name for name in methods if not re.search(rf"`(market\.)?{name}\b", PAGE)] == []


def test_the_example_of_the_design_runs_as_it_is_written(shared: Path) -> None:
    design = (shared / "DESIGN.md").read_text(encoding="utf-8")
    (source,) = (each for each in re.findall(r"```python\n(.*?)```", design, re.DOTALL) if "Strategy" in each)
    market = Market("BTC-USDT")

    market.run(run(source)["EmaCross"], fast=2, slow=5)
    market.bars(100, 100, 100, 100, 100, 110)
    assert market.position.is_long
    market.bars(90)

    assert market.position.is_flat
    assert [note.text for note in market.notes] == ["filled", "filled"]
