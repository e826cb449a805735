from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
import pytest

from botkit.errors import ConfigError, VenueRejected, VenueUnreachable
from botkit.model.duration import NS_PER_MS, NS_PER_S
from botkit.model.events import AnyEvent, OrderUpdate
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.order import AmendOrder, NewOrder, Order, OrderChange, OrderStatus
from botkit.model.portfolio import Balance, Fill, PositionReport
from botkit.model.side import Side
from botkit.venues.okx.dialect import Call
from botkit.venues.okx.endpoints import Endpoint
from botkit.venues.okx.reconcile import Reconciler
from botkit.venues.okx.rest import Rest
from botkit.venues.okx.skew import Skew

_START_NS = 1_000 * NS_PER_S
_E = Endpoint

BTC = Instrument(
    symbol="BTC-USDT",
    kind=InstrumentKind.SPOT,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.0001"),
    min_size=Decimal("0.0001"),
)
SWAP = msgspec.structs.replace(
    BTC, symbol="BTC-USDT-SWAP", kind=InstrumentKind.SWAP, contract_value=Decimal("0.01")
)

Row = dict[str, str]


class Exchange:
    """OKX as seen through its answers: what it lists, and what happens when it is asked."""

    def __init__(self) -> None:
        self.now_ns = _START_NS
        self.orders: dict[str, Row] = {}
        self.fills: list[Row] = []
        self.positions: list[Row] = []
        self.hidden: set[Endpoint] = set()
        self.before: Callable[[Call], None] = lambda call: None
        self.asked: list[tuple[Endpoint, int]] = []

    def add(self, client_order_id: str, state: str, filled: str = "0", **columns: str) -> None:
        self.orders[client_order_id] = {
            "instId": "BTC-USDT", "ordId": f"o-{client_order_id}", "clOrdId": client_order_id, "state": state,
            "side": "buy", "px": "100", "sz": "1", "accFillSz": filled, "uTime": "1", **columns,
        }  # fmt: skip

    def fill(self, client_order_id: str, trade_id: str, size: str, *, at_ms: int = 999_000) -> None:
        self.fills.insert(
            0,
            {
                "instId": "BTC-USDT", "ordId": f"o-{client_order_id}", "clOrdId": client_order_id,
                "tradeId": trade_id, "side": "buy", "fillPx": "100", "fillSz": size, "fillTime": str(at_ms),
                "ts": str(at_ms), "billId": trade_id,
            },
        )  # fmt: skip

    async def ask(self, call: Call) -> bytes:
        self.asked.append((call.endpoint, self.now_ns))
        self.before(call)
        return msgspec.json.encode([] if call.endpoint in self.hidden else self._rows(call))

    def _rows(self, call: Call) -> Sequence[object]:
        params = call.params
        match call.endpoint:
            case _E.ORDER:
                if params["clOrdId"] not in self.orders:
                    raise VenueRejected("Order does not exist", code="51603")
                return [self.orders[params["clOrdId"]]]
            case _E.OPEN_ORDERS:
                return [row for row in self.orders.values() if row["state"] in {"live", "partially_filled"}]
            case _E.PAST_ORDERS:
                return [row for row in self.orders.values() if row["state"] in {"filled", "canceled"}]
            case _E.FILLS:
                of_order, since_ms = params.get("ordId", ""), int(params.get("begin", "0"))
                wanted = [row for row in self.fills if of_order in {"", row["ordId"]}]
                return [row for row in wanted if int(row["ts"]) >= since_ms]
            case _E.BALANCE:
                return [{"details": [{"ccy": "USDT", "cashBal": "900", "availBal": "800"}]}]
            case _E.POSITIONS:
                return self.positions
            case _:
                raise AssertionError(call)

    async def sleep(self, seconds: float) -> None:
        self.now_ns += int(seconds * NS_PER_S)

    def reconciler(self, *instruments: Instrument, skew: Skew | None = None) -> Reconciler:
        rest = Rest(self.ask, lambda: self.now_ns)
        named = {one.symbol: one for one in instruments or (BTC,)}
        return Reconciler(rest, named, skew or Skew(), lambda: self.now_ns, self.sleep)


def _placed(
    client_order_id: str, *, deadline_s: float = 0, size: str = "1", symbol: str = "BTC-USDT"
) -> Order:
    request = NewOrder(
        client_order_id=client_order_id,
        strategy="s",
        symbol=symbol,
        side=Side.BUY,
        size=Decimal(size),
        limit_price=Decimal(100),
        deadline_ns=_START_NS + int(deadline_s * NS_PER_S) if deadline_s else 0,
    )
    return Order(request, _START_NS)


def _lost(client_order_id: str, *, deadline_s: float = 3) -> Order:
    order = _placed(client_order_id, deadline_s=deadline_s)
    order.change(OrderChange.LOSE, _START_NS)
    return order


def _working(client_order_id: str, filled: str = "0", **options: str) -> Order:
    order = _placed(client_order_id, **options)  # type: ignore[arg-type]  # only texts are passed
    order.change(OrderChange.ACCEPT, _START_NS)
    order.venue_order_id = f"o-{client_order_id}"
    order.filled_size = Decimal(filled)
    return order


def _words(events: Sequence[AnyEvent]) -> list[str]:
    words = []
    for event in events:
        if isinstance(event, OrderUpdate):
            words.append(f"{event.client_order_id} {event.change.value}")
        elif isinstance(event, Fill):
            words.append(f"{event.client_order_id} fill {event.trade_id}")
    return words


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


# ---- reconcile


@pytest.mark.asyncio
async def test_fills_that_were_missed_come_before_the_state_they_led_to(exchange: Exchange) -> None:
    exchange.add("a", "filled", "1")
    exchange.fill("a", "1", "0.4", at_ms=999_001)
    exchange.fill("a", "2", "0.6", at_ms=999_002)

    events = await exchange.reconciler().reconcile([_working("a")], _START_NS - 10 * NS_PER_S)

    assert _words(events) == ["a fill 1", "a fill 2", "a last_fill"]


@pytest.mark.asyncio
async def test_each_fill_is_told_once_though_it_is_found_twice(exchange: Exchange) -> None:
    exchange.add("a", "partially_filled", "0.4")
    exchange.fill("a", "1", "0.4")

    events = await exchange.reconciler().reconcile([_working("a")], 0)

    assert [endpoint for endpoint, _ in exchange.asked].count(_E.FILLS) == 2
    assert _words(events) == ["a fill 1", "a accept"]


@pytest.mark.asyncio
async def test_fills_older_than_what_was_asked_for_are_found_by_their_order(exchange: Exchange) -> None:
    exchange.add("a", "canceled", "0.4", cancelSource="1")
    exchange.fill("a", "1", "0.4", at_ms=5)

    events = await exchange.reconciler().reconcile([_working("a")], _START_NS)

    assert _words(events) == ["a fill 1", "a cancel"]


@pytest.mark.asyncio
async def test_fills_are_asked_for_by_the_venues_clock(exchange: Exchange) -> None:
    skew = Skew()
    skew.measure([(0, 60 * NS_PER_S, 0)])
    exchange.fill("a", "1", "1", at_ms=(_START_NS // NS_PER_MS) + 59_000)
    exchange.fill("a", "2", "1", at_ms=(_START_NS // NS_PER_MS) + 61_000)

    events = await exchange.reconciler(skew=skew).reconcile([], _START_NS)

    assert _words(events) == ["a fill 2"]


@pytest.mark.asyncio
async def test_an_order_that_works_as_we_know_it_is_confirmed(exchange: Exchange) -> None:
    exchange.add("a", "live")

    assert _words(await exchange.reconciler().reconcile([_working("a")], 0)) == ["a accept"]


@pytest.mark.asyncio
async def test_terms_that_changed_unseen_are_told(exchange: Exchange) -> None:
    exchange.add("a", "live", px="101")

    events = await exchange.reconciler().reconcile([_working("a")], 0)

    assert _words(events) == ["a amend"]
    assert isinstance(events[0], OrderUpdate)
    assert events[0].limit_price == Decimal(101)


@pytest.mark.asyncio
async def test_working_orders_that_are_not_ours_are_told_too(exchange: Exchange) -> None:
    exchange.add("bk00older", "live")
    exchange.add("someone", "partially_filled", "0.5")

    assert _words(await exchange.reconciler().reconcile([], 0)) == ["bk00older accept", "someone accept"]


@pytest.mark.asyncio
async def test_working_orders_elsewhere_on_the_account_say_nothing(exchange: Exchange) -> None:
    exchange.add("someone", "live", instId="DOGE-USDT")

    assert _words(await exchange.reconciler().reconcile([], 0)) == []


@pytest.mark.asyncio
async def test_a_working_order_that_okx_has_forgotten_was_canceled_unfilled(exchange: Exchange) -> None:
    events = await exchange.reconciler().reconcile([_working("a")], 0)

    assert _words(events) == ["a cancel"]
    looks = [at_ns for endpoint, at_ns in exchange.asked if endpoint is _E.PAST_ORDERS]
    assert looks[-1] - looks[0] >= 2 * NS_PER_S


@pytest.mark.asyncio
async def test_a_lost_order_that_is_not_there_is_left_to_be_resolved(exchange: Exchange) -> None:
    assert _words(await exchange.reconciler().reconcile([_lost("a")], 0)) == []


@pytest.mark.asyncio
async def test_what_okx_does_not_list_is_zero_and_flat(exchange: Exchange) -> None:
    events = await exchange.reconciler(BTC, SWAP).reconcile([], 0)

    balances = {one.currency: str(one.total) for one in events if isinstance(one, Balance)}
    positions = {one.symbol: str(one.size) for one in events if isinstance(one, PositionReport)}
    assert balances == {"USDT": "900", "BTC": "0"}
    assert positions == {"BTC-USDT-SWAP": "0"}


@pytest.mark.asyncio
async def test_positions_are_told_in_base_currency(exchange: Exchange) -> None:
    exchange.positions = [{"instId": "BTC-USDT-SWAP", "instType": "SWAP", "pos": "3", "avgPx": "100"}]

    events = await exchange.reconciler(SWAP).reconcile([], 0)

    assert [one.size for one in events if isinstance(one, PositionReport)] == [Decimal("0.03")]


@pytest.mark.asyncio
async def test_an_order_in_an_instrument_that_is_not_configured_is_not_passed_over(
    exchange: Exchange,
) -> None:
    with pytest.raises(ConfigError, match="works in ETH-USDT, which is not configured"):
        await exchange.reconciler().reconcile([_placed("a", symbol="ETH-USDT")], 0)


# ---- resolve


@pytest.mark.asyncio
async def test_a_lost_order_that_is_found_is_as_if_it_had_not_been_lost(exchange: Exchange) -> None:
    exchange.add("a", "live")

    assert _words(await exchange.reconciler().resolve(_lost("a"))) == ["a accept"]
    assert exchange.now_ns == _START_NS


@pytest.mark.asyncio
async def test_a_lost_order_that_appears_late_is_found_by_asking_again(exchange: Exchange) -> None:
    def appear(call: Call) -> None:
        if exchange.now_ns >= _START_NS + 2 * NS_PER_S:
            exchange.add("a", "filled", "1")
            exchange.fills.clear()
            exchange.fill("a", "1", "1")

    exchange.before = appear

    assert _words(await exchange.reconciler().resolve(_lost("a"))) == ["a fill 1", "a last_fill"]


@pytest.mark.asyncio
async def test_absence_proves_nothing_before_the_deadline_has_passed_there(exchange: Exchange) -> None:
    skew = Skew()
    skew.measure([(0, 0, NS_PER_S)])
    assert skew.bound_ns is not None

    events = await exchange.reconciler(skew=skew).resolve(_lost("a", deadline_s=3))

    assert _words(events) == ["a absent"]
    proofs = [at_ns for endpoint, at_ns in exchange.asked if endpoint is _E.PAST_ORDERS]
    assert proofs[0] > _START_NS + 5 * NS_PER_S + skew.bound_ns
    assert proofs[-1] - proofs[0] >= 2 * NS_PER_S
    assert len(proofs) >= 2


@pytest.mark.asyncio
async def test_an_order_without_a_deadline_is_waited_for_much_longer(exchange: Exchange) -> None:
    events = await exchange.reconciler().resolve(_lost("a", deadline_s=0))

    assert _words(events) == ["a absent"]
    assert exchange.now_ns > _START_NS + 60 * NS_PER_S


@pytest.mark.parametrize("state", ["live", "filled"])
@pytest.mark.asyncio
async def test_an_order_that_only_a_list_shows_is_not_absent(exchange: Exchange, state: str) -> None:
    exchange.add("a", state, "1" if state == "filled" else "0")
    exchange.fill("a", "1", "1")
    exchange.hidden.add(_E.ORDER)

    events = await exchange.reconciler().resolve(_lost("a"))

    assert _words(events) == (["a accept"] if state == "live" else ["a fill 1", "a last_fill"])


@pytest.mark.asyncio
async def test_fills_that_lag_behind_their_order_are_waited_for(exchange: Exchange) -> None:
    exchange.add("a", "filled", "1")

    def lag(call: Call) -> None:
        if call.endpoint is _E.FILLS and exchange.now_ns >= _START_NS + 2 * NS_PER_S and not exchange.fills:
            exchange.fill("a", "1", "1")

    exchange.before = lag

    assert _words(await exchange.reconciler().resolve(_lost("a"))) == ["a fill 1", "a last_fill"]


@pytest.mark.asyncio
async def test_fills_that_never_come_do_not_hold_up_the_state(exchange: Exchange) -> None:
    exchange.add("a", "filled", "1")

    assert _words(await exchange.reconciler().resolve(_lost("a"))) == ["a last_fill"]
    assert exchange.now_ns == _START_NS + 3 * NS_PER_S


@pytest.mark.asyncio
async def test_nothing_is_told_when_the_order_showed_itself_meanwhile(exchange: Exchange) -> None:
    order = _lost("a")

    def event(call: Call) -> None:
        if exchange.now_ns >= _START_NS + NS_PER_S and order.status is OrderStatus.UNKNOWN:
            order.change(OrderChange.ACCEPT, exchange.now_ns)

    exchange.before = event

    assert await exchange.reconciler().resolve(order) == []


@pytest.mark.asyncio
async def test_a_doubt_about_a_working_order_is_settled_at_once(exchange: Exchange) -> None:
    exchange.add("a", "canceled", "0.4", cancelSource="1")
    exchange.fill("a", "1", "0.1")
    exchange.fill("a", "2", "0.3")

    events = await exchange.reconciler().resolve(_working("a", filled="0.1"))

    assert _words(events) == ["a fill 1", "a fill 2", "a cancel"]


@pytest.mark.asyncio
async def test_an_amendment_whose_fate_was_not_known_is_told(exchange: Exchange) -> None:
    exchange.add("a", "live", px="102", sz="2")
    order = _working("a")
    order.amending = AmendOrder(
        client_order_id="a",
        amend_id="m",
        strategy="s",
        symbol="BTC-USDT",
        size=Decimal(2),
        limit_price=Decimal(102),
    )

    events = await exchange.reconciler().resolve(order)

    assert _words(events) == ["a amend"]


@pytest.mark.asyncio
async def test_a_state_that_nobody_knows_is_no_answer(exchange: Exchange) -> None:
    exchange.add("a", "pondering")

    with pytest.raises(VenueUnreachable, match="pondering"):
        await exchange.reconciler().resolve(_lost("a"))


@pytest.mark.asyncio
async def test_a_count_that_is_no_number_is_no_answer(exchange: Exchange) -> None:
    exchange.add("a", "live", "many")

    with pytest.raises(VenueUnreachable, match="'many' for a number"):
        await exchange.reconciler().resolve(_lost("a"))
