"""Secrets that would be recognised anywhere go into a bot; nothing that comes out of it has them.

The bot runs as an operator runs it, its log at `debug` and asyncio in debug mode: trading, checking its
key, refused by the venue, unable to reach it, given a secret where a reference belongs. What it prints
and what it leaves on disk is searched for each secret in every way in which one is likely to be written.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus

import msgspec
import pytest

# As unlike anything else as they are unlike real ones; the passphrase differs in every encoding.
SECRETS: Final = {
    "key": "fake-canary-key-f3a9-77b1",
    "secret": "FAKECANARYSECRET5D1C0E9B7A3F",
    "passphrase": 'Fake-Canary"Phrase/&+19',
}
WRONG: Final = 'Wrong-Canary"Phrase/&+23'

# Where secrets are, beside keys/, because a test or the emulator put them there.
INPUTS: Final = {"accounts.toml", "changed.toml", "emulator/exchange.json"}

ACCOUNTS: Final = f"""
[[users]]
uid = "447059223436195899"

[[users.keys]]
label = "canary"
key = '{SECRETS["key"]}'
secret = '{SECRETS["secret"]}'
passphrase = '{SECRETS["passphrase"]}'
perm = ["read_only", "trade"]
ip = ["127.0.0.1"]
"""
BOT: Final = """
[bot]
name = "canary"

[venue]
address = "{address}"

[key]
key = "file:keys/key"
secret = "file:keys/secret"
passphrase = "file:keys/passphrase"

[risk.instruments.BTC-USDT]
max_order_size = "0.05"
max_order_value = "5000"
max_position_value = "20000"

[log]
level = "debug"
console = "json"

[strategy.quoter]
use = "{strategy}"

[strategy.quoter.params]
symbol = "BTC-USDT"
size = 0.01
max_inventory = 0.05
"""


class Place(msgspec.Struct):
    """A folder with an emulator, a configuration and the files that hold the secrets."""

    folder: Path
    environment: dict[str, str]

    def botkit(self, *typed: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "botkit", *typed],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def configure(self, old: str = "", new: str = "") -> str:
        """Write the configuration with something replaced; return its name."""
        text = (self.folder / "bot.toml").read_text()
        assert old in text
        (self.folder / "changed.toml").write_text(text.replace(old, new))
        return "changed.toml"

    def leaks(self, *outputs: bytes, secrets: dict[str, str] = SECRETS) -> list[str]:
        """Return which secrets are in what was printed or left on disk."""
        left = [path.read_bytes() for path in sorted(self.folder.rglob("*")) if self._is_output(path)]
        return [
            f"{name} {way}"
            for name, secret in secrets.items()
            for way, needle in written(secret).items()
            if any(needle in output for output in (*outputs, *left))
        ]

    def _is_output(self, path: Path) -> bool:
        name = path.relative_to(self.folder).as_posix()
        return path.is_file() and name not in INPUTS and not name.startswith("keys/")


def written(secret: str) -> dict[str, bytes]:
    raw = secret.encode()
    return {
        "raw": raw,
        "in base64": base64.b64encode(raw).rstrip(b"="),
        "in hex": raw.hex().encode(),
        "quoted for a URL": quote_plus(secret).encode(),
        "reversed": raw[::-1],
        "escaped for JSON": json.dumps(secret)[1:-1].encode(),
        "in Python's words": repr(secret)[1:-1].encode(),
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("canary")
    (folder / "accounts.toml").write_text(ACCOUNTS)
    (folder / "keys").mkdir()
    for name, secret in SECRETS.items():
        keep(folder / "keys" / name, secret)
    environment = {
        "BOTKIT_STATE": "emulator",
        "BOTKIT_BOT__STATE": "state",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(repository),
        "PYTHONASYNCIODEBUG": "1",
        "PYTHONDEVMODE": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "botkit", "exchange", "--accounts", "accounts.toml", "--json"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as emulator:
        try:
            assert emulator.stdout is not None
            address = json.loads(emulator.stdout.readline())["rest"]
            bot = BOT.format(address=address, strategy=repository / "strategies" / "quoter.py")
            (folder / "bot.toml").write_text(bot)
            yield Place(folder, environment)
        finally:
            emulator.terminate()


@pytest.fixture(autouse=True)
def _a_fresh_state(place: Place) -> None:
    for left in ("state", "deaf"):
        shutil.rmtree(place.folder / left, ignore_errors=True)


def keep(path: Path, secret: str) -> None:
    path.write_text(secret + "\n")
    path.chmod(0o600)


@pytest.mark.parametrize("way", written("x"))
def test_a_secret_would_be_found_however_it_was_written(place: Place, way: str) -> None:
    needle = written(SECRETS["passphrase"])[way]

    assert f"passphrase {way}" in place.leaks(b"> OK-ACCESS-PASSPHRASE: " + needle + b"\r\n")


def test_a_secret_would_be_found_on_disk(place: Place) -> None:
    (place.folder / "state" / "canary").mkdir(parents=True)
    (place.folder / "state" / "canary" / "journal.db").write_bytes(b"\0" + SECRETS["secret"].encode())

    assert place.leaks() == [
        "secret raw",
        "secret quoted for a URL",
        "secret escaped for JSON",
        "secret in Python's words",
    ]


def test_a_bot_that_trades_tells_nobody(place: Place) -> None:
    done = place.botkit("run", place.configure(), "--for", "5s", "--json")

    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["orders"] > 0
    assert {path.name for path in (place.folder / "state" / "canary").iterdir()} >= {
        "journal.db",
        "heartbeat.json",
    }
    assert b'"event"' in done.stderr
    assert place.leaks(done.stdout, done.stderr) == []


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["for people", "for programs"])
def test_a_key_that_is_checked_is_not_shown(place: Place, options: tuple[str, ...]) -> None:
    done = place.botkit("keys", "check", place.configure(), *options)

    assert done.returncode == 0, done.stderr.decode()
    assert b"trade" in done.stdout
    assert place.leaks(done.stdout, done.stderr) == []


@pytest.mark.parametrize("typed", [("run",), ("keys", "check")], ids=["run", "keys check"])
def test_a_login_that_is_refused_does_not_say_with_what(place: Place, typed: tuple[str, ...]) -> None:
    keep(place.folder / "keys" / "wrong", WRONG)

    done = place.botkit(
        "--debug", *typed, place.configure("file:keys/passphrase", "file:keys/wrong"), "--json"
    )

    assert done.returncode == 4, done.stderr.decode()
    assert b"Traceback" in done.stderr
    assert place.leaks(done.stdout, done.stderr, secrets=SECRETS | {"wrong passphrase": WRONG}) == []


def test_a_secret_in_place_of_a_reference_is_not_repeated(place: Place) -> None:
    config = place.configure("file:keys/secret", SECRETS["secret"])

    done = place.botkit("--debug", "run", config, "--json")

    assert done.returncode == 2, done.stderr.decode()
    assert place.leaks(done.stdout, done.stderr) == []


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["for people", "for programs"])
def test_a_file_that_others_can_read_is_refused_unread(place: Place, options: tuple[str, ...]) -> None:
    keep(place.folder / "keys" / "open", SECRETS["secret"])
    (place.folder / "keys" / "open").chmod(0o644)

    done = place.botkit("--debug", "run", place.configure("file:keys/secret", "file:keys/open"), *options)

    assert done.returncode == 2, done.stderr.decode()
    assert b"chmod 600" in done.stdout + done.stderr
    assert place.leaks(done.stdout, done.stderr) == []


@pytest.fixture
def deaf(place: Place) -> Iterator[Place]:
    """Yield the same place with a venue that hangs up on whoever calls."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        hanging_up = threading.Thread(target=hang_up, args=(server,), daemon=True)
        hanging_up.start()
        urls = dict.fromkeys(("ws_public", "ws_private", "ws_business"), f"ws://127.0.0.1:{port}/")
        (place.folder / "deaf").mkdir()
        note = json.dumps({"rest": f"http://127.0.0.1:{port}", **urls})
        (place.folder / "deaf" / "exchange.json").write_text(note)
        yield Place(place.folder, place.environment | {"BOTKIT_STATE": "deaf"})
        server.shutdown(socket.SHUT_RDWR)
        hanging_up.join()


def hang_up(server: socket.socket) -> None:
    while True:
        try:
            caller, _ = server.accept()
        except OSError:  # the test is over
            return
        caller.recv(65536)
        caller.close()


@pytest.mark.parametrize("typed", [("run",), ("keys", "check")], ids=["run", "keys check"])
def test_a_venue_that_hangs_up_is_told_of_without_secrets(deaf: Place, typed: tuple[str, ...]) -> None:
    address = tomllib.loads((deaf.folder / "bot.toml").read_text())["venue"]["address"]

    done = deaf.botkit("--debug", *typed, deaf.configure(address, "emulator"), "--json")

    assert done.returncode == 4, done.stderr.decode()
    assert b"Traceback" in done.stderr
    assert deaf.leaks(done.stdout, done.stderr) == []
