"""OKX as a `Venue`: puts the pure parts together with the two shells that own sockets.

    public, business ──► PublicSession ──┐
    private ───────────► PrivateSession ─┼─► sink
    REST ──► Rest ──► Reconciler ────────┘ (what `reconcile` and `resolve` return)

Orders go out over the private connection and nowhere else: while it is down a
new order or amendment is refused, never kept for later. Cancels then go by REST.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

import structlog

from botkit.clock import Clock
from botkit.errors import ConfigError, InvariantError, LoginRefused, ProtocolError, VenueBusy, VenueError
from botkit.model.duration import NS_PER_S
from botkit.model.events import AnyEvent
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.market import Bar
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, Order
from botkit.risk.approval import Approved
from botkit.risk.scope import KeyReport
from botkit.strategy.desk import Subscription
from botkit.venues.api import EventSink
from botkit.venues.dialer import Dialer
from botkit.venues.http import Http, RestClient
from botkit.venues.link import Link
from botkit.venues.okx.channels import arg_of, is_business
from botkit.venues.okx.dialect import Call, OkxDialect
from botkit.venues.okx.endpoints import Endpoint, Op, quota_key
from botkit.venues.okx.errors import CLOCK_CODES
from botkit.venues.okx.holdings import Holdings
from botkit.venues.okx.hosts import Hosts
from botkit.venues.okx.keys import AccountSettings
from botkit.venues.okx.login import Logins
from botkit.venues.okx.orders import OrderEncoder, Request, Unsendable, unanswered, unsent
from botkit.venues.okx.private_session import PrivateSession
from botkit.venues.okx.public_session import PublicSession
from botkit.venues.okx.reconcile import Reconciler
from botkit.venues.okx.rest import Rest, understood
from botkit.venues.okx.signing import Signer
from botkit.venues.okx.skew import Skew
from botkit.venues.ratelimit import RateLimiter
from botkit.venues.secrets import Credentials

__all__ = ["OkxVenue"]

_TIME_SAMPLES: Final = 3
_TIME_EVERY_NS: Final = 300 * NS_PER_S
_LOOK_AFTER_S: Final = 1.0
_FINAL_CLOSE_CODES: Final = {
    4007: "The API key was deleted or changed at OKX; check it there, and start again.",
}
_CLOCK_OFF_NS: Final = NS_PER_S
_CLOCK_WRONG_S: Final = 10.0
_NET: Final = "net_mode"

_log = structlog.get_logger(__name__)


class OkxVenue:
    """One account at OKX, or its public data only."""

    def __init__(
        self,
        hosts: Hosts,
        credentials: Credentials | None,
        *,
        clock: Clock,
        dialer: Dialer,
        tag: str = "",
        deadline_s: float = 5.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Store what it works with.

        Args:
            hosts: Where OKX is.
            credentials: Of the key; None for public data only.
            clock: Stamps what comes in.
            dialer: Opens the sockets, for all venues of the process.
            tag: Marks every order, 1 to 16 letters and digits; empty for none.
            deadline_s: For one REST request, in seconds.
            sleep: Waits for so many seconds, before asking again.

        """
        self._clock = clock
        self._signer = None if credentials is None else _signer(credentials)
        self._instruments: dict[str, Instrument] = {}
        self._trade_modes: dict[InstrumentKind, str] = {}
        self._settings: AccountSettings | None = None
        self._skew = Skew()
        self._agreed_ns: int | None = None
        self._logins = Logins()
        self._holdings = Holdings(self._instruments)
        self._epochs = itertools.count(1)
        self._order_limiter = RateLimiter(max_wait_s=0)
        self._http = Http(hosts.rest, tls=dialer.tls, deadline_s=deadline_s)
        dialect = OkxDialect(self._signer, self._skew, hosts.headers)
        self._client = RestClient(self._http, dialect, RateLimiter(), clock, sleep=sleep)
        self._rest = Rest(self._ask, clock.now_ns)
        self._encoder = OrderEncoder(self._instruments, self._trade_modes, self._skew.venue_ns, tag=tag)
        self._reconciler = Reconciler(self._rest, self._instruments, self._skew, clock.now_ns, sleep)
        self._subscriptions: dict[Subscription, None] = {}
        self._sink: EventSink | None = None
        self._unheard: list[AnyEvent] = []
        self._uncanceled: list[CancelOrder] = []
        self._tasks: asyncio.TaskGroup | None = None
        self._running: set[str] = set()
        self._public = Link(
            "public",
            hosts.public,
            partial(self._market_session, business=False),
            self._tell,
            clock=clock,
            dialer=dialer,
        )
        self._business = Link(
            "business",
            hosts.business,
            partial(self._market_session, business=True),
            self._tell,
            clock=clock,
            dialer=dialer,
        )
        self._private = Link(
            "private",
            hosts.private,
            self._private_session,
            self._tell,
            clock=clock,
            dialer=dialer,
            final_codes=_FINAL_CLOSE_CODES,
        )

    # ---- life

    async def open(self) -> None:
        """Agree on the time with OKX.

        A small difference is allowed for; one that only a wrong clock can have is refused.

        Raises:
            LoginRefused: If this machine's clock is wrong.
            VenueUnreachable: If no answer came.

        """
        await self._agree_on_time()
        off_s = self._skew.offset_ns / NS_PER_S
        if abs(off_s) > _CLOCK_WRONG_S:
            raise LoginRefused(
                f"this machine's clock is {abs(off_s):.0f} s {'behind' if off_s > 0 else 'ahead of'} OKX's",
                remedy="Set it by NTP and start again; whatever goes by the time of day would go wrong.",
            )

    async def close(self) -> None:
        """Let go of every REST connection; idempotent."""
        await self._http.close()

    async def run(self, sink: EventSink) -> None:
        """Keep the connections going until cancelled; every event goes to `sink`.

        Raises:
            LoginRefused: If OKX will not have us any more.
            ConfigError: If the account is not set up for what is traded.

        """
        await self._check_account()
        self._sink = sink
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._begin()
        except BaseExceptionGroup as group:
            # The first to fail ended all the others.
            raise group.exceptions[0] from group
        finally:
            self._sink = self._tasks = None
            self._running.clear()

    # ---- what it is asked

    async def describe_key(self) -> KeyReport:
        """Ask what the key may do.

        Raises:
            LoginRefused: If the key, passphrase, signature or clock is not accepted.
            VenueUnreachable: If no answer came.
            ConfigError: If there is no key.

        """
        if self._signer is None:
            raise ConfigError("there is no key to ask about", remedy="Configure one, or trade on paper.")
        report, self._settings = await self._rest.key()
        self._trade_modes |= self._settings.trade_modes
        return report

    async def load_instruments(self, symbols: Sequence[str]) -> dict[str, Instrument]:
        """Fetch instruments by symbol; symbols that do not exist are absent from the answer.

        With a key, those that its account may trade.

        Raises:
            LoginRefused: If the key is not accepted.
            VenueUnreachable: If no answer came.
            ConfigError: If the account is not set up for them.

        """
        endpoint = Endpoint.PUBLIC_INSTRUMENTS if self._signer is None else Endpoint.ACCOUNT_INSTRUMENTS
        found = await self._rest.instruments(symbols, endpoint)
        self._instruments |= found
        await self._check_account()
        return found

    async def history(self, subscription: Subscription) -> list[Bar]:
        """Fetch the last `warmup` closed bars, oldest first.

        Raises:
            VenueUnreachable: If no answer came.

        """
        instrument = self._instruments[subscription.symbol]
        return await self._rest.bars(instrument, subscription.interval, subscription.warmup)

    async def reconcile(self, open_orders: Sequence[Order], since_ns: int) -> list[AnyEvent]:
        """Ask what became of `open_orders`, which fills happened since, and what the account holds.

        Raises:
            VenueError: If OKX cannot be asked now.
            ConfigError: If an order works in an instrument that was not loaded.

        """
        return await self._reconciler.reconcile(open_orders, since_ns)

    async def resolve(self, order: Order) -> list[AnyEvent]:
        """Ask what is true of one order until OKX has shown or disproved it.

        Raises:
            VenueError: If OKX cannot be asked now.

        """
        return await self._reconciler.resolve(order)

    # ---- what it is told to do

    def subscribe(self, subscription: Subscription) -> None:
        """Start sending these events, over this and every later connection; idempotent.

        Raises:
            ConfigError: If OKX has nothing of the kind, or the instrument was not loaded.

        """
        arg_of(subscription)
        if subscription.symbol not in self._instruments:
            raise ConfigError(f"{subscription.symbol} is not among the instruments loaded from OKX")
        self._subscriptions[subscription] = None
        link = self._business if is_business(subscription) else self._public
        self._keep_going(link)
        if link.session is not None:
            try:
                link.session.subscribe(subscription)
            except ProtocolError as error:
                # Its requests are used up; at its next tick it gives way to a session with new ones.
                _log.info("subscription waits for a new connection", feed=link.feed, reason=str(error))
            link.flush()

    def submit(self, approved: Approved) -> None:
        """Send a new order or an amendment; say so at once if it cannot be sent."""
        if type(approved) is not Approved:
            raise InvariantError("only what the risk gate has approved is sent")
        order = approved.request
        now_ns = self._clock.now_ns()
        session = self._private.ready
        events: Sequence[AnyEvent]
        if session is None or (reason := self._too_often(order, now_ns)):
            request = Request(Op.PLACE if isinstance(order, NewOrder) else Op.AMEND, order)
            events = unsent(request, reason if session else "the private connection is down", now_ns)
        elif isinstance(order, NewOrder):
            events = session.place(order, now_ns)
        else:
            events = session.amend(order, now_ns)
        self._private.flush()
        for event in events:
            self._tell(event)

    def cancel(self, cancel: CancelOrder) -> None:
        """Send a cancel: over the private connection, or by REST while that is down."""
        session = self._private.ready
        if session is not None:
            failure = session.cancel(cancel, self._clock.now_ns())
            self._private.flush()
            if not failure:
                return
        if self._tasks is None:
            self._uncanceled.append(cancel)
        else:
            self._tasks.create_task(self._cancel_by_rest(cancel), name=f"cancel {cancel.client_order_id}")

    async def _check_account(self) -> None:
        if self._signer is not None:
            if self._settings is None:
                await self.describe_key()
            assert self._settings is not None
            _check(self._settings, self._instruments)

    # ---- connections

    def _begin(self) -> None:
        unheard, self._unheard = self._unheard, []
        for event in unheard:
            self._tell(event)
        uncanceled, self._uncanceled = self._uncanceled, []
        for cancel in uncanceled:
            self.cancel(cancel)
        if self._signer is not None:
            self._keep_going(self._private)
        for subscription in self._subscriptions:
            self._keep_going(self._business if is_business(subscription) else self._public)
        if self._tasks is not None:
            self._tasks.create_task(self._look_after(), name="okx housekeeping")

    def _keep_going(self, link: Link[PublicSession] | Link[PrivateSession]) -> None:
        if self._tasks is not None and link.feed not in self._running:
            self._running.add(link.feed)
            self._tasks.create_task(link.run(), name=f"okx {link.feed}")

    async def _market_session(self, *, business: bool) -> PublicSession:
        wanted = [each for each in self._subscriptions if is_business(each) is business]
        return PublicSession(self._instruments, epoch=next(self._epochs), subscriptions=wanted)

    async def _private_session(self) -> PrivateSession:
        if self._signer is None:
            raise InvariantError("there is no key to log in with")
        if self._logins.needs_time or self._is_time_old():
            await self._agree_on_time()
        return PrivateSession(
            self._instruments,
            signer=self._signer,
            encoder=self._encoder,
            holdings=self._holdings,
            logins=self._logins,
            venue_ns=self._skew.venue_ns,
            epoch=next(self._epochs),
        )

    def _tell(self, event: AnyEvent) -> None:
        if self._sink is None:
            self._unheard.append(event)
        else:
            self._sink(event)

    def _too_often(self, order: NewOrder | AmendOrder, now_ns: int) -> str:
        """Return why OKX would not take another order now; empty if it would."""
        endpoint = Endpoint.PLACE if isinstance(order, NewOrder) else Endpoint.AMEND
        try:
            self._order_limiter.acquire(quota_key(endpoint, order.symbol), endpoint.quota, now_ns)
        except VenueBusy as error:
            return str(error)
        return ""

    async def _cancel_by_rest(self, cancel: CancelOrder) -> None:
        try:
            updates = await self._rest.cancel(cancel, self._encoder.cancel_body(cancel))
        except (VenueError, Unsendable) as error:
            updates = unanswered(Request(Op.CANCEL, cancel), str(error), self._clock.now_ns())
        for update in updates:
            self._tell(update)

    # ---- housekeeping

    async def _look_after(self) -> None:
        """Keep the time agreed, and fetch books that came without a snapshot."""
        while True:
            await asyncio.sleep(_LOOK_AFTER_S)
            try:
                if self._is_time_old():
                    await self._agree_on_time()
                await self._seed_books()
            except VenueError as error:
                _log.warning("housekeeping failed", error=str(error), retry_in_s=_LOOK_AFTER_S)

    async def _seed_books(self) -> None:
        session = self._public.ready
        if session is None:
            return
        for symbol in session.books_to_seed(self._clock.now_ns()):
            data = await self._rest.book(symbol)
            with understood():
                events = session.seed_book(symbol, data, self._clock.now_ns())
            for event in events if session is self._public.ready else ():
                self._tell(event)

    def _is_time_old(self) -> bool:
        return self._agreed_ns is None or self._clock.now_ns() - self._agreed_ns > _TIME_EVERY_NS

    async def _agree_on_time(self) -> None:
        samples: list[tuple[int, int, int]] = []
        for _ in range(_TIME_SAMPLES):
            asked_ns = self._clock.now_ns()
            venue_ns = await self._rest.server_time_ns()
            samples.append((asked_ns, venue_ns, self._clock.now_ns()))
        self._skew.measure(samples)
        self._agreed_ns = self._clock.now_ns()
        if abs(self._skew.offset_ns) > _CLOCK_OFF_NS:
            _log.warning("clock off", offset_s=self._skew.offset_ns / NS_PER_S, remedy="set it by NTP")

    async def _ask(self, call: Call) -> bytes:
        try:
            return await self._client.ask(call)
        except LoginRefused as error:
            # Nothing was done, and it need not be the operator's fault: ask for the time, then once more.
            if error.code not in CLOCK_CODES:
                raise
        await self._agree_on_time()
        return await self._client.ask(call)


def _signer(credentials: Credentials) -> Signer:
    return Signer(
        credentials.key.reveal().decode(),
        credentials.secret.reveal(),
        credentials.passphrase.reveal().decode(),
    )


def _check(settings: AccountSettings, instruments: Mapping[str, Instrument]) -> None:
    """Refuse an account that is not set up for what is traded."""
    kinds = {instrument.kind for instrument in instruments.values()}
    if not settings.trade_modes:
        raise ConfigError(f"the account's mode {settings.level!r} is not known to botkit")
    for kind in sorted(kinds - settings.trade_modes.keys(), key=lambda kind: kind.value):
        raise ConfigError(
            f"the account's mode does not trade {kind.value} instruments",
            remedy="Set the account mode to Futures or higher, at OKX under Trade, Settings, Account mode.",
        )
    if InstrumentKind.SWAP in kinds and settings.position_mode != _NET:
        raise ConfigError(
            f"the account keeps long and short positions apart ({settings.position_mode})",
            remedy="Set the position mode to one-way, at OKX under Trade, Settings, Position mode.",
        )
