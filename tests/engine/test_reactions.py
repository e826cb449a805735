from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from botkit.engine.reactions import REACTIONS
from botkit.engine.recovery import recover
from botkit.engine.step import Inquiry
from botkit.model.events import (
    AnyEvent,
    ConnectionChanged,
    Reconciled,
    Started,
    StateChanged,
    Stopping,
    TaskDone,
    Timer,
    TradingState,
)
from botkit.model.market import Event
from botkit.model.note import Note
from botkit.model.order import Order, OrderChange, OrderStatus
from botkit.model.side import Side
from tests.engine.rig import Puppet, Rig, canceled, ready
from tests.market import (
    BTC,
    BTC_SWAP,
    NOON,
    S,
    balance,
    bar,
    book_update,
    fill,
    funding,
    mark_price,
    new_order,
    position_report,
    quote,
    trade,
)

_C = OrderChange


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


@pytest.fixture
def order(rig: Rig, puppet: Puppet) -> Order:
    """A buy of one coin at 99 that nobody has answered yet; what was heard before is forgotten."""
    made = rig.act(puppet, lambda: puppet.buy(BTC, 1, limit_price=99))
    puppet.heard.clear()
    return made


def inquiries(rig: Rig) -> list[Inquiry]:
    return [effect for effect in rig.effects if isinstance(effect, Inquiry)]


def test_every_kind_of_event_has_its_reaction_and_nothing_else_has() -> None:
    assert set(REACTIONS) == set(get_args(AnyEvent))


# ---- the market


@pytest.mark.parametrize(
    ("subscribe", "event", "heard"),
    [
        ("subscribe_quotes", quote(99.0, 101.0), "quote 100"),
        ("subscribe_trades", trade(101.0), "trade 101"),
        ("subscribe_book", book_update(), "book 100.0"),
        ("subscribe_funding", funding(0.0002, symbol=BTC), "funding 0.0002"),
    ],
    ids=["quotes", "trades", "book", "funding"],
)
def test_who_asked_for_it_hears_it(
    rig: Rig, puppet: Puppet, subscribe: str, event: AnyEvent, heard: str
) -> None:
    deaf = rig.seat(Puppet, "deaf")
    rig.act(puppet, lambda: getattr(puppet, subscribe)(BTC))
    rig.act(deaf, lambda: getattr(deaf, subscribe)(BTC_SWAP))
    puppet.heard.clear()
    deaf.heard.clear()

    rig.feed(event)

    assert puppet.heard == [heard]
    assert deaf.heard == []


def test_who_asked_for_bars_hears_those_of_that_length(rig: Rig, puppet: Puppet) -> None:
    rig.act(puppet, lambda: puppet.subscribe_bars(BTC, "5m"))
    puppet.heard.clear()

    rig.feed(bar(101.0, interval="1m"), bar(102.0, interval="5m"))

    assert puppet.heard == ["bar 102"]


def test_the_market_is_known_before_the_hook_is_called(rig: Rig) -> None:
    class Looks(Puppet):
        def on_start(self) -> None:
            self.subscribe_quotes(BTC)

        def on_quote(self, quote: object) -> None:
            self.heard.append(f"{self.last_quote(BTC) == quote}")

    looks = rig.seat(Looks, "looks")
    rig.feed(Started(recv_ns=NOON, epoch=1), quote(98.0, 99.0))

    assert looks.heard == ["True"]


@pytest.mark.parametrize(
    ("event", "price"),
    [
        (quote(103.0, 105.0, recv_ns=NOON + S), 104.0),
        (trade(103.0, recv_ns=NOON + S), 103.0),
        (bar(102.0, recv_ns=NOON + S), 102.0),
        (bar(102.0, recv_ns=NOON + S, is_history=True), 100.0),
        (book_update(((100.0, 1.0),), ((102.0, 1.0),), recv_ns=NOON + S), 101.0),
    ],
    ids=["quote", "trade", "bar", "bar of the past", "book"],
)
def test_what_the_market_says_prices_orders_whoever_listens(rig: Rig, event: AnyEvent, price: float) -> None:
    rig.feed(event)

    assert rig.engine.market.reference(BTC)[0] == price


def test_a_mark_price_is_kept(rig: Rig) -> None:
    rig.feed(mark_price(101.0))

    assert rig.engine.market.marks == {BTC_SWAP: mark_price(101.0)}


# ---- orders


def test_what_becomes_of_an_order_is_told_when_it_is_known(rig: Rig, puppet: Puppet, order: Order) -> None:
    rig.hear(order, _C.ACCEPT)
    rig.hear(order, _C.CANCEL)

    assert puppet.heard == ["order open", "order canceled"]


def test_what_is_known_already_is_not_told_again(rig: Rig, puppet: Puppet, order: Order) -> None:
    rig.hear(order, _C.ACCEPT)
    rig.hear(order, _C.ACCEPT)
    rig.hear(order, _C.LOSE)

    assert puppet.heard == ["order open"]


@pytest.mark.parametrize("change", [_C.CANCEL_FAIL, _C.AMEND_FAIL])
def test_an_answer_is_told_though_it_changes_nothing(
    rig: Rig, puppet: Puppet, order: Order, change: OrderChange
) -> None:
    rig.hear(order, change)

    assert puppet.heard == ["order pending"]


@pytest.mark.parametrize("terms", [{"size": Decimal(2)}, {"limit_price": Decimal(98)}], ids=["size", "price"])
def test_new_terms_are_told(rig: Rig, puppet: Puppet, order: Order, terms: dict[str, Decimal]) -> None:
    rig.hear(order, _C.ACCEPT)
    puppet.heard.clear()

    rig.hear(order, _C.AMEND, **terms)

    assert puppet.heard == ["order open"]


def test_a_strangers_order_is_nobodys_news(rig: Rig, puppet: Puppet, order: Order) -> None:
    rig.hear(order, _C.ACCEPT, client_order_id="a person's")

    assert puppet.heard == []
    assert order.status is OrderStatus.PENDING
    assert rig.effects == ()


def test_an_order_that_was_proved_absent_and_appears_is_believed_and_told(rig: Rig, order: Order) -> None:
    rig.hear(order, _C.ABSENT)

    rig.hear(order, _C.ACCEPT)

    (note,) = [effect for effect in rig.effects if isinstance(effect, Note)]
    assert (note.level, note.text) == ("error", "an order that was proved absent has appeared")
    assert note.fields == {"order": order.id, "status": "open", "symbol": order.symbol}
    assert order.is_open


def test_a_fill_of_an_order_that_was_proved_absent_is_booked_and_told(rig: Rig, order: Order) -> None:
    rig.hear(order, _C.ABSENT)

    rig.feed(fill(client_order_id=order.id))

    assert [effect.level for effect in rig.effects if isinstance(effect, Note)] == ["error"]
    assert order.status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("change", "reason", "asked"),
    [
        (_C.LOSE, "", "lose"),
        (_C.LOSE, "no answer in 5 s", "no answer in 5 s"),
        (_C.CANCEL_FAIL, "order not found", "order not found"),
    ],
    ids=["lost", "lost, with a reason", "not canceled"],
)
def test_where_an_answer_leaves_open_what_is_true_the_venue_is_asked(
    rig: Rig, order: Order, change: OrderChange, reason: str, asked: str
) -> None:
    rig.hear(order, change, reason=reason)

    assert rig.effects == (Inquiry(client_order_id=order.id, reason=asked),)


def test_what_is_over_is_not_asked_about(rig: Rig, order: Order) -> None:
    rig.hear(order, _C.CANCEL)

    rig.hear(order, _C.CANCEL_FAIL)

    assert rig.effects == ()


@pytest.mark.parametrize("change", [_C.ACCEPT, _C.LAST_FILL, _C.CANCEL, _C.LOSE])
def test_where_the_venue_counts_more_fills_than_we_have_seen_it_is_asked_once(
    rig: Rig, order: Order, change: OrderChange
) -> None:
    rig.hear(order, change, cumulative_size=Decimal("0.4"))

    (inquiry,) = inquiries(rig)
    assert inquiry.reason == "the venue counts fills that we have not seen"


def test_a_fill_that_counts_an_earlier_one_that_we_have_not_seen_asks_for_it(rig: Rig, order: Order) -> None:
    rig.feed(fill("0.4", client_order_id=order.id, cumulative_size=Decimal("0.4")))
    assert inquiries(rig) == []

    rig.feed(fill("0.1", client_order_id=order.id, trade_id="t3", cumulative_size=Decimal("0.7")))
    assert [inquiry.client_order_id for inquiry in inquiries(rig)] == [order.id]


# ---- fills


def test_a_fill_is_booked_told_and_followed_by_its_order(rig: Rig, puppet: Puppet, order: Order) -> None:
    rig.feed(fill("0.4", client_order_id=order.id))
    rig.feed(fill("0.6", client_order_id=order.id, trade_id="t2"))

    assert puppet.heard == [
        "fill 0.4, holding 0.4",
        "order open",
        "fill 0.6, holding 1.0",
        "order filled",
    ]


def test_a_fill_told_twice_is_booked_once(rig: Rig, puppet: Puppet, order: Order) -> None:
    for _ in range(3):
        rig.feed(fill("0.4", client_order_id=order.id))

    assert puppet.heard == ["fill 0.4, holding 0.4", "order open"]
    assert rig.engine.accounts.account_position(BTC) == Decimal("0.4")


def test_a_strangers_fill_counts_as_exposure_once_and_is_noted(rig: Rig, puppet: Puppet) -> None:
    strange = fill("2", client_order_id="", side=Side.SELL)

    rig.feed(strange)
    assert rig.effects == (
        Note(
            strategy="",
            level="warning",
            text="an order that is not ours has filled",
            fields={"symbol": BTC, "side": "sell", "size": "2", "price": "100.0"},
        ),
    )

    rig.feed(strange)
    assert len(rig.effects) == 0
    assert rig.engine.accounts.account_position(BTC) == -2
    assert puppet.position(BTC).is_flat


def test_a_strangers_exposure_counts_against_our_limits(rig: Rig, puppet: Puppet) -> None:
    """The limit is 5,000 USDT, and the stranger's 49.5 coins are worth 4,950."""
    rig.feed(fill("49.5", client_order_id=""))

    assert rig.act(puppet, lambda: puppet.buy(BTC, 1, limit_price=100)).status is OrderStatus.REFUSED
    assert rig.act(puppet, lambda: puppet.buy(BTC, 0.5, limit_price=100)).is_open


def test_a_fill_of_a_strategy_that_is_not_seated_any_more_is_booked() -> None:
    rig = Rig()
    recover(rig.engine, [(NOON, new_order(strategy="retired"))], NOON)
    rig.seat(Puppet)
    rig.begin()

    rig.feed(fill("0.4"))

    assert rig.engine.accounts.position("retired", BTC).size == Decimal("0.4")
    assert rig.engine.accounts.account_position(BTC) == Decimal("0.4")


# ---- the account


def test_a_balance_is_kept(rig: Rig, puppet: Puppet) -> None:
    rig.feed(balance("500"))

    assert puppet.balance("USDT") == balance("500")


def test_a_position_that_we_did_not_trade_is_noted_when_the_books_are_compared(rig: Rig) -> None:
    rig.feed(position_report("3"))
    assert rig.engine.accounts.account_position(BTC_SWAP) == 0

    rig.feed(Reconciled(recv_ns=NOON, fills=0, orders=0))

    assert rig.effects == (
        Note(
            strategy="",
            level="warning",
            text="the account holds what we did not trade",
            fields={"symbol": BTC_SWAP, "beyond_our_fills": "3"},
        ),
    )
    assert rig.engine.accounts.account_position(BTC_SWAP) == 3


# ---- connections


def lose_private_feed(rig: Rig) -> None:
    rig.feed(ConnectionChanged(recv_ns=NOON, feed="private", is_up=False, reason="silence"))


def test_without_the_private_feed_the_books_do_not_agree(rig: Rig, puppet: Puppet) -> None:
    puppet.heard.clear()
    lose_private_feed(rig)
    assert rig.engine.state() is TradingState.RECONCILING

    rig.feed(ConnectionChanged(recv_ns=NOON, feed="private", is_up=True))
    assert rig.engine.state() is TradingState.RECONCILING

    rig.feed(Reconciled(recv_ns=NOON, fills=2, orders=1))
    assert rig.engine.state() is TradingState.ACTIVE
    assert puppet.heard == [
        "state reconciling: silence",
        "gap 2",
        "state active: our books and the venue's agree",
    ]


def test_without_another_feed_the_account_is_known_all_the_same(rig: Rig) -> None:
    rig.feed(ConnectionChanged(recv_ns=NOON, feed="public", is_up=False))

    assert rig.engine.state() is TradingState.ACTIVE


def test_a_position_told_before_the_feed_was_lost_is_not_compared_after_it(rig: Rig) -> None:
    rig.feed(position_report("3"))
    lose_private_feed(rig)

    rig.feed(Reconciled(recv_ns=NOON, fills=0, orders=0))

    assert rig.engine.accounts.account_position(BTC_SWAP) == 0


# ---- states


def test_a_state_is_told_once_to_those_whom_it_concerns(rig: Rig, puppet: Puppet) -> None:
    other = rig.seat(Puppet, "other")
    rig.feed(StateChanged(recv_ns=NOON, state=TradingState.ACTIVE, reason="hello"))
    puppet.heard.clear()
    other.heard.clear()

    for _ in range(2):
        rig.feed(StateChanged(recv_ns=NOON, state=TradingState.REDUCE_ONLY, reason="loss", scope="other"))

    assert other.heard == ["state reduce_only: loss"]
    assert puppet.heard == []


def test_a_state_that_changes_nothing_for_a_strategy_is_not_told(rig: Rig, puppet: Puppet) -> None:
    rig.feed(StateChanged(recv_ns=NOON, state=TradingState.CANCEL_ONLY, reason="loss"))
    puppet.heard.clear()

    rig.feed(StateChanged(recv_ns=NOON, state=TradingState.REDUCE_ONLY, reason="more", scope="test"))

    assert puppet.heard == []


def killed(rig: Rig, scope: str = "account") -> list[str]:
    return canceled(
        rig.feed(StateChanged(recv_ns=NOON, state=TradingState.KILLED, reason="loss", scope=scope))
    )


@pytest.fixture
def two(rig: Rig, puppet: Puppet, order: Order) -> tuple[Rig, Order, Order]:
    """An order of each of two strategies."""
    other = rig.seat(Puppet, "other")
    return rig, order, rig.act(other, lambda: other.buy(BTC, 1, limit_price=99))


def test_the_kill_switch_cancels_every_order(two: tuple[Rig, Order, Order]) -> None:
    rig, order, others = two

    assert killed(rig) == [order.id, others.id]


def test_the_kill_switch_of_one_strategy_cancels_its_orders(two: tuple[Rig, Order, Order]) -> None:
    rig, order, others = two

    assert killed(rig, "other") == [others.id]
    assert killed(rig, "test") == [order.id]


def test_the_kill_switch_cancels_orders_of_strategies_that_are_not_seated_any_more() -> None:
    rig = Rig()
    recover(rig.engine, [(NOON, new_order(strategy="retired"))], NOON)

    assert killed(rig) == ["bk000001"]


@pytest.mark.parametrize(
    "state", [state for state in TradingState if state is not TradingState.KILLED], ids=lambda s: s.value
)
def test_other_states_leave_working_orders_alone(rig: Rig, order: Order, state: TradingState) -> None:
    assert canceled(rig.feed(StateChanged(recv_ns=NOON, state=state, reason="a test"))) == []


def test_whoever_was_killed_stays_so_until_somebody_says_otherwise(rig: Rig, puppet: Puppet) -> None:
    killed(rig)
    lose_private_feed(rig)
    rig.feed(Reconciled(recv_ns=NOON, fills=0, orders=0))
    assert rig.act(puppet, lambda: puppet.buy(BTC, 1)).status is OrderStatus.REFUSED

    rig.feed(StateChanged(recv_ns=NOON, state=TradingState.ACTIVE, reason="looked into"))
    assert rig.act(puppet, lambda: puppet.buy(BTC, 1)).is_open


# ---- beginning and end


def test_strategies_start_and_stop_in_the_order_in_which_they_were_seated() -> None:
    rig = Rig()
    told: list[str] = []
    for name in ("z", "a"):
        rig.seat(Puppet, name).heard = told

    rig.feed(Started(recv_ns=NOON, epoch=1), Stopping(recv_ns=NOON, reason="the end"))

    assert told == ["start", "start", "stop", "stop"]


def stopped(rig: Rig) -> list[str]:
    return canceled(rig.feed(Stopping(recv_ns=NOON, reason="the end")))


def test_at_the_end_orders_are_canceled(two: tuple[Rig, Order, Order]) -> None:
    rig, order, others = two

    assert stopped(rig) == [order.id, others.id]


def test_at_the_end_orders_stay_where_they_were_meant_to() -> None:
    rig = Rig()
    stays = rig.seat(Puppet, cancels_on_stop=False)
    rig.begin()
    rig.act(stays, lambda: stays.buy(BTC, 1, limit_price=99))

    assert stopped(rig) == []


def test_at_the_end_a_strategy_may_cancel_by_itself() -> None:
    class CancelsItself(Puppet):
        def on_stop(self) -> None:
            self.cancel_all()

    rig, puppet = ready(CancelsItself)
    order = rig.act(puppet, lambda: puppet.buy(BTC, 1, limit_price=99))

    assert stopped(rig) == [order.id]


def test_at_the_end_orders_of_strategies_that_are_not_seated_any_more_are_canceled() -> None:
    rig = Rig()
    recover(rig.engine, [(NOON, new_order(strategy="retired"))], NOON)

    assert stopped(rig) == ["bk000001"]


# ---- timers and outside work


def test_a_timer_and_outside_work_are_their_strategys(rig: Rig, puppet: Puppet) -> None:
    other = rig.seat(Puppet, "other")
    puppet.heard.clear()

    rig.feed(
        Timer(recv_ns=NOON, strategy="test", name="minute", due_ns=NOON),
        TaskDone(recv_ns=NOON, strategy="test", name="model", error="ValueError: none"),
    )

    assert puppet.heard == ["timer minute", "task model: ValueError: none"]
    assert other.heard == []


@pytest.mark.parametrize(
    "event",
    [
        Timer(recv_ns=NOON, strategy="retired", name="minute", due_ns=NOON),
        TaskDone(recv_ns=NOON, strategy="retired", name="model"),
    ],
    ids=["timer", "task"],
)
def test_what_was_meant_for_a_strategy_that_is_gone_is_dropped(rig: Rig, event: Event) -> None:
    assert rig.feed(event).effects == ()  # type: ignore[arg-type]  # one of the union
