from __future__ import annotations

import asyncio
import gc
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import botkit
from botkit.errors import ConfigError
from botkit.model.portfolio import Fill
from botkit.runtime.bot import Ending
from botkit.runtime.demo import run_demo
from tests.runtime.test_live import Watching

PATIENCE_S = 30


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


async def demo(watching: Watching, seed: int = 1) -> dict[str, object]:
    async with asyncio.timeout(PATIENCE_S):
        outcome = await run_demo(seed, watching.stop, display=watching, started_ns=0)
    assert outcome.ending is Ending.CLEAN
    return outcome.summary.as_json()


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")]


@pytest.mark.asyncio
async def test_a_demo_trades_wherever_it_is_started_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.chdir(tmp_path)

    told = await demo(Watching(Fill), seed=3)

    assert told["seed"] == 3
    assert told["fills"]
    assert Path.cwd() == tmp_path
    assert names_in(tmp_path) == ["scratch"]


@pytest.mark.asyncio
async def test_without_its_samples_a_demo_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(botkit, "__file__", str(tmp_path / "lib" / "botkit" / "__init__.py"))

    with pytest.raises(ConfigError, match=r"no configs/demo\.toml"):
        await demo(Watching())
