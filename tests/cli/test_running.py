"""`botkit run` and `botkit demo`, from the first line to the exit code."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from botkit.cli import running
from botkit.cli.app import run
from botkit.runtime.bot import Ending
from botkit.runtime.live import Outcome
from tests.cli.exchanges import deaf_exchange, running_exchange
from tests.configurations import CONFIGURATION

STRATEGY = """\
from botkit import Strategy


class Watcher(Strategy):
    def on_start(self) -> None:
        self.subscribe_quotes("BTC-USDT")
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "watcher.py").write_text(STRATEGY)
    path = tmp_path / "sample.toml"
    head = CONFIGURATION[: CONFIGURATION.index("[strategy.ema]")]
    path.write_text(f'{head}[strategy.watcher]\nuse = "{tmp_path / "watcher.py"}"\n')
    return path


@pytest.fixture
def exchange(state: Path) -> Iterator[None]:
    with running_exchange(state):
        yield


def the_json(text: str) -> Any:
    return json.loads(text.splitlines()[-1])


@pytest.mark.usefixtures("exchange")
def test_a_bot_runs_for_as_long_as_it_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", str(config), "--for", "500ms", "--json"]) == 0

    summary = the_json(capsys.readouterr().out)
    assert (summary["ending"], summary["exit_code"]) == ("clean", 0)
    assert summary["key_scope"]["trade_only"]


@pytest.mark.usefixtures("exchange")
def test_a_bot_without_a_terminal_logs_to_stderr_and_to_its_folder(
    config: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", str(config), "--for", "300ms"]) == 0

    out, err = capsys.readouterr()
    logged = [json.loads(line) for line in (state / "sample" / "botkit.log").read_text().splitlines()]
    assert "run started" in err
    assert "orders and" in out
    assert "run started" in [each["event"] for each in logged]


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize("console", ["json", "none"])
def test_a_bot_logs_as_it_is_told(
    console: str, config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTKIT_LOG__CONSOLE", console)
    monkeypatch.setenv("BOTKIT_LOG__FILE", "false")

    assert run(["run", str(config), "--for", "300ms"]) == 0

    err = capsys.readouterr().err
    assert [json.loads(line)["event"] for line in err.splitlines()][:1] == (
        ["run started"] if console == "json" else []
    )


@pytest.mark.usefixtures("exchange")
def test_a_key_that_can_withdraw_does_not_get_that_far(
    config: Path, state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTKIT_KEY__ACCOUNT", "emulator:withdraw")

    assert run(["run", str(config), "--json"]) == 3
    assert the_json(capsys.readouterr().out)["error"] == "key_scope"
    assert not (state / "sample" / "journal.db").exists()


def test_a_venue_that_hangs_up_ends_the_run(config: Path, state: Path) -> None:
    with deaf_exchange(state):
        assert run(["run", str(config), "--json"]) == 4


@pytest.mark.usefixtures("exchange")
def test_a_wrong_parameter_is_told_its_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with config.open("a") as file:
        file.write("[strategy.watcher.params]\nsize = 1\n")

    assert run(["run", str(config)]) == 2
    assert f"error: {config}:22: unknown parameter size" in capsys.readouterr().err


def test_a_log_that_cannot_be_written_is_told(
    config: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state.write_text("")

    assert run(["run", str(config)]) == 2
    assert "cannot be written" in capsys.readouterr().err


class _Summary:
    def as_json(self) -> dict[str, object]:
        return {"orders": 1}

    def render(self, _: str = "") -> str:
        return "one order"


@pytest.mark.parametrize(
    ("ending", "code"), [(Ending.CLEAN, 0), (Ending.ORDERS_LEFT, 5), (Ending.KILLED, 6)], ids=str
)
def test_how_a_run_ended_is_its_exit_code(
    ending: Ending, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(ending, _Summary())  # type: ignore[arg-type]  # only what is printed of it

    assert running._end(outcome, json=True) == code
    assert the_json(capsys.readouterr().out) == {
        "ending": ending.value,
        "exit_code": code,
        "orders_left": [],
        "orders": 1,
    }


def test_the_demo_sums_up_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--for", "500ms", "--seed", "5", "--json"]) == 0

    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert (summary["ending"], summary["exit_code"], summary["seed"]) == ("clean", 0, 5)
    assert summary["key_scope"]["trade_only"]
    assert err == ""


def test_the_demo_tells_what_happens_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["demo", "--for", "4s"]) == 0

    out, err = capsys.readouterr()
    assert "agree with the venue's" in out
    assert "next: botkit exchange" in out
    assert err == ""


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_the_demo_trades_without_anything_set_up_until_it_is_asked_to_stop(
    asked: signal.Signals, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "botkit", "demo"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = iter(process.stdout.readline, "")
        assert any("  fill " in line for line in told)
        process.send_signal(asked)
        out, _ = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "asked to stop" in out
    assert "orders and" in out
    assert list(tmp_path.iterdir()) == []
