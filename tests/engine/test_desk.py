from __future__ import annotations

from decimal import Decimal

import pytest

from botkit.engine.step import Work
from botkit.errors import ConfigError
from botkit.model.events import StateChanged, TaskDone, TradingState
from botkit.model.note import Note
from botkit.model.order import CancelOrder, Order, OrderChange, OrderStatus, OrderType, TimeInForce
from botkit.model.side import Side
from botkit.risk.approval import Approved, Refused
from botkit.strategy.desk import Desk, Subscription
from botkit.strategy.saved import StrategyState
from botkit.strategy.state import State
from tests.engine.rig import Puppet, Rig, canceled, placed, plain, ready, refusals
from tests.market import BTC, BTC_SWAP, MS, NOON, S, balance, bar, book_update, fill, limits, quote

_C, _S = OrderChange, OrderStatus


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.seat(Puppet)
    made.begin()
    return made


@pytest.fixture
def puppet(rig: Rig) -> Puppet:
    strategy = rig.engine.desks["test"].strategy
    assert isinstance(strategy, Puppet)
    return strategy


def status_of(order: Order) -> OrderStatus:
    return order.status


def test_an_engines_desk_is_a_strategys_desk(rig: Rig) -> None:
    _: Desk = rig.engine.desks["test"]


# ---- placing


def test_an_order_is_rounded_reviewed_and_sent(rig: Rig, puppet: Puppet) -> None:
    order = rig.act(puppet, lambda: puppet.buy(BTC, 0.12399, limit_price=99.97))

    (request,) = placed(rig.steps[-1])
    assert request is order.request
    assert (request.size, request.limit_price) == (Decimal("0.123"), Decimal("99.9"))
    assert (request.strategy, request.symbol, request.side) == ("test", BTC, Side.BUY)
    assert (request.type, request.time_in_force) == (OrderType.LIMIT, TimeInForce.GTC)
    assert (order.status, order.created_ns) == (_S.PENDING, NOON)


def test_an_offer_is_rounded_up(rig: Rig, puppet: Puppet) -> None:
    order = rig.act(puppet, lambda: puppet.sell(BTC, 1, limit_price=100.01))

    assert order.limit_price == Decimal("100.1")


def test_without_a_price_it_is_a_market_order(rig: Rig, puppet: Puppet) -> None:
    order = rig.act(puppet, lambda: puppet.buy(BTC, 1))

    assert (order.request.type, order.limit_price) == (OrderType.MARKET, None)


@pytest.mark.parametrize("wish", ["post_only", "reduce_only"])
def test_what_was_asked_for_is_what_is_sent(rig: Rig, puppet: Puppet, wish: str) -> None:
    def limit(**wishes: bool) -> Order:
        return puppet.limit(BTC, Side.BUY, 1, 99, time_in_force=TimeInForce.GTC, **wishes)

    assert getattr(rig.act(puppet, lambda: limit(**{wish: True})).request, wish) is True
    assert getattr(rig.act(puppet, limit).request, wish) is False


def test_the_venue_must_drop_an_order_that_arrives_too_late(rig: Rig, puppet: Puppet) -> None:
    order = rig.act(puppet, lambda: puppet.buy(BTC, 1))

    assert order.request.deadline_ns == NOON + 4 * S


def test_a_refusal_comes_back_as_an_order_with_its_reason(rig: Rig, puppet: Puppet) -> None:
    order = rig.act(puppet, lambda: puppet.buy(BTC, 11, limit_price=100))

    assert placed(rig.steps[-1]) == []
    assert refusals(rig.steps[-1]) == ["order_size"]
    assert order.status is _S.REFUSED
    assert order.reason == "order_size: size 11.000, limit 10; order 10 at most"
    assert rig.engine.blotter.open_count == 0


def test_a_refusal_is_told_when_the_hook_has_returned(rig: Rig, puppet: Puppet) -> None:
    def deed() -> None:
        puppet.buy(BTC, 11)
        puppet.heard.append("the hook goes on")

    rig.act(puppet, deed)

    assert puppet.heard[-3:] == ["timer act", "the hook goes on", "order refused"]


def test_every_order_has_its_own_id(rig: Rig, puppet: Puppet) -> None:
    orders = rig.act(puppet, lambda: [puppet.buy(BTC, size) for size in (1, 11, 1)])

    assert len({order.id for order in orders}) == 3


def test_what_works_already_counts_against_the_next_order(rig: Rig, puppet: Puppet) -> None:
    """The limit is 5,000 USDT: five orders of ten coins at 100 fit, sent in one hook or not."""
    orders = rig.act(puppet, lambda: [puppet.buy(BTC, 10, limit_price=100) for _ in range(6)])

    assert [order.status for order in orders] == [_S.PENDING] * 5 + [_S.REFUSED]
    assert refusals(rig.steps[-1]) == ["position"]


def test_orders_of_one_strategy_count_against_those_of_another(rig: Rig, puppet: Puppet) -> None:
    other = rig.seat(Puppet, "other")
    rig.act(puppet, lambda: [puppet.buy(BTC, 10, limit_price=100) for _ in range(5)])

    assert rig.act(other, lambda: other.buy(BTC, 0.01, limit_price=100)).status is _S.REFUSED


# ---- amending


@pytest.fixture
def order(rig: Rig, puppet: Puppet) -> Order:
    """A buy of one coin at 99, accepted."""
    made = rig.act(puppet, lambda: puppet.buy(BTC, 1, limit_price=99))
    rig.hear(made, _C.ACCEPT)
    return made


def test_new_terms_are_rounded_reviewed_and_sent(rig: Rig, puppet: Puppet, order: Order) -> None:
    assert rig.act(puppet, lambda: puppet.amend(order, size=2.0005, limit_price=99.57))

    (effect,) = rig.effects
    assert isinstance(effect, Approved)
    assert effect.request is order.amending
    assert order.amending is not None
    assert (order.amending.size, order.amending.limit_price) == (Decimal(2), Decimal("99.5"))
    assert order.amending.client_order_id == order.id
    assert order.amending.amend_id not in {"", order.id}
    assert order.amending.deadline_ns == NOON + 4 * S
    assert order.size == 1


@pytest.mark.parametrize(
    ("named", "asked_for"),
    [({"size": 2}, ("2", "99")), ({"limit_price": 98}, ("1", "98"))],
    ids=["size alone", "price alone"],
)
def test_terms_that_are_not_named_stay(
    rig: Rig, puppet: Puppet, order: Order, named: dict[str, float], asked_for: tuple[str, str]
) -> None:
    rig.act(puppet, lambda: puppet.amend(order, **named))

    assert order.amending is not None
    assert (order.amending.size, order.amending.limit_price) == tuple(map(Decimal, asked_for))


def test_an_amendment_refused_leaves_the_order_as_it_is(rig: Rig, puppet: Puppet, order: Order) -> None:
    assert not rig.act(puppet, lambda: puppet.amend(order, size=11))

    assert refusals(rig.steps[-1]) == ["order_size"]
    assert order.amending is None
    assert order.is_open


def test_the_old_terms_do_not_count_against_the_new_ones(rig: Rig, puppet: Puppet) -> None:
    big = rig.act(puppet, lambda: [puppet.buy(BTC, 10, limit_price=100) for _ in range(5)])[0]

    assert rig.act(puppet, lambda: puppet.amend(big, limit_price=99.9))


def test_while_an_amendment_is_under_way_the_larger_size_is_reserved(
    rig: Rig, puppet: Puppet, order: Order
) -> None:
    rig.act(puppet, lambda: puppet.amend(order, size=2))
    assert rig.engine.blotter.working(BTC, Side.BUY) == 2

    rig.hear(order, _C.AMEND, amend_id=order.amending.amend_id if order.amending else "", size=Decimal(2))
    rig.act(puppet, lambda: puppet.amend(order, size=0.5))
    assert rig.engine.blotter.working(BTC, Side.BUY) == 2


def test_one_amendment_is_under_way_at_a_time_until_its_deadline(
    rig: Rig, puppet: Puppet, order: Order
) -> None:
    assert rig.act(puppet, lambda: puppet.amend(order, size=2))
    first = order.amending

    rig.wait(4 * S)
    assert not rig.act(puppet, lambda: puppet.amend(order, size=3))
    assert order.amending is first

    rig.wait(1)
    assert rig.act(puppet, lambda: puppet.amend(order, size=3))
    assert order.amending is not first


def test_what_is_over_or_has_no_price_is_not_amended(rig: Rig, puppet: Puppet, order: Order) -> None:
    market = rig.act(puppet, lambda: puppet.buy(BTC, 1))
    rig.hear(order, _C.CANCEL)

    assert not rig.act(puppet, lambda: puppet.amend(order, size=2))
    assert not rig.act(puppet, lambda: puppet.amend(market, size=2))
    assert rig.effects == ()


# ---- canceling


def test_a_cancel_is_a_wish_that_is_sent(rig: Rig, puppet: Puppet, order: Order) -> None:
    rig.act(puppet, lambda: puppet.cancel(order))

    assert rig.effects == (CancelOrder(client_order_id=order.id, strategy="test", symbol=BTC),)
    assert order.cancel_requested
    assert order.status is _S.OPEN


def test_asking_again_at_once_does_nothing_and_two_seconds_later_asks_again(
    rig: Rig, puppet: Puppet, order: Order
) -> None:
    rig.act(puppet, lambda: puppet.cancel(order))

    rig.wait(2 * S - 1)
    rig.act(puppet, lambda: puppet.cancel(order))
    assert canceled(rig.steps[-1]) == []

    rig.wait(1)
    rig.act(puppet, lambda: puppet.cancel(order))
    assert canceled(rig.steps[-1]) == [order.id]


def test_a_cancel_in_the_first_seconds_of_time_is_sent() -> None:
    rig = Rig()
    puppet = rig.seat(Puppet)
    rig.now_ns = 0
    rig.begin()
    order = rig.act(puppet, lambda: puppet.buy(BTC, 1, limit_price=99))

    rig.wait(100 * MS)
    rig.act(puppet, lambda: puppet.cancel(order))

    assert canceled(rig.steps[-1]) == [order.id]


def test_what_is_over_is_not_canceled(rig: Rig, puppet: Puppet, order: Order) -> None:
    rig.hear(order, _C.CANCEL)

    rig.act(puppet, lambda: puppet.cancel(order))

    assert rig.effects == ()


@pytest.mark.parametrize("change", [_C.LOSE, _C.CANCEL_FAIL])
def test_what_is_not_known_to_be_over_is_canceled(rig: Rig, puppet: Puppet, change: OrderChange) -> None:
    order = rig.act(puppet, lambda: puppet.buy(BTC, 1, limit_price=99))
    rig.hear(order, change)

    rig.act(puppet, lambda: puppet.cancel(order))

    assert canceled(rig.steps[-1]) == [order.id]


@pytest.mark.parametrize("state", TradingState)
def test_a_cancel_passes_in_every_state(rig: Rig, puppet: Puppet, order: Order, state: TradingState) -> None:
    killing = rig.feed(StateChanged(recv_ns=rig.now_ns, state=state, reason="a test"))
    rig.act(puppet, lambda: puppet.cancel(order))

    assert canceled(killing) + canceled(rig.steps[-1]) == [order.id]


def test_cancels_are_not_slowed_down() -> None:
    rig, puppet = ready(Puppet, limits(max_orders_per_s=1, max_open_orders=100))
    orders = []
    for _ in range(10):
        orders.append(rig.act(puppet, lambda: puppet.buy(BTC, 1, limit_price=99)))
        rig.wait(S)

    rig.act(puppet, puppet.cancel_all)

    assert canceled(rig.steps[-1]) == [order.id for order in orders]


# ---- seeing


def test_a_strategy_sees_its_own_orders_only(rig: Rig, puppet: Puppet, order: Order) -> None:
    other = rig.seat(Puppet, "other")

    assert puppet.order(order.id) is order
    assert puppet.open_orders() == puppet.open_orders(BTC) == [order]
    assert puppet.open_orders(BTC_SWAP) == []
    assert other.order(order.id) is None
    assert other.open_orders() == []
    assert puppet.order("unknown") is None


def test_a_strategy_sees_the_market_the_account_and_the_time(rig: Rig, puppet: Puppet) -> None:
    rig.feed(quote(98.0, 99.0, recv_ns=NOON + S), book_update(), balance("500"))

    assert puppet.last_quote(BTC) == quote(98.0, 99.0, recv_ns=NOON + S)
    assert puppet.last_quote("ETH-USDT") is None
    assert puppet.book(BTC).best_bid == 99.9
    assert puppet.balance("USDT") == balance("500")
    assert puppet.balance("EUR") is None
    assert puppet.now_ns == NOON + S
    assert puppet.instrument(BTC).symbol == BTC


def test_a_position_is_a_strategys_own(rig: Rig, puppet: Puppet, order: Order) -> None:
    other = rig.seat(Puppet, "other")

    rig.feed(fill("0.4", client_order_id=order.id))

    assert puppet.position(BTC).size == Decimal("0.4")
    assert other.position(BTC).is_flat


@pytest.mark.parametrize("verb", ["buy", "position", "subscribe_quotes", "instrument"])
def test_an_instrument_that_may_not_be_traded_is_the_operators_error(
    rig: Rig, puppet: Puppet, verb: str
) -> None:
    arguments = (1,) if verb == "buy" else ()

    with pytest.raises(ConfigError, match="strategy 'test' asks for 'DOGE-USDT'") as caught:
        getattr(puppet, verb)("DOGE-USDT", *arguments)
    assert caught.value.remedy == (
        "it may trade: BTC-USDT, BTC-USDT-SWAP; add [risk.instruments.DOGE-USDT] to trade it"
    )


def test_where_nothing_may_be_traded_that_is_said() -> None:
    rig = Rig(instruments=())
    rig.seat(Puppet)

    with pytest.raises(ConfigError) as caught:
        rig.engine.desks["test"].instrument(BTC)
    assert caught.value.remedy.startswith("it may trade: none;")


# ---- asking and telling


def test_a_note_is_kept_with_its_numbers_as_text(rig: Rig, puppet: Puppet) -> None:
    rig.act(
        puppet,
        lambda: puppet.log.warning(
            "spread widened", bps=1.5, price=59977.69878813897, size=Decimal("0.10"), side=None
        ),
    )

    assert rig.effects == (
        Note(
            strategy="test",
            level="warning",
            text="spread widened",
            fields={"bps": "1.5", "price": "59977.69879", "size": "0.10", "side": "None"},
        ),
    )


async def fetch() -> int:
    return 7


def test_outside_work_is_handed_out_and_its_result_comes_back(rig: Rig, puppet: Puppet) -> None:
    rig.act(puppet, lambda: puppet.run(fetch(), "model"))

    (effect,) = rig.effects
    assert isinstance(effect, Work)
    assert plain(effect) == ("test", "model")
    effect.coroutine.close()

    rig.feed(TaskDone(recv_ns=NOON, strategy="test", name="model", result="7"))
    assert puppet.heard[-1] == "task model: 7"


def test_a_subscription_asks_for_the_quotes_that_price_orders_too(rig: Rig, puppet: Puppet) -> None:
    rig.act(puppet, lambda: puppet.subscribe_bars(BTC, "1m", warmup=30))

    assert rig.effects == (
        Subscription(channel="quotes", symbol=BTC),
        Subscription(channel="bars", symbol=BTC, interval="1m", warmup=30),
    )


def test_quotes_that_only_price_orders_are_not_told(rig: Rig, puppet: Puppet) -> None:
    rig.act(puppet, lambda: puppet.subscribe_bars(BTC, "1m"))
    rig.feed(quote(), bar())

    assert puppet.heard[-1] == "bar 100"
    assert not any(heard.startswith("quote") for heard in puppet.heard)


def test_what_was_asked_for_is_not_asked_for_again(rig: Rig, puppet: Puppet) -> None:
    other = rig.seat(Puppet, "other")
    rig.act(puppet, lambda: puppet.subscribe_trades(BTC))

    rig.act(puppet, lambda: puppet.subscribe_trades(BTC))
    assert rig.effects == ()
    rig.act(other, lambda: other.subscribe_trades(BTC))
    assert rig.effects == ()


def test_a_timer_rings_through_the_engine(rig: Rig, puppet: Puppet) -> None:
    rig.act(puppet, lambda: puppet.every(60, "minute"))
    timers = rig.engine.timers

    assert timers.next_due_ns == NOON + 60 * S
    timer = timers.pop_due(NOON + 60 * S)
    assert timer is not None
    rig.feed(timer)
    assert puppet.heard[-1] == "timer minute"
    assert timers.next_due_ns == NOON + 120 * S


# ---- what is kept over a restart


class Counter(Puppet):
    class State(State):
        count: int = 0


def test_a_state_is_recorded_when_a_hook_has_changed_it() -> None:
    rig, counter = ready(Counter)

    def count() -> None:
        counter.state.count += 1

    rig.act(counter, count)
    assert rig.effects == (StrategyState(strategy="test", payload='{"count":1}'),)

    rig.act(counter, lambda: None)
    assert len(rig.effects) == 0

    rig.act(counter, count)
    assert rig.effects == (StrategyState(strategy="test", payload='{"count":2}'),)


def test_a_state_that_was_given_back_is_not_recorded_again() -> None:
    rig = Rig()
    counter = rig.seat(Counter, state=Counter.State(count=3))

    rig.begin()

    assert counter.state.count == 3
    assert not any(isinstance(effect, StrategyState) for step in rig.steps for effect in step.effects)


def test_a_strategy_without_a_state_records_none(rig: Rig, puppet: Puppet) -> None:
    rig.act(puppet, lambda: None)

    assert rig.effects == ()


def test_a_state_is_recorded_after_the_orders_of_its_hook() -> None:
    rig, counter = ready(Counter)

    def deed() -> None:
        counter.state.count += 1
        counter.buy(BTC, 1)

    rig.act(counter, deed)

    assert [type(effect) for effect in rig.effects] == [Approved, StrategyState]


# ---- bars of the past


class BuysEveryBar(Puppet):
    def on_start(self) -> None:
        self.subscribe_bars(BTC, "1m", warmup=2)

    def on_bar(self, bar: object) -> None:
        super().on_bar(bar)
        self.buy(BTC, 1)


def test_during_warm_up_orders_are_refused() -> None:
    rig, _ = ready(BuysEveryBar)

    step = rig.feed(bar(is_history=True))

    assert refusals(step) == ["warmup"]


def test_the_first_live_bar_trades() -> None:
    rig, _ = ready(BuysEveryBar)
    rig.feed(bar(open_ns=NOON - 120 * S, is_history=True))

    assert len(placed(rig.feed(bar()))) == 1


class Stubborn(BuysEveryBar):
    """Tries again once, when it is told that it was refused."""

    tries = 0

    def on_order(self, order: Order) -> None:
        super().on_order(order)
        if status_of(order) is _S.REFUSED and self.tries == 0:
            self.tries += 1
            self.buy(BTC, 1)


def test_during_warm_up_a_second_try_is_refused_too() -> None:
    rig, _ = ready(Stubborn)

    step = rig.feed(bar(is_history=True))

    assert refusals(step) == ["warmup", "warmup"]
    assert [type(effect) for effect in step.effects] == [Refused, Refused]


def test_a_bar_that_was_told_is_not_told_again() -> None:
    rig, puppet = ready(Puppet)
    rig.act(puppet, lambda: puppet.subscribe_bars(BTC, "1m"))
    rig.act(puppet, lambda: puppet.subscribe_bars(BTC, "5m"))

    rig.feed(
        bar(101.0, open_ns=NOON),
        bar(101.0, open_ns=NOON),
        bar(99.0, open_ns=NOON - 60 * S),
        bar(105.0, open_ns=NOON, interval="5m"),
        bar(102.0, open_ns=NOON + 60 * S),
    )

    assert puppet.heard[-3:] == ["bar 101", "bar 105", "bar 102"]
