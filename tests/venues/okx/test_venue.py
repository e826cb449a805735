"""The whole client against the emulator, over sockets of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from decimal import Decimal
from typing import Any, Self, TypeVar

import pytest
import pytest_asyncio
import structlog

from botkit.clock import WallClock
from botkit.errors import ConfigError, InvariantError, LoginRefused, ProtocolError, VenueUnreachable
from botkit.model.duration import NS_PER_S
from botkit.model.events import AnyEvent, ConnectionChanged, OrderUpdate
from botkit.model.instrument import InstrumentKind
from botkit.model.market import Bar, BookUpdate, Quote, Trade
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, Order, OrderChange, OrderType
from botkit.model.portfolio import Balance, Fill, PositionReport
from botkit.model.side import Side
from botkit.risk.approval import _SEAL, Approved
from botkit.sim.exchange import SimExchange
from botkit.sim.listing import BTC_USDT, BTC_USDT_SWAP, LISTED
from botkit.strategy.desk import Subscription
from botkit.venues.api import Venue
from botkit.venues.dialer import Dialer
from botkit.venues.okx.dialect import Call
from botkit.venues.okx.emulator import Emulator, synthetic
from botkit.venues.okx.emulator.accounts import BUILT_IN, Accounts
from botkit.venues.okx.endpoints import Endpoint
from botkit.venues.okx.hosts import Hosts
from botkit.venues.okx.keys import AccountSettings
from botkit.venues.okx.venue import OkxVenue, _check
from botkit.venues.secrets import Credentials, Secret

EventT = TypeVar("EventT")

SPOT, SWAP = BTC_USDT.symbol, BTC_USDT_SWAP.symbol
_FAR_BELOW = Decimal("50000.1")


class Ear:
    """Hears events, and lets a test wait for the one that it describes."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self._heard = asyncio.Event()

    def __call__(self, event: AnyEvent) -> None:
        self.events.append(event)
        self._heard.set()

    async def hear(self, is_it: Callable[[AnyEvent], bool], *, after: int = 0) -> AnyEvent:
        seen = after
        async with asyncio.timeout(20):
            while True:
                for event in self.events[seen:]:
                    if is_it(event):
                        return event
                seen = len(self.events)
                self._heard.clear()
                await self._heard.wait()

    async def update(self, order: NewOrder, change: OrderChange) -> OrderUpdate:
        def is_it(event: AnyEvent) -> bool:
            return (
                isinstance(event, OrderUpdate)
                and event.client_order_id == order.client_order_id
                and event.change is change
            )

        event = await self.hear(is_it)
        assert isinstance(event, OrderUpdate)
        return event

    async def connection(self, feed: str, *, is_up: bool, after: int = 0) -> ConnectionChanged:
        def is_it(event: AnyEvent) -> bool:
            return isinstance(event, ConnectionChanged) and event.feed == feed and event.is_up is is_up

        event = await self.hear(is_it, after=after)
        assert isinstance(event, ConnectionChanged)
        return event

    def of(self, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.events if isinstance(event, kind)]


class JumpClock:
    """The wall clock, which a sleeper puts forward instead of waiting."""

    def __init__(self) -> None:
        self._wall = WallClock()
        self._ahead_ns = 0

    def now_ns(self) -> int:
        return self._wall.now_ns() + self._ahead_ns

    async def sleep(self, seconds: float) -> None:
        self._ahead_ns += int(seconds * NS_PER_S)
        await asyncio.sleep(0)


class Bench:
    """A venue at an emulator, and an ear."""

    def __init__(self, hosts: Hosts, credentials: Credentials | None) -> None:
        self.clock = JumpClock()
        self.ear = Ear()
        dialer = Dialer(self.clock, lambda: 0.0, per_second=1000)
        self.venue = OkxVenue(
            hosts, credentials, clock=self.clock, dialer=dialer, deadline_s=2.0, sleep=self.clock.sleep
        )
        self._count = 0

    def order(
        self,
        symbol: str = SPOT,
        *,
        side: Side = Side.BUY,
        price: Decimal | None = _FAR_BELOW,
        size: str = "0.01",
        lifetime_s: float = 5,
    ) -> NewOrder:
        self._count += 1
        return NewOrder(
            client_order_id=f"bk00{id(self) % 10**6:06d}{self._count:08d}",
            strategy="test",
            symbol=symbol,
            side=side,
            size=Decimal(size),
            limit_price=price,
            type=OrderType.MARKET if price is None else OrderType.LIMIT,
            deadline_ns=self.clock.now_ns() + int(lifetime_s * NS_PER_S),
        )

    def amendment(self, order: NewOrder, size: str, price: str) -> AmendOrder:
        return AmendOrder(
            client_order_id=order.client_order_id,
            amend_id=f"{order.client_order_id}a",
            strategy="test",
            symbol=order.symbol,
            size=Decimal(size),
            limit_price=Decimal(price),
            deadline_ns=self.clock.now_ns() + 5 * NS_PER_S,
        )

    def submit(self, request: NewOrder | AmendOrder) -> None:
        self.venue.submit(Approved(request, seal=_SEAL))

    def cancel(self, order: NewOrder) -> None:
        self.venue.cancel(
            CancelOrder(client_order_id=order.client_order_id, strategy="test", symbol=order.symbol)
        )

    async def working(self) -> list[str]:
        """Return the ids of the orders that the exchange has working, as it says over REST."""
        return [row.cl_ord_id for row in await self.venue._rest.open_orders()]

    @contextlib.asynccontextmanager
    async def running(self, *feeds: str) -> AsyncIterator[Ear]:
        task = asyncio.create_task(self.venue.run(self.ear))
        try:
            for feed in feeds or ("private",):
                await self.ear.connection(feed, is_up=True)
            yield self.ear
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def cut(self) -> None:
        """Cut the private connection, as a cable would be."""
        conversation = self.venue._private._conversation
        assert conversation is not None
        assert conversation._transport is not None
        conversation._transport.abort()


def hosts_of(emulator: Emulator, **other: str) -> Hosts:
    urls = {name: str(emulator.describe()[f"ws_{name}"]) for name in ("public", "private", "business")}
    return Hosts.emulated(**{"rest": str(emulator.describe()["rest"]), **urls, **other})


def credentials_of(emulator: Emulator, label: str = "trader", **other: str) -> Credentials:
    accounts = emulator.describe()["accounts"]
    assert isinstance(accounts, list)
    account = {**next(each for each in accounts if each["label"] == label), **other}
    return Credentials(**{name: Secret(account[name]) for name in ("key", "secret", "passphrase")})


Opens = Callable[..., Coroutine[Any, Any, Bench]]


def quiet(*, clock_offset_s: float = 0) -> Emulator:
    """Return an exchange where nobody trades but those who call."""
    clock = WallClock()
    start_ns = clock.now_ns() + int(clock_offset_s * NS_PER_S)
    exchange = SimExchange(LISTED, start_ns=start_ns)
    return Emulator(exchange, Accounts(BUILT_IN), clock, clock_offset_s=clock_offset_s)


@pytest_asyncio.fixture
async def emulator() -> AsyncIterator[Emulator]:
    emulator = quiet()
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest_asyncio.fixture
async def busy() -> AsyncIterator[Emulator]:
    """An exchange with a market."""
    emulator = synthetic(seed=1)
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest_asyncio.fixture
async def opened(emulator: Emulator) -> AsyncIterator[Opens]:
    """Open venues; by default as the ordinary trader, where nobody else is."""
    benches: list[Bench] = []

    async def open_one(label: str = "trader", hosts: Hosts | None = None) -> Bench:
        bench = Bench(hosts or hosts_of(emulator), credentials_of(emulator, label))
        benches.append(bench)
        await bench.venue.open()
        await bench.venue.load_instruments([SPOT, SWAP])
        return bench

    yield open_one
    for bench in benches:
        await bench.venue.close()


@pytest_asyncio.fixture
async def bench(opened: Opens) -> Bench:
    return await opened()


@pytest_asyncio.fixture
async def lively(opened: Opens, busy: Emulator) -> Bench:
    return await opened(hosts=hosts_of(busy))


@pytest.fixture
def nobody() -> Any:
    """A port that is taken, so that nobody else can begin to listen there."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


# ---- what it is asked


@pytest.mark.asyncio
async def test_it_is_a_venue_that_tells_what_the_key_may_do(bench: Bench) -> None:
    venue: Venue = bench.venue

    report = await venue.describe_key()

    assert set(report.permissions or ()) == {"read_only", "trade"}
    assert report.is_master is False


@pytest.mark.asyncio
async def test_instruments_come_with_what_the_wire_needs(bench: Bench) -> None:
    found = await bench.venue.load_instruments([SPOT, SWAP, "NO-SUCH"])

    assert sorted(found) == [SPOT, SWAP]
    assert found[SWAP].contract_value == Decimal("0.01")
    assert found[SPOT].venue_code


@pytest.mark.asyncio
async def test_history_is_closed_bars_oldest_first(lively: Bench) -> None:
    bars = await lively.venue.history(Subscription(channel="bars", symbol=SPOT, interval="1m", warmup=320))

    assert len(bars) == 320
    assert all(bar.is_history for bar in bars)
    steps = {later.open_ns - bar.open_ns for bar, later in itertools.pairwise(bars)}
    assert steps == {60 * NS_PER_S}
    assert bars[-1].open_ns + 60 * NS_PER_S <= lively.clock.now_ns()


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        ({"passphrase": "Fake-Wrong"}, "50105", "passphrase is wrong"),
        ({"secret": "FAKE-WRONG"}, "50113", "copy the secret again"),
        ({"key": "fake-wrong"}, "50119", "does not know the key"),
    ],
    ids=["passphrase", "secret", "key"],
)
@pytest.mark.asyncio
async def test_a_key_that_is_not_accepted_is_refused_with_what_to_do(
    emulator: Emulator, wrong: dict[str, str], code: str, words: str
) -> None:
    bench = Bench(hosts_of(emulator), credentials_of(emulator, **wrong))
    try:
        await bench.venue.open()
        with pytest.raises(LoginRefused, match=words) as caught:
            await bench.venue.describe_key()
    finally:
        await bench.venue.close()

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"passphrase": "Fake-Wrong"}, "passphrase"), ({"secret": "FAKE-WRONG"}, "secret")],
    ids=["passphrase", "secret"],
)
@pytest.mark.asyncio
async def test_a_login_that_is_refused_ends_the_run(
    emulator: Emulator, wrong: dict[str, str], words: str
) -> None:
    bench = Bench(hosts_of(emulator), credentials_of(emulator, **wrong))
    # As if the key had been good when it was asked about.
    bench.venue._settings = _settings("2", "net_mode", InstrumentKind.SPOT)
    try:
        with pytest.raises(LoginRefused, match=words):
            await bench.venue.run(bench.ear)
    finally:
        await bench.venue.close()

    assert bench.ear.events[0] == await bench.ear.connection("private", is_up=False)


@pytest.mark.asyncio
async def test_a_clock_that_goes_wrong_while_running_is_allowed_for() -> None:
    emulator = quiet(clock_offset_s=60)
    await emulator.start()
    bench = Bench(hosts_of(emulator), credentials_of(emulator))
    try:
        with pytest.raises(LoginRefused, match="set it by NTP") as caught:
            await bench.venue._client.ask(Call(Endpoint.ACCOUNT_CONFIG))
        assert caught.value.code == "50102"

        await bench.venue.describe_key()

        await bench.venue.load_instruments([SPOT])
        async with bench.running() as ear:
            order = bench.order()
            bench.submit(order)
            await ear.update(order, OrderChange.ACCEPT)
    finally:
        await bench.venue.close()
        await emulator.stop()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("offset_s", "words"), [(60, "60 s behind OKX's"), (-60, "60 s ahead of OKX's")], ids=["slow", "fast"]
)
async def test_a_bot_does_not_start_by_a_wrong_clock(offset_s: float, words: str) -> None:
    emulator = quiet(clock_offset_s=offset_s)
    await emulator.start()
    bench = Bench(hosts_of(emulator), credentials_of(emulator))
    try:
        with pytest.raises(LoginRefused, match=words) as caught:
            await bench.venue.open()
        assert "NTP" in caught.value.remedy
    finally:
        await bench.venue.close()
        await emulator.stop()


@pytest.mark.asyncio
async def test_a_clock_that_begins_to_differ_is_noticed_at_the_next_login(
    emulator: Emulator, bench: Bench
) -> None:
    async with bench.running() as ear:
        emulator.floor.shift_clock(60)
        bench.cut()
        await ear.connection("private", is_up=True, after=len(ear.events) + 1)

    assert bench.venue._skew.offset_ns > 50 * NS_PER_S


@pytest.mark.asyncio
async def test_a_server_that_never_answers_is_unreachable_in_time() -> None:
    callers: list[asyncio.StreamWriter] = []

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)
        await reader.read()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    url = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    hosts = Hosts.emulated(
        rest=f"http://{url}", **dict.fromkeys(("public", "private", "business"), f"ws://{url}")
    )
    clock = JumpClock()
    dialer = Dialer(clock, lambda: 0.0)
    venue = OkxVenue(hosts, None, clock=clock, dialer=dialer, deadline_s=0.02, sleep=clock.sleep)
    async with server:
        with pytest.raises(VenueUnreachable, match="no answer in time"):
            await venue.open()
        await venue.close()
        for caller in callers:
            caller.close()
            await caller.wait_closed()


@pytest.mark.asyncio
async def test_nobody_at_the_address_is_said_in_words(emulator: Emulator, nobody: int) -> None:
    bench = Bench(hosts_of(emulator, rest=f"http://127.0.0.1:{nobody}"), None)

    with pytest.raises(VenueUnreachable, match=r"connection refused; is the emulator running\?"):
        await bench.venue.open()
    await bench.venue.close()


# ---- orders


@pytest.mark.asyncio
async def test_an_order_lives_is_amended_and_dies(bench: Bench) -> None:
    async with bench.running() as ear:
        order = bench.order()
        bench.submit(order)
        await ear.update(order, OrderChange.ACCEPT)
        bench.submit(bench.amendment(order, "0.02", "50000.2"))
        amended = await ear.update(order, OrderChange.AMEND)
        bench.cancel(order)
        canceled = await ear.update(order, OrderChange.CANCEL)

        assert (amended.size, amended.limit_price) == (Decimal("0.02"), Decimal("50000.2"))
        assert canceled.reason == "canceled by the user"
        assert await bench.working() == []


@pytest.mark.parametrize("symbol", [SPOT, SWAP])
@pytest.mark.asyncio
async def test_an_order_fills_and_the_account_changes(opened: Opens, symbol: str) -> None:
    bench, other = await opened(), await opened("trader-2")
    async with other.running() as asking, bench.running() as ear:
        for size in ("0.004", "0.006"):
            offer = other.order(symbol, side=Side.SELL, price=Decimal(60_000), size=size)
            other.submit(offer)
            await asking.update(offer, OrderChange.ACCEPT)
        order = bench.order(symbol, price=Decimal(60_000))
        before = len(ear.events)
        bench.submit(order)
        await ear.update(order, OrderChange.LAST_FILL)
        await ear.hear(
            lambda event: isinstance(event, Balance if symbol == SPOT else PositionReport), after=before
        )

    fills = ear.of(Fill)
    assert [fill.size for fill in fills] == [Decimal("0.004"), Decimal("0.006")]
    assert [fill.cumulative_size for fill in fills] == [Decimal("0.004"), Decimal("0.010")]
    assert {(fill.client_order_id, fill.price) for fill in fills} == {
        (order.client_order_id, Decimal(60_000))
    }
    assert all(fill.fee < 0 for fill in fills)
    if symbol == SWAP:
        assert ear.of(PositionReport)[-1].size == order.size


@pytest.mark.asyncio
async def test_the_venues_refusal_comes_with_its_reason(bench: Bench) -> None:
    async with bench.running() as ear:
        order = bench.order(size="1000000", price=Decimal("50000.1"))
        bench.submit(order)
        rejected = await ear.update(order, OrderChange.REJECT)

    assert rejected.code
    assert rejected.reason


@pytest.mark.asyncio
async def test_an_order_that_arrives_after_its_deadline_is_not_executed(bench: Bench) -> None:
    async with bench.running() as ear:
        order = bench.order(lifetime_s=-1)
        bench.submit(order)
        rejected = await ear.update(order, OrderChange.REJECT)
        assert await bench.working() == []

    assert rejected.code in {"50036", "50037"}


@pytest.mark.asyncio
async def test_while_the_private_connection_is_down_nothing_new_is_sent(
    opened: Opens, emulator: Emulator, nobody: int
) -> None:
    bench = await opened(hosts=hosts_of(emulator, private=f"ws://127.0.0.1:{nobody}/ws"))
    task = asyncio.create_task(bench.venue.run(bench.ear))
    await bench.ear.connection("private", is_up=False)

    order = bench.order()
    bench.submit(order)
    bench.submit(bench.amendment(order, "0.02", "50000.2"))

    told = [event for event in bench.ear.events if isinstance(event, OrderUpdate)]
    assert [event.change for event in told] == [OrderChange.REJECT, OrderChange.AMEND_FAIL]
    assert told[0].reason == "the private connection is down"
    assert await bench.working() == []
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.asyncio
async def test_while_the_private_connection_is_down_cancels_go_by_rest(
    opened: Opens, emulator: Emulator, nobody: int
) -> None:
    up = await opened()
    down = await opened(hosts=hosts_of(emulator, private=f"ws://127.0.0.1:{nobody}/ws"))
    async with up.running() as ear:
        order, stays = up.order(), up.order()
        up.submit(order)
        up.submit(stays)
        await ear.update(stays, OrderChange.ACCEPT)
        task = asyncio.create_task(down.venue.run(down.ear))
        await down.ear.connection("private", is_up=False)

        down.cancel(order)
        await ear.update(order, OrderChange.CANCEL)
        # There is nothing left to cancel now, and that is said too.
        down.cancel(order)
        failed = await down.ear.update(order, OrderChange.CANCEL_FAIL)

        assert failed.code == "51400"
        assert await up.working() == [stays.client_order_id]
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.mark.asyncio
async def test_a_cancel_that_nobody_answers_is_said_to_have_failed(
    emulator: Emulator, opened: Opens, nobody: int
) -> None:
    bench = await opened(hosts=hosts_of(emulator, private=f"ws://127.0.0.1:{nobody}/ws"))
    order = bench.order()
    await bench.venue.close()
    bench.cancel(order)  # before it runs: it goes out when it does
    await emulator.stop()

    task = asyncio.create_task(bench.venue.run(bench.ear))
    failed = await bench.ear.update(order, OrderChange.CANCEL_FAIL)

    assert "connection refused" in failed.reason
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.asyncio
async def test_what_is_refused_before_it_runs_is_told_when_it_does(bench: Bench) -> None:
    order = bench.order()
    bench.submit(order)

    assert bench.ear.events == []
    async with bench.running() as ear:
        assert isinstance(ear.events[0], OrderUpdate)
        assert ear.events[0].change is OrderChange.REJECT


@pytest.mark.asyncio
async def test_more_orders_than_okx_takes_are_not_sent(bench: Bench) -> None:
    async with bench.running() as ear:
        orders = [bench.order(size="0.00001") for _ in range(60)]
        for order in orders:
            bench.submit(order)
        refused = await ear.update(orders[-1], OrderChange.REJECT)
        await ear.update(orders[47], OrderChange.ACCEPT)
        bench.cancel(orders[0])
        await ear.update(orders[0], OrderChange.CANCEL)
        swap = bench.order(SWAP)
        bench.submit(swap)
        await ear.update(swap, OrderChange.ACCEPT)
        # Those that were refused have used up nothing.
        await bench.clock.sleep(2)
        again = bench.order()
        bench.submit(again)
        await ear.update(again, OrderChange.ACCEPT)

    assert refused.reason == f"too many requests for POST /api/v5/trade/order {SPOT}"
    assert len([event for event in ear.of(OrderUpdate) if event.change is OrderChange.REJECT]) == 12


@pytest.mark.asyncio
async def test_only_what_the_gate_approved_is_sent(bench: Bench) -> None:
    class Forged:
        request = bench.order()

    with pytest.raises(InvariantError, match="risk gate"):
        bench.venue.submit(Forged())  # type: ignore[arg-type]  # that is the point


# ---- housekeeping


@pytest.mark.asyncio
async def test_the_time_is_agreed_on_again_and_again(
    bench: Bench, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botkit.venues.okx.venue._LOOK_AFTER_S", 0.001)
    async with bench.running():
        emulator.floor.shift_clock(400)
        await bench.clock.sleep(301)
        while abs(bench.venue._skew.offset_ns) < 50 * NS_PER_S:
            await bench.venue.describe_key()


@pytest.mark.asyncio
async def test_housekeeping_survives_a_venue_that_is_away(
    bench: Bench, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botkit.venues.okx.venue._LOOK_AFTER_S", 0)
    await emulator.stop()
    await bench.clock.sleep(301)

    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(bench.venue._look_after())
        while not logs:  # noqa: ASYNC110 - nothing tells that a line was logged
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    assert logs[0]["event"] == "housekeeping failed"
    assert "connection refused" in logs[0]["error"]


@pytest.mark.asyncio
async def test_an_account_is_asked_about_before_it_trades(emulator: Emulator) -> None:
    bench = Bench(hosts_of(emulator), credentials_of(emulator))
    async with bench.running():
        assert bench.venue._trade_modes
    await bench.venue.close()


@pytest.mark.asyncio
async def test_a_subscription_too_many_waits_for_the_next_connection(bench: Bench) -> None:
    class UsedUp:
        def subscribe(self, subscription: Subscription) -> None:
            raise ProtocolError("this connection has used up its subscription requests")

    bench.venue._public.session = UsedUp()  # type: ignore[assignment]  # all that is asked of it
    subscription = Subscription(channel="trades", symbol=SPOT)

    bench.venue.subscribe(subscription)

    assert subscription in bench.venue._subscriptions


# ---- lost connections


@pytest.mark.asyncio
async def test_an_order_whose_answer_was_cut_off_is_found_and_there_is_one_of_it(bench: Bench) -> None:
    async with bench.running() as ear:
        request = bench.order()
        order = Order(request, bench.clock.now_ns())
        bench.submit(request)
        bench.cut()
        lost = await ear.update(request, OrderChange.LOSE)
        order.change(lost.change, lost.recv_ns)
        await ear.connection("private", is_up=True, after=ear.events.index(lost))

        events = await bench.venue.resolve(order)

        assert [event.change for event in events if isinstance(event, OrderUpdate)] == [OrderChange.ACCEPT]
        assert await bench.working() == [request.client_order_id]
        downs = ear.of(ConnectionChanged)
        assert [(event.feed, event.is_up) for event in downs] == [
            ("private", True),
            ("private", False),
            ("private", True),
        ]
        assert ear.events.index(downs[1]) < ear.events.index(lost)


class Wire:
    """A wire to the emulator that can lose what the client says."""

    def __init__(self, port: int) -> None:
        self.loses = False
        self.port = 0
        self._there = port
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection("127.0.0.1", self._there)
        back = asyncio.create_task(self._pipe(there, writer))
        while data := await reader.read(65536):
            if self.loses:
                break
            to_there.write(data)
        for each in (to_there, writer):
            each.transport.abort()
        await back

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)


@pytest.mark.asyncio
async def test_an_order_that_never_arrived_is_proved_absent(opened: Opens, emulator: Emulator) -> None:
    async with Wire(emulator.address[1]) as wire:
        private = f"ws://127.0.0.1:{wire.port}/ws/v5/private"
        bench = await opened(hosts=hosts_of(emulator, private=private))
        async with bench.running() as ear:
            request = bench.order()
            order = Order(request, bench.clock.now_ns())
            wire.loses = True
            bench.submit(request)
            lost = await ear.update(request, OrderChange.LOSE)
            order.change(lost.change, lost.recv_ns)

            events = await bench.venue.resolve(order)

            assert [event.change for event in events if isinstance(event, OrderUpdate)] == [
                OrderChange.ABSENT
            ]
            assert bench.clock.now_ns() > request.deadline_ns + 2 * NS_PER_S
            assert await bench.working() == []


@pytest.mark.asyncio
async def test_what_was_missed_is_told_by_reconciling(opened: Opens) -> None:
    bench, other = await opened(), await opened("trader-2")
    since_ns = bench.clock.now_ns()
    orders = [Order(bench.order(price=Decimal(60_000)), since_ns) for _ in range(3)]
    filled, canceled, working = orders
    async with bench.running() as ear:
        foreign = bench.order()
        for request in (*(order.request for order in orders), foreign):
            bench.submit(request)
            update = await ear.update(request, OrderChange.ACCEPT)
            for order in orders:
                if order.request is request:
                    order.change(OrderChange.ACCEPT, update.recv_ns)
    async with other.running() as hitting:
        seller = other.order(side=Side.SELL, price=Decimal(60_000), size="0.014")
        other.submit(seller)
        await hitting.update(seller, OrderChange.LAST_FILL)
    bench.cancel(canceled.request)
    async with bench.running():
        while canceled.id in await bench.working():
            pass

        events = await bench.venue.reconcile(orders, since_ns)

    fills = [event for event in events if isinstance(event, Fill)]
    updates = {event.client_order_id: event for event in events if isinstance(event, OrderUpdate)}
    assert [(fill.client_order_id, str(fill.size)) for fill in fills] == [
        (filled.id, "0.01"),
        (canceled.id, "0.004"),
    ]
    assert {name: update.change for name, update in updates.items()} == {
        filled.id: OrderChange.LAST_FILL,
        canceled.id: OrderChange.CANCEL,
        working.id: OrderChange.ACCEPT,
        foreign.client_order_id: OrderChange.ACCEPT,
    }
    assert events.index(fills[-1]) < min(map(events.index, updates.values()))
    assert {event.currency for event in events if isinstance(event, Balance)} >= {"USDT", "BTC"}
    assert [event.size for event in events if isinstance(event, PositionReport)] == [0]


# ---- market data


@pytest.mark.parametrize(
    ("channel", "kind"), [("quotes", Quote), ("trades", Trade), ("book", BookUpdate)], ids=str
)
@pytest.mark.parametrize("when", ["before", "while"])
@pytest.mark.asyncio
async def test_market_data_comes_as_subscribed(lively: Bench, channel: str, kind: type, when: str) -> None:
    subscription = Subscription(channel=channel, symbol=SPOT)
    if when == "before":
        lively.venue.subscribe(subscription)
    async with lively.running() as ear:
        lively.venue.subscribe(subscription)
        event = await ear.hear(lambda event: isinstance(event, kind))

    assert isinstance(event, Quote | Trade | BookUpdate)
    assert event.symbol == SPOT


@pytest.mark.asyncio
async def test_bars_come_over_a_connection_of_their_own_when_they_are_closed(
    lively: Bench, busy: Emulator
) -> None:
    lively.venue.subscribe(Subscription(channel="bars", symbol=SPOT, interval="1m"))
    lively.venue.subscribe(Subscription(channel="trades", symbol=SPOT))
    async with lively.running("business", "public") as ear:
        while not (bars := ear.of(Bar)):
            await ear.hear(lambda event: isinstance(event, Trade | Bar), after=len(ear.events))
            busy.floor.shift_clock(60)

    assert isinstance(bars[0], Bar)
    assert (bars[0].symbol, bars[0].interval, bars[0].is_history) == (SPOT, "1m", False)


@pytest.mark.asyncio
async def test_a_later_subscription_joins_the_connection_there_is(lively: Bench) -> None:
    lively.venue.subscribe(Subscription(channel="trades", symbol=SPOT))
    async with lively.running("public") as ear:
        lively.venue.subscribe(Subscription(channel="quotes", symbol=SWAP))
        await ear.hear(lambda event: isinstance(event, Quote) and event.symbol == SWAP)

        assert (
            sum(isinstance(event, ConnectionChanged) and event.feed == "public" for event in ear.events) == 1
        )


@pytest.mark.asyncio
async def test_a_new_connection_has_the_subscriptions_of_the_old_one(lively: Bench) -> None:
    lively.venue.subscribe(Subscription(channel="quotes", symbol=SPOT))
    async with lively.running("public") as ear:
        conversation = lively.venue._public._conversation
        assert conversation is not None
        assert conversation._transport is not None
        conversation._transport.abort()
        down = await ear.connection("public", is_up=False)
        await ear.hear(lambda event: isinstance(event, Quote), after=ear.events.index(down))


@pytest.mark.parametrize(
    "subscription",
    [
        Subscription(channel="gossip", symbol=SPOT),
        Subscription(channel="trades", symbol="NO-SUCH"),
        Subscription(channel="bars", symbol=SPOT, interval="7m"),
    ],
    ids=["channel", "instrument", "interval"],
)
@pytest.mark.asyncio
async def test_what_okx_does_not_have_cannot_be_subscribed_to(
    bench: Bench, subscription: Subscription
) -> None:
    with pytest.raises(ConfigError):
        bench.venue.subscribe(subscription)


@pytest.mark.asyncio
async def test_a_book_without_a_snapshot_is_fetched(bench: Bench) -> None:
    bench.venue.subscribe(Subscription(channel="book", symbol=SPOT))
    session = await bench.venue._market_session(business=False)
    session.start(0)
    session.receive(b'{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}}', 0)
    bench.venue._public.ready = session
    bench.venue._sink = bench.ear

    await bench.venue._seed_books()

    assert [type(event) for event in bench.ear.events] == [BookUpdate]


@pytest.mark.asyncio
async def test_without_a_key_there_is_public_data_and_nothing_else(busy: Emulator) -> None:
    bench = Bench(hosts_of(busy), None)
    await bench.venue.open()
    await bench.venue.load_instruments([SPOT])
    bench.venue.subscribe(Subscription(channel="trades", symbol=SPOT))
    async with bench.running("public") as ear:
        await ear.hear(lambda event: isinstance(event, Trade))
        with pytest.raises(ConfigError, match="no key"):
            await bench.venue.describe_key()
    await bench.venue.close()

    assert {event.feed for event in ear.events if isinstance(event, ConnectionChanged)} == {"public"}


# ---- accounts


def _settings(level: str, position_mode: str, *kinds: InstrumentKind) -> AccountSettings:
    return AccountSettings(
        level=level, position_mode=position_mode, trade_modes=dict.fromkeys(kinds, "cross")
    )


_BOTH = {SPOT: BTC_USDT, SWAP: BTC_USDT_SWAP}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (_settings("1", "net_mode", InstrumentKind.SPOT), "does not trade swap.*\n.*account mode to Futures"),
        (
            _settings("2", "long_short_mode", InstrumentKind.SPOT, InstrumentKind.SWAP),
            "long_short_mode.*\n.*one-way",
        ),
        (_settings("9", "net_mode"), "'9' is not known"),
    ],
    ids=["spot mode", "hedge mode", "unknown mode"],
)
def test_an_account_must_be_set_up_for_what_is_traded(settings: AccountSettings, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        _check(settings, _BOTH)


def test_a_spot_trader_needs_no_swaps() -> None:
    _check(_settings("1", "long_short_mode", InstrumentKind.SPOT), {SPOT: BTC_USDT})
