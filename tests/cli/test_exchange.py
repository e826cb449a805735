"""`botkit exchange`: what it prints, what it plays, and how it ends."""

from __future__ import annotations

import gzip
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from botkit.cli.app import run
from botkit.config.runfile import find_exchange

FRAME = (
    '{"stream":"btcusdt@bookTicker","data":{"s":"BTCUSDT","b":"61000.01","B":"1.5","a":"61000.02","A":"2.5"}}'
)
TAPE = "".join(f"{1723161600001692584 + second * 10**9} {FRAME}\n" for second in range(5))
ACCOUNTS = """\
[[users]]
uid = "1"

[[users.keys]]
label = "mine"
key = "fake-key"
secret = "FAKE-SECRET"
passphrase = "Fake-1"
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_programs_are_told_where_it_is_and_who_may_call(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["exchange", "--for", "50ms", "--json"]) == 0

    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert list(told) == ["rest", "ws_public", "ws_private", "ws_business", "accounts"]
    assert told["rest"].startswith("http://127.0.0.1:")
    assert set(told["accounts"][0]) == {"label", "key", "secret", "passphrase", "perm", "ip"}
    assert list(state.iterdir()) == []


def test_people_are_told_what_to_type_next(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["exchange", "--for", "50ms"]) == 0

    out = capsys.readouterr().out
    assert "stops with Ctrl-C" in out
    assert "withdraw      read_only, withdraw, trade  127.0.0.1, ::1" in out
    assert "unbound       read_only, trade            anywhere" in out
    assert str(state / "exchange.json") in out
    assert "botkit run configs/demo.toml" in out


@pytest.mark.parametrize("is_zipped", [False, True], ids=["plain", "gzipped"])
def test_a_tape_is_played(is_zipped: bool, tmp_path: Path) -> None:
    tape = tmp_path / "tape"
    tape.write_bytes(gzip.compress(TAPE.encode()) if is_zipped else TAPE.encode())

    assert run(["exchange", "--tape", str(tape), "--speed", "100", "--for", "100ms", "--json"]) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"dear diary\n", "no line of this recording"),
        (b"\x7fELF\xff\xff\xff", "can't decode"),
        (b"\x1f\x8bnothing", "cannot be played"),
        (gzip.compress(TAPE.encode())[:-20], "cannot be played"),
        (b"", "no line of this recording"),
    ],
    ids=["missing", "text", "binary", "broken archive", "cut archive", "empty"],
)
def test_what_is_no_tape_is_refused(
    content: bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = tmp_path / "tape"
    if content is not None:
        tape.write_bytes(content)

    assert run(["exchange", "--tape", str(tape), "--for", "10ms"]) == 2
    assert said in capsys.readouterr().err


def test_accounts_may_be_one_s_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(ACCOUNTS)

    assert run(["exchange", "--accounts", str(accounts), "--for", "50ms", "--json"]) == 0
    assert [each["label"] for each in json.loads(capsys.readouterr().out)["accounts"]] == ["mine"]


@pytest.mark.parametrize("content", [None, "users = 1", "\xff"], ids=["missing", "no accounts", "no text"])
def test_what_is_no_account_is_refused(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accounts = tmp_path / "accounts.toml"
    if content is not None:
        accounts.write_text(content, encoding="latin-1")

    assert run(["exchange", "--accounts", str(accounts), "--for", "10ms"]) == 2
    assert str(accounts) in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run(["exchange", "--port", port]) == 2

    err = capsys.readouterr().err
    assert f"cannot listen at 127.0.0.1:{port}" in err
    assert "--port 0" in err


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_serves_until_it_is_asked_to_stop(asked: signal.Signals, state: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "botkit", "exchange", "--json"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        rest = json.loads(process.stdout.readline())["rest"]
        with urllib.request.urlopen(f"{rest}/api/v5/public/time") as answer:
            told = json.load(answer)
        found = find_exchange(folder=state)
        process.send_signal(asked)
        out, _ = process.communicate(timeout=30)

    assert told["code"] == "0"
    assert found.rest == rest
    assert (process.returncode, out) == (0, "")
    assert list(state.iterdir()) == []
