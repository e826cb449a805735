"""A folder with an exchange emulator, the bots that trade on it, and the exchange's own word on what they did.

Everything is a process as an operator would start it. The exchange is asked over REST by code of this
module alone, so that a client that misunderstands OKX cannot be its own witness.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

__all__ = ["PATIENCE_S", "Account", "Bot", "Done", "Place", "botkit", "environment", "open_place"]

PATIENCE_S: Final = 30.0
"""How long to wait for what takes a second on a machine with nothing else to do."""

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_CONFIG: Final = """\
[bot]
name = "restless"
order_prefix = "kn"

[venue]
address = "emulator"

[key]
account = "emulator:trader"

[risk]
max_open_orders = 20
max_orders_per_s = 25

[risk.instruments.BTC-USDT]
max_order_size = "0.05"
max_order_value = "5000"
max_position_value = "50000"

[log]
level = "debug"
console = "json"
file = false

[strategy.restless]
use = "{strategy}"
"""

Row = dict[str, Any]


class Done(NamedTuple):
    """How a command ended.

    Attributes:
        code: Its exit code.
        said: The JSON in the last line of its output.
        told: What it wrote for people.

    """

    code: int
    said: Row
    told: str


class Account:
    """An account as the exchange itself shows it, over signed REST."""

    def __init__(self, rest: str, keys: dict[str, str]) -> None:
        self._rest = rest
        self._keys = keys

    def get(self, path: str) -> list[Row]:
        """Return the rows of one answer."""
        target = f"/api/v5/{path}"
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        digest = hmac.new(
            self._keys["secret"].encode(), f"{now}GET{target}".encode(), hashlib.sha256
        ).digest()
        headers = {
            "OK-ACCESS-KEY": self._keys["key"],
            "OK-ACCESS-SIGN": base64.b64encode(digest).decode(),
            "OK-ACCESS-TIMESTAMP": now,
            "OK-ACCESS-PASSPHRASE": self._keys["passphrase"],
        }
        request = urllib.request.Request(self._rest + target, headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            said: Row = json.load(answer)
        assert said["code"] == "0", said
        rows: list[Row] = said["data"]
        return rows

    def _all(self, path: str, key: str) -> list[Row]:
        rows: list[Row] = []
        while page := self.get(f"{path}&after={rows[-1][key]}" if rows else path):
            rows += page
        return rows

    def working(self) -> list[Row]:
        return self._all("trade/orders-pending?limit=100", "ordId")

    def orders(self) -> list[Row]:
        """Return every order, working or over."""
        return self.working() + self._all("trade/orders-history?instType=SPOT&limit=100", "ordId")

    def fills(self) -> list[Row]:
        return self._all("trade/fills-history?instType=SPOT&limit=100", "billId")

    def owned(self, currency: str) -> Decimal:
        [account] = self.get("account/balance")
        return sum(
            (Decimal(row["cashBal"]) for row in account["details"] if row["ccy"] == currency), Decimal(0)
        )


class Bot:
    """A bot's process, and what it says in its log."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.said: list[Row] = []
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._out = b""
        self._readers = [
            threading.Thread(target=self._read_log, args=(process.stderr,), daemon=True),
            threading.Thread(target=self._read_out, args=(process.stdout,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read_log(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put(b"")

    def _read_out(self, stream: IO[bytes]) -> None:
        self._out = stream.read()

    def hear(self, is_it: Callable[[Row], bool], within_s: float = PATIENCE_S) -> Row:
        """Read the log up to a line; return it."""
        end_s = time.monotonic() + within_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, end_s - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"not heard in {within_s} s; last: {self.said[-5:]}") from None
            if not line:
                raise AssertionError(f"ended with {self.process.wait()}; last: {self.said[-5:]}")
            said = self._understood(line)
            if is_it(said):
                return said

    def hear_kind(self, *kinds: str, times: int = 1, within_s: float = PATIENCE_S) -> Row:
        """Read the log up to the so-manieth line of a kind; return it."""
        heard: Row = {}
        for _ in range(times):
            heard = self.hear(lambda said: said.get("kind") in kinds, within_s)
        return heard

    def _understood(self, line: bytes) -> Row:
        try:
            said: Row = json.loads(line)
        except ValueError:  # a traceback, say
            said = {"text": line.decode(errors="replace")}
        self.said.append(said)
        return said

    def kill(self) -> None:
        """End it as `kill -9` does."""
        os.kill(self.process.pid, signal.SIGKILL)
        assert self.process.wait(PATIENCE_S) == -signal.SIGKILL

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def result(self) -> Row:
        """Wait for its end; return the JSON in the last line of its output."""
        self.process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        said: Row = json.loads(self._out.splitlines()[-1])
        return said


class Place:
    """A folder, the exchange that runs in it, and what is needed to start bots there.

    Attributes:
        folder: Where everything is.
        exchange: What it said of itself when it began.
        exchange_pid: Its process.
        trader: The account that bots trade on.
        journal: The journal of the bot.

    """

    def __init__(self, folder: Path, exchange: Row, exchange_pid: int) -> None:
        self.folder = folder
        self.exchange = exchange
        self.exchange_pid = exchange_pid
        self.trader = self.account("trader")
        self.journal = folder / "state" / "restless" / "journal.db"

    def account(self, label: str) -> Account:
        [keys] = [keys for keys in self.exchange["accounts"] if keys["label"] == label]
        return Account(self.exchange["rest"], keys)

    @contextmanager
    def bot(self, *typed: str, script: Sequence[str] = ("-m", "botkit")) -> Iterator[Bot]:
        """Start a bot, which does not outlive the body."""
        arguments = typed or ("run", "bot.toml", "--json")
        process = subprocess.Popen(
            [sys.executable, *script, *arguments],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with process:
            try:
                yield Bot(process)
            finally:
                process.kill()


def botkit(folder: Path, *typed: str, **variables: str) -> Done:
    """Run a command to its end, in an environment with these variables and no others of botkit's."""
    done = subprocess.run(
        [sys.executable, "-m", "botkit", *typed],
        cwd=folder,
        env={**environment(), **variables},
        capture_output=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    lines = done.stdout.splitlines()
    said = json.loads(lines[-1]) if "--json" in typed and lines else {}
    return Done(done.returncode, said, done.stderr.decode())


def environment() -> dict[str, str]:
    """Return the variables of a process that knows where botkit is, and nothing else of this one."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("COV_", "COVERAGE_"))}
    return {**kept, "PATH": os.environ["PATH"], "PYTHONPATH": str(_REPOSITORY)}


@contextmanager
def open_place(folder: Path, seed: int) -> Iterator[Place]:
    """Start an exchange whose market is made from `seed`."""
    (folder / "bot.toml").write_text(_CONFIG.format(strategy=Path(__file__).with_name("restless.py")))
    with subprocess.Popen(
        [sys.executable, "-m", "botkit", "exchange", "--seed", str(seed), "--json"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
    ) as exchange:
        try:
            assert exchange.stdout is not None
            yield Place(folder, json.loads(exchange.stdout.readline()), exchange.pid)
        finally:
            exchange.terminate()
