"""The live composition against the emulator, over sockets of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import structlog

from botkit.clock import Clock, WallClock
from botkit.config.runfile import ExchangeRun
from botkit.config.settings import Settings
from botkit.engine.step import Step
from botkit.errors import (
    ConfigError,
    InvariantError,
    JournalError,
    KeyScopeError,
    LoginRefused,
    StillKilled,
    StrategyError,
    VenueUnreachable,
)
from botkit.journal.journal import Journal
from botkit.model.events import Reconciled, Started, StateChanged, Stopping, TradingState
from botkit.model.portfolio import Fill
from botkit.observe.health import FILE_NAME, main
from botkit.observe.ledger import Ledger
from botkit.observe.metrics import Metrics
from botkit.risk.scope import KeyScope
from botkit.runtime.bot import Ending
from botkit.runtime.live import Outcome, _expose, _keep_house, run_live
from tests.conformance.exchanges import WAIT_S, Place, open_exchange
from tests.market import NOON
from tests.runtime.settings import BUYS_AT_ONCE, settings_of
from tests.skipped_time import in_skipped_time, pass_time


class Watching:
    """A display that stops the run when it sees an event of a kind; it makes itself.

    Attributes:
        seen: Every step.
        stop: Set then.

    """

    def __init__(self, until: type = Fill) -> None:
        self.seen: list[Step] = []
        self.stop = asyncio.Event()
        self.venue = ""
        self._until = until

    def __call__(self, ledger: Ledger, scope: KeyScope, venue: str, clock: Clock) -> Watching:
        self.venue = venue
        return self

    def observe(self, step: Step) -> None:
        self.seen.append(step)
        if isinstance(step.event, self._until):
            self.stop.set()

    async def run(self) -> None:
        """Show nothing."""


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """Give the garbage collector its habits back, which a run changes for its process."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def run_of(place: Place) -> ExchangeRun:
    return msgspec.convert(place.emulator.describe(), ExchangeRun)


async def live(
    settings: Settings, place: Place, watching: Watching | None = None, *, resume: str = ""
) -> Outcome:
    watching = watching or Watching()
    async with asyncio.timeout(WAIT_S):
        return await run_live(
            settings, watching.stop, display=watching, exchange=run_of(place), seed=7, resume=resume
        )


@pytest.mark.asyncio
async def test_a_run_trades_until_it_is_stopped_and_tells_what_it_came_to(tmp_path: Path) -> None:
    watching = Watching()
    async with open_exchange() as place:
        outcome = await live(settings_of(tmp_path), place, watching)

    assert outcome.ending is Ending.CLEAN
    told = outcome.summary.as_json()
    assert (told["seed"], told["orders"], told["state"]) == (7, 1, "active")
    assert told["fills"] == len(
        {step.event.trade_id for step in watching.seen if isinstance(step.event, Fill)}
    )
    assert told["key_scope"] == {
        "trade_only": True,
        "permissions": ["read_only", "trade"],
        "findings": [],
        "warnings": [],
    }
    assert watching.venue == "OKX emulator"


@pytest.mark.asyncio
async def test_whoever_watches_sees_every_step_from_the_first_to_the_last(tmp_path: Path) -> None:
    watching = Watching()
    async with open_exchange() as place:
        await live(settings_of(tmp_path), place, watching)

    assert [step.seq for step in watching.seen] == list(range(1, len(watching.seen) + 1))
    assert isinstance(watching.seen[0].event, Started)
    assert any(isinstance(step.event, Stopping) for step in watching.seen)


@pytest.mark.asyncio
async def test_a_heart_beats_beside_the_journal(tmp_path: Path) -> None:
    async with open_exchange() as place:
        await live(settings_of(tmp_path), place)

    folder = tmp_path / "state" / "sample"
    assert main(["--file", str(folder / FILE_NAME)]) == 0
    assert (folder / "journal.db").exists()


@pytest.mark.asyncio
async def test_what_a_strategy_saved_is_given_back_to_it(tmp_path: Path) -> None:
    """It bought in the first run, and so does not buy in the second."""
    settings = settings_of(tmp_path)
    async with open_exchange() as place:
        first = await live(settings, place)
        second = await live(settings, place, Watching(Reconciled))

    assert first.summary.as_json()["orders"] == 1
    assert second.summary.as_json()["orders"] == 0
    pnl = second.summary.as_json()["pnl"]
    assert isinstance(pnl, dict)
    assert pnl["first"]["USDT"]["fees"] != "0"  # the position goes on


@pytest.mark.asyncio
async def test_saved_state_that_does_not_fit_any_more_is_told_with_the_strategy(tmp_path: Path) -> None:
    async with open_exchange() as place:
        await live(settings_of(tmp_path), place)
        other = BUYS_AT_ONCE.replace("bought: int = 0", "bought: tuple[str, ...] = ()")

        with pytest.raises(StrategyError, match="'first' saved does not fit"):
            await live(settings_of(tmp_path, strategy=other, file="other.py"), place)


# ---- what is refused


def journaled(settings: Settings, state: TradingState, reason: str) -> None:
    with Journal.open(settings.bot.folder / "journal.db", NOON) as journal:
        journal.append(StateChanged(recv_ns=NOON, state=state, reason=reason), NOON)


@pytest.mark.asyncio
async def test_a_bot_that_was_killed_does_not_start_before_somebody_says_why(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    journaled(settings, TradingState.KILLED, "the key can withdraw")

    async with open_exchange() as place:
        with pytest.raises(StillKilled, match="this bot was killed: the key can withdraw") as caught:
            await live(settings, place)
        assert "--resume" in caught.value.remedy

        resumed = await live(settings, place, resume="a new key")
        assert resumed.summary.as_json()["state"] == "active"
        assert (await live(settings, place, Watching(Reconciled))).ending is Ending.CLEAN


@pytest.mark.asyncio
async def test_what_else_held_orders_back_goes_on_to_and_is_told(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    journaled(settings, TradingState.REDUCE_ONLY, "a loss")

    async with open_exchange() as place:
        with structlog.testing.capture_logs() as logs:
            outcome = await live(settings, place, Watching(Reconciled))

    [told] = [log for log in logs if log["event"] == "trading held back"]
    assert (told["state"], told["reason"]) == ("reduce_only", "a loss")
    assert outcome.ending is Ending.CLEAN


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ("withdraw", "can withdraw"),
        ("readonly", "can only read"),
        ("unbound", "no IP address"),
        ("unknown-perm", "teleport"),
        ("master", "master account"),
    ],
)
@pytest.mark.asyncio
async def test_a_key_of_another_scope_is_refused_before_anything_can_send_an_order(
    tmp_path: Path, label: str, why: str
) -> None:
    watching = Watching()
    async with open_exchange() as place:
        with pytest.raises(KeyScopeError, match=why):
            await live(settings_of(tmp_path, ("emulator:trader", f"emulator:{label}")), place, watching)

    assert not (tmp_path / "state").exists()
    assert watching.seen == []


@pytest.mark.asyncio
async def test_an_instrument_that_the_venue_does_not_have_is_told_with_its_line(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, ("instruments.BTC-USDT", "instruments.BTC-EUR"))
    async with open_exchange() as place:
        with pytest.raises(ConfigError, match="no instrument 'BTC-EUR'") as caught:
            await live(settings, place)

    assert caught.value.where == "bot.toml:11"


@pytest.mark.asyncio
async def test_a_key_that_is_not_known_is_refused_as_a_login(tmp_path: Path) -> None:
    async with open_exchange() as place:
        run = run_of(place)
        accounts = [msgspec.structs.replace(account, passphrase="Fake-Other-1") for account in run.accounts]
        wrong = msgspec.structs.replace(run, accounts=tuple(accounts))

        with pytest.raises(LoginRefused):
            await run_live(settings_of(tmp_path), asyncio.Event(), display=Watching(), exchange=wrong)


@pytest.mark.asyncio
async def test_a_venue_that_is_gone_is_unreachable(tmp_path: Path) -> None:
    async with open_exchange() as place:
        run = run_of(place)

    with pytest.raises(VenueUnreachable):
        await run_live(settings_of(tmp_path), asyncio.Event(), display=Watching(), exchange=run)


@pytest.mark.asyncio
async def test_a_journal_belongs_to_one_bot_at_a_time(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "state" / "sample" / "journal.db", WallClock().now_ns()):
        async with open_exchange() as place:
            with pytest.raises(JournalError):
                await live(settings_of(tmp_path), place)


# ---- what goes wrong

FINDS_BOTKIT_WRONG = """
from botkit import Strategy
from botkit.errors import InvariantError


class FindsBotkitWrong(Strategy):
    def on_start(self) -> None:
        self.every("1ms", "look")

    def on_timer(self, name: str) -> None:
        raise InvariantError("two and two are five")
"""


@pytest.mark.asyncio
async def test_an_error_surfaces_as_itself_after_its_last_step_was_shown(tmp_path: Path) -> None:
    watching = Watching()
    async with open_exchange() as place:
        with pytest.raises(InvariantError, match="five"):
            await live(settings_of(tmp_path, strategy=FINDS_BOTKIT_WRONG), place, watching)

    assert isinstance(watching.seen[0].event, Started)


class Broken(Watching):
    async def run(self) -> None:
        raise InvariantError("a line too long for the terminal")


@pytest.mark.asyncio
async def test_a_display_that_fails_stops_nothing(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with open_exchange() as place:
            outcome = await live(settings_of(tmp_path), place, Broken())

    assert outcome.ending is Ending.CLEAN
    [told] = [log for log in logs if log["event"] == "work beside the bot failed"]
    assert told["log_level"] == "error"
    assert "too long" in told["error"]


# ---- beside the bot


@in_skipped_time
async def test_metrics_are_written_down_every_ten_seconds(tmp_path: Path) -> None:
    path = tmp_path / "metrics.prom"
    exposing = asyncio.create_task(_expose(Metrics(), path))
    await pass_time(9)
    assert names_in(tmp_path) == []

    await pass_time(2)
    exposing.cancel()

    assert names_in(tmp_path) == [path.name]
    assert path.read_text().startswith("# HELP botkit_")


@in_skipped_time
async def test_metrics_that_cannot_be_written_down_stop_nothing(tmp_path: Path) -> None:
    exposing = asyncio.create_task(_expose(Metrics(), tmp_path / "missing" / "metrics.prom"))

    await pass_time(25)

    assert not exposing.done()
    exposing.cancel()


@in_skipped_time
async def test_the_journal_is_settled_twenty_times_a_second(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db", NOON) as journal:
        keeping = asyncio.create_task(_keep_house(journal, Metrics(), WallClock()))
        journal.append(Stopping(recv_ns=NOON, reason="enough"), NOON)
        journal.commit()
        assert journal.unsettled == 1

        await pass_time(0.06)

        assert journal.unsettled == 0
        keeping.cancel()


@pytest.mark.asyncio
async def test_a_journal_that_cannot_be_settled_is_told_of_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program has locked the file."""
    monkeypatch.setattr("botkit.runtime.live._SETTLE_S", 0)
    monkeypatch.setattr("botkit.runtime.live._SETTLES_A_CHECKPOINT", 1)
    with Journal.open(tmp_path / "journal.db", NOON) as journal, structlog.testing.capture_logs() as logs:
        journal.append(Stopping(recv_ns=NOON, reason="enough"), NOON)
        journal.commit()
        keeping = asyncio.create_task(_keep_house(journal, Metrics(), WallClock()))
        with contextlib.closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await until(lambda: bool(logs))
            assert journal.unsettled == 1
            other.execute("ROLLBACK")

        await until(lambda: not journal.unsettled)
        keeping.cancel()
        await asyncio.wait([keeping])

    assert {log["event"] for log in logs} == {"journal not settled"}


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not is_so():  # noqa: ASYNC110 - of what a task does by itself there is no event
            await asyncio.sleep(0)
