from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from botkit.clock import WallClock
from botkit.config.runfile import ExchangeRun, announced
from botkit.config.settings import Settings
from botkit.errors import ConfigError, LoginRefused, SecretError, StrategyError, VenueUnreachable
from botkit.runtime.compose import ask_about_key, make_venue, seats_of
from botkit.venues.okx.hosts import Hosts
from tests.conformance.exchanges import open_exchange
from tests.runtime.settings import settings_of

_KEY = 'account = "emulator:trader"'
_REFERENCES = 'key = "env:FAKE_KEY"\nsecret = "env:FAKE_SECRET"\npassphrase = "env:FAKE_PASSPHRASE"'
_NOWHERE = ExchangeRun(
    rest="http://127.0.0.1:1",
    ws_public="ws://127.0.0.1:1",
    ws_private="ws://127.0.0.1:1",
    ws_business="ws://127.0.0.1:1",
)

TWO = """
from botkit import Params, Strategy, field


class Sized(Strategy):
    class Params(Params):
        size: float = field(1.0, gt=0)
"""


def with_parameters(folder: Path, lines: str) -> Settings:
    return settings_of(folder, strategy=TWO, more=f"on_stop = 'leave'\n\n[strategy.first.params]\n{lines}\n")


# ---- strategies


def test_strategies_are_found_in_the_order_of_the_file_with_their_parameters(tmp_path: Path) -> None:
    second = f"\n[strategy.another]\nuse = '{tmp_path}/first.py'\n"

    seats = seats_of(with_parameters(tmp_path, f"size = 2.5\n{second}"))

    assert [seat.name for seat in seats] == ["first", "another"]
    assert [seat.params.size for seat in seats] == [2.5, 1.0]  # type: ignore[attr-defined]  # the strategy's own
    assert [seat.cancels_on_stop for seat in seats] == [False, True]
    assert seats[0].kind.__name__ == "Sized"


def test_a_strategy_that_is_not_there_is_told(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    (tmp_path / "first.py").unlink()

    with pytest.raises(StrategyError, match=r"first\.py") as caught:
        seats_of(settings)

    assert caught.value.where == "bot.toml:17"


def test_a_strategy_that_does_not_load_is_told_with_its_own_line(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, strategy="from botkit import Strategy\n\nnonsense\n")

    with pytest.raises(StrategyError, match="nonsense") as caught:
        seats_of(settings)

    assert caught.value.where == f"{tmp_path}/first.py:3"


def test_a_parameter_that_a_strategy_does_not_take_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match="size") as caught:
        seats_of(with_parameters(tmp_path, "size = -1"))

    assert caught.value.where == "bot.toml:21"


# ---- the venue


def test_a_region_is_okx_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FAKE_KEY", "FAKE_SECRET", "FAKE_PASSPHRASE"):
        monkeypatch.setenv(name, "Fake-1")
    text = ('address = "emulator"', 'address = "eea"\nenvironment = "demo"')

    venue = make_venue(settings_of(tmp_path, text, (_KEY, _REFERENCES)), WallClock())

    assert venue._private._address == Hosts.of("eea", "demo").private


def test_an_emulator_that_does_not_run_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path))

    with pytest.raises(VenueUnreachable, match="no emulator is running here"):
        make_venue(settings_of(tmp_path), WallClock())


def test_an_account_that_the_emulator_does_not_have_is_told_with_those_it_has(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no account 'trader'") as caught:
        make_venue(settings_of(tmp_path), WallClock(), _NOWHERE)

    assert caught.value.where == "bot.toml:9"


def test_a_reference_to_no_secret_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAKE_KEY", raising=False)

    with pytest.raises(SecretError, match="FAKE_KEY"):
        make_venue(settings_of(tmp_path, (_KEY, _REFERENCES)), WallClock(), _NOWHERE)


# ---- the key


@pytest.mark.asyncio
async def test_a_venue_is_asked_about_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path))
    async with open_exchange() as place:
        with announced(place.emulator.describe(), tmp_path):
            report = await asyncio.to_thread(ask_about_key, settings_of(tmp_path))

    assert report.permissions == ("read_only", "trade")
    assert report.label == "trader"


@pytest.mark.asyncio
async def test_a_key_that_is_not_accepted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path))
    async with open_exchange() as place:
        run = msgspec.convert(place.emulator.describe(), ExchangeRun)
        strangers = tuple(
            msgspec.structs.replace(account, key="fake-key-of-nobody") for account in run.accounts
        )
        note = msgspec.to_builtins(msgspec.structs.replace(run, accounts=strangers))
        with announced(note, tmp_path), pytest.raises(LoginRefused):
            await asyncio.to_thread(ask_about_key, settings_of(tmp_path))


def test_a_venue_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FAKE_KEY", "FAKE_SECRET", "FAKE_PASSPHRASE"):
        monkeypatch.setenv(name, "Fake-1")
    settings = settings_of(tmp_path, (_KEY, _REFERENCES))
    venue = make_venue(settings, WallClock(), _NOWHERE)

    async def ask() -> None:
        try:
            await venue.open()
        finally:
            await venue.close()

    with pytest.raises(VenueUnreachable):
        asyncio.run(ask())
