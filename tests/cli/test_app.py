"""The command as a whole: its verbs, its exit codes, and how soon it answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import botkit
from botkit.cli import app
from botkit.errors import VenueUnreachable

VERBS = ["demo", "exchange", "run", "keys", "list"]


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path / "state"))


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--help"]) == 0

    out = capsys.readouterr().out
    assert [verb for verb in VERBS if f"│ {verb} " not in out] == []


def test_no_verb_is_a_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([]) == 0
    assert "Usage: botkit" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--version"]) == 0
    assert capsys.readouterr().out == f"botkit {botkit.__version__}\n"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["exchnge"], "Did you mean 'exchange'?"),
        (["exchange", "--prot", "1"], "No such option: --prot"),
        (["exchange", "--port", "x"], "Invalid value for '--port'"),
        (["exchange", "--for", "soon"], "'soon' is no length of time; write 30s, 5m or 1h"),
        (["keys"], "Missing command"),
        (["keys", "check"], "Missing argument 'CONFIG'"),
    ],
    ids=["verb", "option", "value", "duration", "no verb of a group", "argument"],
)
def test_a_mistype_is_told_in_a_sentence(
    typed: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(typed) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "--help shows what can be written" in err


def test_a_failure_is_json_on_the_last_line_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["keys", "check", "missing.toml", "--json"]) == 2

    out, err = capsys.readouterr()
    said = json.loads(out.splitlines()[-1])
    assert (said["error"], said["exit_code"]) == ("configuration", 2)
    assert "there is no file missing.toml" in said["message"]
    assert err.startswith("error: there is no file missing.toml")


def test_a_mistype_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["run", "--json", "--wrong"]) == 2
    assert json.loads(capsys.readouterr().out)["error"] == "usage"


@pytest.fixture
def _failing(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    def fail(*_: object, **__: object) -> None:
        raise request.param

    monkeypatch.setattr("botkit.strategy.discovery.known_strategies", fail)


@pytest.mark.usefixtures("_failing")
@pytest.mark.parametrize("_failing", [ZeroDivisionError("x")], indirect=True, ids=["bug"])
def test_a_bug_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["list", "strategies"]) == 1

    err = capsys.readouterr().err
    assert "error: ZeroDivisionError: x" in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("_failing")
@pytest.mark.parametrize("_failing", [ZeroDivisionError("x")], indirect=True, ids=["bug"])
def test_a_bug_shows_where_it_came_from_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--debug", "list", "strategies"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.usefixtures("_failing")
@pytest.mark.parametrize(
    "_failing", [ExceptionGroup("", [VenueUnreachable("x")])], indirect=True, ids=["group"]
)
def test_what_tasks_raised_together_is_one_error() -> None:
    assert app.run(["list", "strategies"]) == 4


@pytest.mark.usefixtures("_failing")
@pytest.mark.parametrize("_failing", [KeyboardInterrupt()], indirect=True, ids=["Ctrl-C"])
def test_an_interrupted_command_ends_as_shells_expect() -> None:
    assert app.run(["list", "strategies"]) == 130


HEAVY = {
    "aiohttp",
    "botkit.config.load",
    "botkit.runtime",
    "pydantic_settings",
    "polars",
    "botkit.journal",
    "websockets",
}


def test_help_imports_nothing_that_only_a_bot_needs() -> None:
    asked = "import sys; from botkit.cli.app import run; run(['--help']); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert HEAVY & set(done.stdout.splitlines()[-1].split()) == set()


def test_the_package_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "botkit", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout == f"botkit {botkit.__version__}\n"


def test_the_process_exits_with_the_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "botkit", "nothing"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
