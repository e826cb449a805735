"""`botkit keys check`: which keys pass, and what is said of those that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from botkit.cli.app import run
from botkit.venues.okx.endpoints import Endpoint, Op
from tests.cli.exchanges import deaf_exchange, running_exchange
from tests.configurations import CONFIGURATION


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "sample.toml"
    path.write_text(CONFIGURATION)
    return str(path)


@pytest.fixture
def _exchange(state: Path) -> Iterator[None]:
    with running_exchange(state):
        yield


@pytest.mark.usefixtures("_exchange")
def test_a_key_that_can_only_trade_is_accepted(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "check", config]) == 0

    out, err = capsys.readouterr()
    assert "accepted" in out
    assert err == ""


@pytest.mark.usefixtures("_exchange")
def test_the_three_locks_are_explained(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(["keys", "check", config])

    said = " ".join(capsys.readouterr().out.split())
    assert "1 scope passed OKX says that it may: read_only, trade; from: 127.0.0.1, ::1." in said
    assert f"botkit can sign {len(Endpoint)} by REST and {len(Op)} by WebSocket" in said
    assert "Withdrawals, transfers" in said
    assert "within the limits of BTC-USDT" in said


@pytest.mark.usefixtures("_exchange")
@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ("withdraw", "the key can withdraw; make a new one with Read and Trade only"),
        ("readonly", "the key can only read; make a new one with Read and Trade"),
        ("unbound", "the key is bound to no IP address; bind it at the venue"),
        ("unknown-perm", "'teleport'"),
        ("master", "the key belongs to the master account"),
    ],
    ids=["withdraw", "read-only", "unbound", "unknown word", "master"],
)
def test_any_other_key_is_refused_with_what_to_do(
    account: str,
    reason: str,
    config: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOTKIT_KEY__ACCOUNT", f"emulator:{account}")

    assert run(["keys", "check", config]) == 3

    out, err = capsys.readouterr()
    assert "accepted" not in out
    assert "1 scope      refused" in out
    assert reason in err


@pytest.mark.usefixtures("_exchange")
def test_an_exception_that_is_asked_for_is_shown(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTKIT_KEY__ACCOUNT", "emulator:unbound")
    monkeypatch.setenv("BOTKIT_KEY__ALLOW_UNBOUND_IP", "true")

    assert run(["keys", "check", config]) == 0
    assert "Excused by the configuration" in capsys.readouterr().out


@pytest.mark.usefixtures("_exchange")
def test_a_verdict_is_json_for_programs(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = run(["keys", "check", config, "--json"])
    (passed,) = map(json.loads, capsys.readouterr().out.splitlines())
    monkeypatch.setenv("BOTKIT_KEY__ACCOUNT", "emulator:withdraw")
    refused = run(["keys", "check", config, "--json"])
    verdict, error = map(json.loads, capsys.readouterr().out.splitlines())

    assert (accepted, refused) == (0, 3)
    assert passed["accepted"]
    assert passed["permissions"] == ["read_only", "trade"]
    assert not verdict["accepted"]
    assert (error["error"], error["exit_code"]) == ("key_scope", 3)


@pytest.mark.parametrize("wrong", ["key", "secret", "passphrase"])
def test_a_key_that_the_venue_does_not_accept_is_no_question_of_scope(
    wrong: str, state: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_exchange(state, **{wrong: "Fake-And-Wrong-1"}):
        assert run(["keys", "check", config, "--json"]) == 4

    out, err = capsys.readouterr()
    assert json.loads(out)["error"] == "login_refused"
    assert "Fake-And-Wrong-1" not in out + err


def test_a_venue_that_hangs_up_is_unreachable(
    state: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with deaf_exchange(state):
        assert run(["keys", "check", config, "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["error"] == "venue_unreachable"


@pytest.mark.usefixtures("state")
def test_without_an_emulator_it_is_told_how_to_start_one(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["keys", "check", config]) == 4
    assert "no emulator is running here; start one with: botkit exchange" in capsys.readouterr().err
