"""The parts of a live run out of its settings."""

from __future__ import annotations

import asyncio
import random
import zlib
from typing import TYPE_CHECKING

import msgspec

from botkit.clock import Clock, WallClock
from botkit.config.runfile import ExchangeRun, find_exchange
from botkit.engine.ids import base36
from botkit.errors import ConfigError, StrategyError
from botkit.strategy.discovery import find_strategy
from botkit.strategy.params import Params
from botkit.strategy.strategy import Strategy
from botkit.venues.dialer import Dialer
from botkit.venues.okx.hosts import Hosts
from botkit.venues.okx.venue import OkxVenue
from botkit.venues.secret_sources import resolve_secret
from botkit.venues.secrets import Credentials

if TYPE_CHECKING:
    from botkit.config.settings import Settings
    from botkit.risk.scope import KeyReport

__all__ = ["Seat", "ask_about_key", "make_venue", "mark_of", "seats_of"]


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy that is to be run, found and with its parameters checked."""

    name: str
    kind: type[Strategy]
    params: Params
    cancels_on_stop: bool


def seats_of(settings: Settings) -> list[Seat]:
    """Return the strategies that the settings name, in their order.

    Raises:
        StrategyError: If one cannot be found or imported, or its parameters are not what it takes.

    """
    seats: list[Seat] = []
    for name, strategy in settings.strategy.items():
        kind = _found(settings, name, strategy.use)
        params = settings.params_of(name, kind.Params)
        seats.append(Seat(name=name, kind=kind, params=params, cancels_on_stop=strategy.on_stop == "cancel"))
    return seats


def _found(settings: Settings, name: str, reference: str) -> type[Strategy]:
    try:
        return find_strategy(reference)
    except StrategyError as error:
        # A line of the strategy's own file says more than the one that names it.
        where = error.where or settings.where("strategy", name, "use")
        raise StrategyError(error.problem, remedy=error.remedy, where=where) from error


def mark_of(settings: Settings) -> str:
    """Return what every order of this bot begins with, and is tagged with at the venue.

    Two bots on one account must never make the same order id, so their names are in it.
    """
    return settings.bot.order_prefix + base36(zlib.crc32(settings.bot.name.encode()) % 36**4, 4)


def make_venue(settings: Settings, clock: Clock, exchange: ExchangeRun | None = None) -> OkxVenue:
    """Return the venue that the settings name, not opened yet.

    Args:
        settings: What to trade on, with which key.
        clock: Stamps what comes in.
        exchange: The emulator to trade on, if it is known already.

    Raises:
        ConfigError: If it cannot be told where the venue is, or the key cannot be read.

    """
    if settings.venue.region:
        if settings.venue.environment is None:
            raise ConfigError('venue.environment should say "demo" or "live": real money is never assumed')
        hosts = Hosts.of(settings.venue.region, settings.venue.environment)
    else:
        exchange = exchange or find_exchange(settings.venue.address, where=settings.where("venue", "address"))
        hosts = Hosts.emulated(
            rest=exchange.rest,
            public=exchange.ws_public,
            private=exchange.ws_private,
            business=exchange.ws_business,
        )
    return OkxVenue(
        hosts,
        _credentials(settings, exchange),
        clock=clock,
        # Backing off at random needs no good randomness, only none that two bots share.
        dialer=Dialer(clock, random.Random().random),  # noqa: S311
        tag=mark_of(settings),
    )


def ask_about_key(settings: Settings) -> KeyReport:
    """Return what the venue says about the key that the settings name.

    Raises:
        ConfigError: As `make_venue`.
        LoginRefused: If the key, passphrase, signature or clock is not accepted.
        VenueUnreachable: If no answer came.

    """
    return asyncio.run(_ask_about_key(make_venue(settings, WallClock())))


async def _ask_about_key(venue: OkxVenue) -> KeyReport:
    try:
        await venue.open()
        return await venue.describe_key()
    finally:
        await venue.close()


def _credentials(settings: Settings, exchange: ExchangeRun | None) -> Credentials:
    key = settings.key
    if key.account is not None and exchange is not None:
        return exchange.credentials(key.emulator_label, where=settings.where("key", "account"))
    return Credentials(
        key=resolve_secret(key.key or "", where=settings.where("key", "key")),
        secret=resolve_secret(key.secret or "", where=settings.where("key", "secret")),
        passphrase=resolve_secret(key.passphrase or "", where=settings.where("key", "passphrase")),
    )
