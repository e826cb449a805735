"""The demo: the exchange emulator and two sample strategies in one process, nothing else needed."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

import botkit
from botkit.config.load import load_settings
from botkit.config.runfile import ExchangeRun
from botkit.errors import ConfigError
from botkit.runtime.live import Outcome, run_live
from botkit.venues.okx.emulator import synthetic

if TYPE_CHECKING:
    from botkit.config.settings import Settings
    from botkit.runtime.display import DisplayMaker

__all__ = ["run_demo"]

_CONFIG: Final = Path("configs/demo.toml")


async def run_demo(seed: int, stop: asyncio.Event, *, display: DisplayMaker, started_ns: int) -> Outcome:
    """Trade on an invented market until `stop` is set; leaves nothing behind.

    Raises:
        ConfigError: If the sample configuration or strategies are not to be found.

    """
    home = _home()
    with tempfile.TemporaryDirectory(prefix="botkit-demo-") as folder, contextlib.chdir(home):
        settings = _kept_in(load_settings(_CONFIG), Path(folder))
        async with _emulator(seed) as exchange:
            return await run_live(
                settings, stop, display=display, exchange=exchange, seed=seed, started_ns=started_ns
            )


def _home() -> Path:
    """Return the folder that holds `configs` and `strategies`: this one, or where botkit came from."""
    places = (Path.cwd(), Path(botkit.__file__).parent.parent, Path(botkit.__file__).parent / "samples")
    for place in places:
        if (place / _CONFIG).is_file():
            return place
    raise ConfigError(f"there is no {_CONFIG}", remedy="run the demo in a checkout of botkit")


def _kept_in(settings: Settings, folder: Path) -> Settings:
    bot = settings.bot.model_copy(update={"state": folder})
    return settings.model_copy(update={"bot": bot})


@contextlib.asynccontextmanager
async def _emulator(seed: int) -> AsyncIterator[ExchangeRun]:
    emulator = synthetic(seed)
    await emulator.start()
    try:
        yield msgspec.convert(emulator.describe(), ExchangeRun)
    finally:
        await emulator.stop()
