"""The live composition: settings in, a bot on its venue, a summary out.

strategies ─► venue ─► key scope ─► instruments ─► journal ─► engine ─► bot
each step is taken only when the one before it went well: until the key has
passed, nothing exists that could send an order
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.metadata
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from botkit.clock import Clock, WallClock
from botkit.engine.engine import Engine
from botkit.engine.recovery import Recovery, recover
from botkit.errors import ConfigError, JournalError, KeyScopeError, StillKilled, StrategyError
from botkit.journal.journal import Journal
from botkit.model.duration import NS_PER_S
from botkit.model.events import ACCOUNT, StateChanged, TradingState
from botkit.observe.health import FILE_NAME, Heartbeat
from botkit.observe.ledger import Ledger
from botkit.observe.metrics import Metrics
from botkit.observe.step_log import StepLog
from botkit.observe.summary import RunSummary
from botkit.risk.approval import Approved
from botkit.risk.gate import RiskGate
from botkit.risk.scope import KeyScope
from botkit.runtime.audience import Audience
from botkit.runtime.bot import Bot, Ending
from botkit.runtime.compose import Seat, make_venue, mark_of, seats_of

if TYPE_CHECKING:
    from pathlib import Path

    from botkit.config.runfile import ExchangeRun
    from botkit.config.settings import Settings
    from botkit.engine.step import Step
    from botkit.model.instrument import Instrument
    from botkit.runtime.display import DisplayMaker
    from botkit.runtime.trading_loop import StepListener
    from botkit.strategy.desk import Desk
    from botkit.strategy.strategy import Strategy
    from botkit.venues.api import Venue

__all__ = ["Outcome", "run_live"]

_BEAT_S: Final = 1.0
_EXPOSE_S: Final = 10.0
_SETTLE_S: Final = 0.05
_SETTLES_A_CHECKPOINT: Final = 1200
_JOURNAL: Final = "journal.db"
_RESUME: Final = 'when that is mended, start it with --resume "what was mended"; the journal keeps it'
_METRICS: Final = "metrics.prom"

_log = structlog.get_logger(__name__)


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended, and what it came to.

    Attributes:
        left: Orders that should have been canceled and may still work.

    """

    ending: Ending
    summary: RunSummary
    left: tuple[str, ...] = ()


async def run_live(
    settings: Settings,
    stop: asyncio.Event,
    *,
    display: DisplayMaker,
    exchange: ExchangeRun | None = None,
    seed: int | None = None,
    started_ns: int = 0,
    resume: str = "",
) -> Outcome:
    """Trade as the settings say until `stop` is set.

    Args:
        settings: What to run, and where.
        stop: Ends the run.
        display: Makes what a person sees.
        exchange: The emulator to trade on, if it is known already.
        seed: What its market is made from, for the summary.
        started_ns: When the run was asked for, for the summary; 0 for now.
        resume: Why a bot that was killed or held back may trade again; empty if nobody says so.

    Raises:
        ConfigError: If something in the settings cannot be used.
        KeyScopeError: If the key may do more or less than trade.
        StillKilled: If the bot was killed in an earlier run, and nobody says why it may trade again.
        LoginRefused: If the venue does not accept the key.
        VenueUnreachable: If the venue does not answer.
        JournalError: If another process runs this bot, or its journal cannot be used.
        InvariantError: If botkit is wrong.

    """
    clock = WallClock()
    seats = seats_of(settings)
    async with _opened(make_venue(settings, clock, exchange)) as venue:
        scope = await _checked_scope(venue, settings)
        instruments = await _instruments(venue, settings)
        with Journal.open(settings.bot.folder / _JOURNAL, clock.now_ns()) as journal:
            engine, recovery = _engine(settings, seats, instruments, journal, clock)
            _look_at_state(engine, journal, recovery, clock.now_ns(), resume)
            ledger = Ledger(instruments, [seat.name for seat in seats])
            ledger.recall(journal.replay())
            shown = display(ledger, scope, f"OKX {settings.venue.address}", clock)
            metrics = Metrics()
            audience = Audience(
                (ledger.observe, StepLog(ledger).observe, shown.observe, metrics.observe),
                asyncio.get_running_loop().call_soon,
            )
            bot = Bot(
                engine=engine,
                journal=journal,
                venue=venue,
                policy=settings.key.policy(),
                clock=clock,
                version=importlib.metadata.version("botkit"),
                last_seen_ns=recovery.last_ns,
                listeners=(_timing(metrics, clock), audience.observe),
            )
            _quieten_collector()
            beside = (
                shown.run(),
                _beat(Heartbeat(settings.bot.folder / FILE_NAME), engine, clock),
                _keep_house(journal, metrics, clock),
                _expose(metrics, settings.bot.folder / _METRICS),
            )
            try:
                async with _beside(*beside):
                    ending = await bot.run(stop)
            finally:
                audience.catch_up()
    summary = RunSummary(ledger, started_ns=started_ns, key_scope=scope, seed=seed)
    return Outcome(ending, summary, tuple(order.id for order in bot.left))


@contextlib.asynccontextmanager
async def _opened(venue: Venue) -> AsyncIterator[Venue]:
    try:
        await venue.open()
        yield venue
    finally:
        await venue.close()


@contextlib.asynccontextmanager
async def _beside(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run works while the body runs; they end with it, and their errors are only told."""
    running = [asyncio.create_task(_fenced(work)) for work in works]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)


async def _fenced(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001 - nothing that only shows the bot may stop it
        _log.error("work beside the bot failed", error=f"{type(error).__name__}: {error}")


async def _checked_scope(venue: Venue, settings: Settings) -> KeyScope:
    scope = KeyScope.judge(await venue.describe_key(), settings.key.policy())
    if not scope.is_trade_only:
        raise KeyScopeError(scope.findings)
    return scope


async def _instruments(venue: Venue, settings: Settings) -> dict[str, Instrument]:
    wanted = list(settings.risk.instruments)
    found = await venue.load_instruments(wanted)
    missing = [symbol for symbol in wanted if symbol not in found]
    if missing:
        raise ConfigError(
            f"the venue has no instrument {missing[0]!r} for this account",
            remedy="spot is named like BTC-USDT, a swap like BTC-USDT-SWAP",
            where=settings.where("risk", "instruments", missing[0]),
        )
    return found


def _engine(
    settings: Settings,
    seats: list[Seat],
    instruments: dict[str, Instrument],
    journal: Journal,
    clock: Clock,
) -> tuple[Engine, Recovery]:
    engine = Engine(
        instruments=instruments,
        gate=RiskGate(settings.risk.limits()),
        order_prefix=mark_of(settings),
        epoch=journal.epoch,
    )
    recovery = recover(engine, journal.replay(), clock.now_ns())
    for seat in seats:
        engine.add_strategy(
            seat.name, _builder(seat, recovery.saved.get(seat.name)), cancels_on_stop=seat.cancels_on_stop
        )
    return engine, recovery


def _builder(seat: Seat, saved: str | None) -> Callable[[Desk], Strategy]:
    try:
        state = None if saved is None else msgspec.json.decode(saved, type=seat.kind.State)
    except msgspec.ValidationError as error:
        raise StrategyError(
            f"what strategy {seat.name!r} saved does not fit its State any more: {error}",
            remedy="give new fields a default and keep the types of old ones, or run it under another name",
        ) from error
    return lambda desk: seat.kind(seat.name, seat.params, desk, state)


def _look_at_state(engine: Engine, journal: Journal, recovery: Recovery, now_ns: int, resume: str) -> None:
    """Let the account trade again if somebody says why; else keep to what an earlier run came to."""
    state = engine.states.get(ACCOUNT, TradingState.ACTIVE)
    if state is TradingState.ACTIVE:
        return
    if resume:
        journal.append(StateChanged(recv_ns=now_ns, state=TradingState.ACTIVE, reason=resume), now_ns)
        journal.commit()
        engine.states[ACCOUNT] = TradingState.ACTIVE
    elif state is TradingState.KILLED:
        raise StillKilled(f"this bot was killed: {recovery.account_reason}", remedy=_RESUME)
    else:
        _log.warning("trading held back", state=state.value, reason=recovery.account_reason, remedy=_RESUME)


async def _beat(heartbeat: Heartbeat, engine: Engine, clock: Clock) -> None:
    while True:
        heartbeat.beat(clock.now_ns(), engine.state().value)
        await asyncio.sleep(_BEAT_S)


async def _expose(metrics: Metrics, path: Path) -> None:
    """Write the metrics where a collector of text files finds them, whole or not at all."""
    unfinished = path.with_name(path.name + ".new")
    while True:
        await asyncio.sleep(_EXPOSE_S)
        with contextlib.suppress(OSError):
            unfinished.write_bytes(metrics.exposition())
            unfinished.replace(path)


def _timing(metrics: Metrics, clock: Clock) -> StepListener:
    """Return what measures, right after a step was acted on, how long its orders took."""

    def observe(step: Step) -> None:
        if any(type(effect) is Approved for effect in step.effects):
            metrics.observe_order_latency(clock.now_ns() - step.event.recv_ns)

    return observe


async def _keep_house(journal: Journal, metrics: Metrics, clock: Clock) -> None:
    """Move what the journal holds in its tail into its file, and now and then its log too."""
    for turn in itertools.count(1):
        due_ns = clock.now_ns() + round(_SETTLE_S * NS_PER_S)
        await asyncio.sleep(_SETTLE_S)
        metrics.observe_loop_lag(max(clock.now_ns() - due_ns, 0))
        try:
            journal.settle()
            if turn % _SETTLES_A_CHECKPOINT == 0:
                await asyncio.to_thread(journal.checkpoint)
        except JournalError as error:
            # Nothing is lost: it is in the tail, and the next commit says so if it cannot go on.
            _log.warning("journal not settled", error=str(error))


def _quieten_collector() -> None:
    """Keep the garbage collector from looking through everything between a trade and its answer.

    What is loaded by now stays. What comes later has hardly a cycle in it, so that a
    hundredth of the collections finds the same garbage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(70_000, 20, 20)
