"""Settings of runs that trade on an emulator, with a strategy that a test writes."""

from __future__ import annotations

from pathlib import Path

from botkit.config.load import read_settings
from botkit.config.settings import Settings

__all__ = ["BUYS_AT_ONCE", "settings_of"]

BUYS_AT_ONCE = """
from botkit import Quote, State, Strategy


class BuysAtOnce(Strategy):
    class State(State):
        bought: int = 0

    def on_start(self) -> None:
        self.subscribe_quotes("BTC-USDT")

    def on_quote(self, quote: Quote) -> None:
        if quote.ask and not self.state.bought:
            self.state.bought = 1
            self.buy("BTC-USDT", 0.01)
"""

_SETTINGS = """\
[bot]
name = "sample"
state = "{folder}/state"

[venue]
address = "emulator"

[key]
account = "emulator:trader"

[risk.instruments.BTC-USDT]
max_order_size = "0.05"
max_order_value = 5000
max_position_value = 20000

[strategy.first]
use = "{folder}/{file}"
"""


def settings_of(
    folder: Path,
    *changes: tuple[str, str],
    strategy: str = BUYS_AT_ONCE,
    file: str = "first.py",
    more: str = "",
) -> Settings:
    """Return settings whose state and strategy are kept in `folder`.

    Args:
        folder: An empty one.
        changes: What is written otherwise.
        strategy: Source of the strategy.
        file: What its file is called; a process imports a file once.
        more: Lines to add.

    """
    text = _SETTINGS.format(folder=folder, file=file) + more
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / file).write_text(strategy)
    return read_settings(text, file="bot.toml")
