"""botkit doing the job as it would at night: gate, journal, log and summary are on."""

from __future__ import annotations

import asyncio
import sys
import tempfile

import uvloop

from benchmarks.loopback import SYMBOLS
from botkit.config import ExchangeRun, read_settings
from botkit.config.runfile import ExchangeAccount
from botkit.observe.logging import configure
from botkit.runtime.display import nothing
from botkit.runtime.live import run_live

_SETTINGS = """
[bot]
name = "bench"
state = "{folder}"
[venue]
address = "emulator"
[key]
account = "emulator:bench"
[risk]
max_open_orders = 100
max_orders_per_s = 1000
[strategy.taker]
use = "benchmarks/taker.py"
params = {{ symbols = {symbols} }}
"""
_LIMITS = """
[risk.instruments.{symbol}]
max_order_size = 1
max_order_value = 100000
max_position_value = 100000
"""


async def main(rest: str, ws: str) -> None:
    """Answer trades with orders until the venue is gone."""
    account = ExchangeAccount(label="bench", key="fake-key", secret="fake-secret", passphrase="fake-phrase")
    exchange = ExchangeRun(
        rest=rest,
        ws_public=f"{ws}/public",
        ws_private=f"{ws}/private",
        ws_business=f"{ws}/business",
        accounts=(account,),
    )
    configure("warning", ())
    with tempfile.TemporaryDirectory() as folder:
        limits = "".join(_LIMITS.format(symbol=symbol) for symbol in SYMBOLS)
        settings = read_settings(_SETTINGS.format(folder=folder, symbols=list(SYMBOLS)) + limits)
        await run_live(settings, asyncio.Event(), display=nothing(), exchange=exchange)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2]))
