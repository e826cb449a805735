"""What holds for every history that a venue can bring about, however it is told."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from botkit.model.events import AnyEvent
from botkit.model.order import Order, OrderChange, OrderStatus
from botkit.model.side import Side
from tests.engine.busy_day import BusyDay
from tests.engine.rig import Puppet, Rig, ready
from tests.market import BTC, BTC_SWAP, fill, order_update

_C, _S = OrderChange, OrderStatus
SEEDS = st.integers(0, 1_000_000)
NEARLY_NOTHING = Decimal("1e-20")


# ---- one order, its whole history in any order, with anything told twice


class History:
    """What became of an order for two coins at 100, and how it must end.

    Attributes:
        amendment: The size that was asked for later, None if none was.
        events: What the venue says, as it happened.

    """

    def __init__(
        self, fills: list[Decimal], amendment: Decimal | None, granted: bool, canceled: bool
    ) -> None:
        self.amendment = amendment
        self.size = amendment if amendment is not None and granted else Decimal(2)
        self.fills: list[Decimal] = []
        for size in fills:
            self.fills.append(min(size, self.size - self.filled))
        self.fills = [size for size in self.fills if size]
        self.is_canceled = canceled and self.filled < self.size
        self.events = self._events(granted=granted)

    @property
    def filled(self) -> Decimal:
        return sum(self.fills, Decimal(0))

    @property
    def status(self) -> OrderStatus:
        if self.filled == self.size:
            return _S.FILLED
        return _S.CANCELED if self.is_canceled else _S.OPEN

    def _events(self, *, granted: bool) -> list[AnyEvent]:
        events: list[AnyEvent] = [order_update(_C.ACCEPT, venue_order_id="7001"), order_update(_C.LOSE)]
        if self.amendment is not None:
            answer = order_update(_C.AMEND_FAIL, amend_id="bk000002")
            if granted:
                answer = order_update(_C.AMEND, amend_id="bk000002", size=self.size)
            events.append(answer)
        for number, size in enumerate(self.fills):
            price, fee = str(100 + number), Decimal("-0.01") * (number + 1)
            events.append(fill(str(size), price, trade_id=f"t{number}", fee=fee, fee_currency="USDT"))
        if self.status is _S.FILLED:
            events.append(order_update(_C.LAST_FILL, cumulative_size=self.filled))
        elif self.status is _S.CANCELED:
            events.append(order_update(_C.CANCEL, cumulative_size=self.filled))
        return events


COINS = st.sampled_from(["0.5", "1", "2"]).map(Decimal)
AMENDMENTS = st.sampled_from([None, Decimal(1), Decimal(3), Decimal(4)])
HISTORIES = st.builds(
    History, st.lists(COINS, min_size=1, max_size=3), AMENDMENTS, st.booleans(), st.booleans()
)


def told(history: History, events: list[AnyEvent]) -> tuple[Rig, Puppet, Order]:
    rig, puppet = ready(Puppet)
    order = rig.act(puppet, lambda: puppet.buy(BTC, 2, limit_price=100))
    if history.amendment is not None:
        rig.act(puppet, lambda: puppet.amend(order, size=history.amendment))
    named = {"bk000001": order.id, "bk000002": order.amending.amend_id if order.amending else ""}
    for event in events:
        rig.feed(renamed(event, named))
    return rig, puppet, order


def renamed(event: AnyEvent, named: dict[str, str]) -> AnyEvent:
    terms = {
        name: named.get(getattr(event, name))
        for name in ("client_order_id", "amend_id")
        if getattr(event, name, "")
    }
    return msgspec.structs.replace(event, **terms)


@settings(max_examples=300)
@given(HISTORIES, st.data())
def test_in_whatever_order_and_however_often_it_is_told_a_history_ends_the_same(
    history: History, data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(history.events), max_size=2))
    events = data.draw(st.permutations([*history.events, *again]))

    rig, puppet, order = told(history, events)

    spent = sum((size * (100 + number) for number, size in enumerate(history.fills)), Decimal(0))
    fees = sum((Decimal("0.01") * (number + 1) for number in range(len(history.fills))), Decimal(0))
    position = puppet.position(BTC)
    assert order.status is history.status
    assert (order.size, order.filled_size) == (history.size, history.filled)
    assert abs(order.average_price * order.filled_size - spent) < NEARLY_NOTHING
    assert order.fees == ({"USDT": -fees} if fees else {})
    assert (position.size, position.fees) == (history.filled, fees)
    assert order.amending is None
    remaining = history.size - history.filled if history.status is _S.OPEN else Decimal(0)
    assert rig.engine.blotter.working(BTC, Side.BUY) == remaining
    assert rig.engine.blotter.open_count == (history.status is _S.OPEN)


# ---- many orders of two strategies


@settings(max_examples=150)
@given(SEEDS)
@example(0)
def test_whatever_the_answers_do_on_their_way_the_engine_ends_up_with_what_is_true(seed: int) -> None:
    day = BusyDay(seed)
    day.run()
    blotter, accounts = day.rig.engine.blotter, day.rig.engine.accounts

    sent = {
        e.request.client_order_id for step in day.rig.steps for e in step.effects if hasattr(e, "request")
    }
    for order_id in sent:
        order, truth = blotter.get(order_id), day.truths.get(order_id)
        assert order is not None
        if truth is None:
            assert order.status is _S.VOID
            continue
        assert (order.status, order.filled_size) == (truth.status, truth.filled)
        if order.is_open:
            assert (order.size, order.limit_price, order.amending) == (truth.size, truth.limit_price, None)
    for symbol in (BTC, BTC_SWAP):
        assert accounts.exposure(symbol) == day.held[symbol]
        assert accounts.exposure(symbol) == sum(
            (trader.position(symbol).size for trader in day.traders), Decimal(0)
        )


def is_covered(day: BusyDay) -> bool:
    """Tell whether limits are measured against no less than what can come of what the venue has."""
    blotter, accounts = day.rig.engine.blotter, day.rig.engine.accounts
    return all(
        accounts.exposure(symbol) + blotter.working(symbol, Side.BUY) >= day.worst(symbol, Side.BUY)
        and accounts.exposure(symbol) - blotter.working(symbol, Side.SELL) <= day.worst(symbol, Side.SELL)
        for symbol in (BTC, BTC_SWAP)
    )


@settings(max_examples=150)
@given(SEEDS)
def test_at_no_moment_is_the_worst_that_can_happen_underestimated(seed: int) -> None:
    uncovered: list[int] = []

    def watch(day: BusyDay) -> None:
        if not is_covered(day):
            uncovered.append(len(day.rig.steps))

    BusyDay(seed, watch).run()

    assert uncovered == []
