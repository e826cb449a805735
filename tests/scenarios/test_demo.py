"""The first minute of a new user: no key, no network, no configuration."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.place import PATIENCE_S, Done, botkit, environment
from tests.scenarios.test_kill_nine import wait_until

Trade = tuple[str, str, str]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Return a folder that holds what a clone does."""
    folder = tmp_path_factory.mktemp("clone")
    for part in ("configs", "strategies"):
        shutil.copytree(repository / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def demo(clone: Path) -> Done:
    return botkit(clone, "demo", "--for", "8s", "--seed", "1", "--json")


def test_the_demo_ends_cleanly_and_complains_of_nothing(demo: Done) -> None:
    assert demo.code == 0, demo.told
    assert demo.told == ""
    assert (demo.said["ending"], demo.said["exit_code"]) == ("clean", 0)


def test_the_demo_sums_up_with_the_keys_that_programs_rely_on(demo: Done) -> None:
    assert demo.said.keys() >= {
        "seed",
        "duration_s",
        "first_fill_s",
        "orders",
        "fills",
        "refused",
        "fees",
        "pnl",
        "strategies",
        "state",
        "key_scope",
    }
    assert demo.said["seed"] == 1
    assert 8 <= demo.said["duration_s"] < 8 + PATIENCE_S


@pytest.fixture(scope="module")
def interrupted(clone: Path) -> tuple[int, str]:
    """Watch the demo up to a fill and press Ctrl-C; return its exit code and all it has shown."""
    with subprocess.Popen(
        [sys.executable, "-m", "botkit", "demo", "--seed", "1"],
        cwd=clone,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        shown = []
        for line in process.stdout:
            shown.append(line)
            if line.split()[1:3] == ["fill", "quoter"]:
                break
        process.send_signal(signal.SIGINT)
        shown += process.stdout
        return process.wait(PATIENCE_S), "".join(shown)


def test_a_sample_strategy_trades_and_ctrl_c_ends_the_demo_with_a_summary(
    interrupted: tuple[int, str],
) -> None:
    code, shown = interrupted

    assert code == 0
    assert "bought 0.01 BTC-USDT at" in shown
    assert re.search(
        r"^\d+ orders and [1-9]\d* fills? in \d+ s, the first after \d+\.\d s$", shown, re.MULTILINE
    )
    assert "trade only, cannot withdraw" in shown


def test_the_summary_ends_with_the_next_command_to_type(interrupted: tuple[int, str]) -> None:
    _, shown = interrupted

    assert shown.splitlines()[-1] == (
        "next: botkit exchange, and in another terminal: botkit run configs/demo.toml"
    )


def test_the_demo_trades_with_a_key_that_can_only_trade(demo: Done) -> None:
    assert demo.said["key_scope"] == {
        "trade_only": True,
        "permissions": ["read_only", "trade"],
        "findings": [],
        "warnings": [],
    }


def test_both_sample_strategies_are_there(demo: Done) -> None:
    assert demo.said["strategies"].keys() == {"quoter", "ema"}
    assert demo.said["pnl"].keys() == {"quoter", "ema"}


def test_nothing_was_refused(demo: Done) -> None:
    """A sample that runs into its own limits would be no sample."""
    assert demo.said["refused"] == {}


def test_the_demo_leaves_nothing_behind(demo: Done, clone: Path) -> None:
    assert demo.code == 0
    assert sorted(path.name for path in clone.iterdir()) == ["configs", "strategies"]


# ---- a seed is a market


@contextmanager
def exchange(folder: Path, seed: int) -> Iterator[str]:
    """Run an exchange that nobody trades on; yield where it is."""
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "botkit", "exchange", "--seed", str(seed), "--json"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["rest"]
        finally:
            process.terminate()


def trades(rest: str) -> list[Trade]:
    """Return what has been traded, oldest first."""
    url = f"{rest}/api/v5/market/trades?instId=BTC-USDT&limit=500"
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        rows: list[dict[str, Any]] = json.load(answer)["data"]
    return [(row["side"], row["px"], row["sz"]) for row in reversed(rows)]


def test_the_same_seed_makes_the_same_market_and_another_seed_another(tmp_path: Path) -> None:
    with (
        exchange(tmp_path / "a", 7) as first,
        exchange(tmp_path / "b", 7) as second,
        exchange(tmp_path / "c", 8) as other,
    ):
        wait_until(lambda: min(len(trades(each)) for each in (first, second, other)) >= 10)
        made = [trades(each)[:10] for each in (first, second, other)]

    assert made[0] == made[1]
    assert made[0] != made[2]
    assert any(one != two for one, two in pairwise(made[0]))
