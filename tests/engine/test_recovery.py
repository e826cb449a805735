from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botkit.engine.engine import Engine
from botkit.engine.recovery import _FOLDS, Recovery, recover
from botkit.engine.step import Step
from botkit.errors import InvariantError
from botkit.journal.records import Record, decode_record, encode_record, records_of
from botkit.model.events import (
    AccountEvent,
    ConnectionChanged,
    Reconciled,
    Started,
    StateChanged,
    Stopping,
    TaskDone,
    Timer,
    TradingState,
)
from botkit.model.note import Note
from botkit.model.order import CancelOrder, Order, OrderChange, OrderStatus
from botkit.model.side import Side
from botkit.risk.approval import Refused
from botkit.strategy.saved import StrategyState
from tests.engine.busy_day import BusyDay
from tests.engine.rig import Puppet, Rig
from tests.market import (
    BTC,
    BTC_SWAP,
    NOON,
    S,
    amend_order,
    balance,
    fill,
    new_order,
    order_update,
    position_report,
)

_C, _S = OrderChange, OrderStatus


def journal_of(steps: list[Step]) -> list[tuple[int, Record]]:
    """Return what the journal would give back, through its bytes."""
    return [
        (step.event.recv_ns, decode_record(encode_record(record)))
        for step in steps
        for record in records_of(step)
    ]


def known(engine: Engine) -> dict[str, object]:
    """Return all that an engine knows and a restart must not forget."""
    blotter, accounts = engine.blotter, engine.accounts
    orders = [order for order in blotter._orders.values() if order.status is not _S.REFUSED]
    return {
        "orders": [{name: getattr(order, name) for name in Order.__slots__} for order in orders],
        "open": [order.id for order in blotter.open_orders()],
        "working": [(s, side, blotter.working(s, side)) for s in (BTC, BTC_SWAP) for side in Side],
        "booked": blotter._booked,
        "ends": blotter._ends,
        "positions": {
            key: (p.size, p.average_price, p.realized_pnl, p.fees)
            for key, p in accounts.positions().items()
            if p.size or p.fees
        },
        "account": [(s, accounts.exposure(s), accounts.account_position(s)) for s in (BTC, BTC_SWAP)],
        "balance": accounts.balance("USDT"),
        "states": engine.states,
    }


@settings(max_examples=100)
@given(st.integers(0, 1_000_000), st.integers(0, 80))
def test_a_restart_at_any_moment_knows_what_the_run_knew(seed: int, turns: int) -> None:
    day = BusyDay(seed)
    day.rig.begin()
    day.live(turns)
    ran, restarted = day.rig.engine, Rig(epoch=2).engine

    recovery = recover(restarted, journal_of(day.rig.steps), day.rig.now_ns)

    lost = ran.blotter.lose_pending(day.rig.now_ns)
    assert known(restarted) == known(ran)
    assert [order.id for order in recovery.lost] == [order.id for order in lost]
    for trader in day.traders:
        saved = recovery.saved.get(trader.name, '{"fills":0}')
        assert saved == f'{{"fills":{trader.state.fills}}}'


@settings(max_examples=50)
@given(st.integers(0, 1_000_000))
def test_hearing_everything_again_after_a_restart_changes_nothing(seed: int) -> None:
    day = BusyDay(seed)
    day.run()
    rig = Rig(epoch=2)
    recover(rig.engine, journal_of(day.rig.steps), day.rig.now_ns)
    before = known(rig.engine)["positions"], known(rig.engine)["account"], known(rig.engine)["working"]

    for step in day.rig.steps:
        change = getattr(step.event, "change", None)
        if isinstance(step.event, get_args(AccountEvent)) and change not in {_C.AMEND, _C.LOSE, _C.ABSENT}:
            rig.feed(step.event)

    assert (
        known(rig.engine)["positions"],
        known(rig.engine)["account"],
        known(rig.engine)["working"],
    ) == before


def test_after_a_restart_no_order_id_comes_again() -> None:
    day = BusyDay(5)
    day.run()
    rig = Rig(epoch=2)
    recover(rig.engine, journal_of(day.rig.steps), day.rig.now_ns)
    old = {order.id for order in rig.engine.blotter._orders.values()}

    puppet = rig.seat(Puppet, "ema")
    rig.now_ns = day.rig.now_ns
    rig.begin()
    new = {rig.act(puppet, lambda: puppet.buy(BTC, 1)).id for _ in range(50)}

    assert len(new) == 50
    assert not old & new


def test_every_record_is_folded_or_changes_no_state_of_the_engine() -> None:
    stateless = {Refused, Note, Started, Stopping, Timer, TaskDone}

    assert set(_FOLDS) | stateless == set(get_args(Record))
    assert not set(_FOLDS) & stateless


# ---- one record after another


def recovered(*records: Record) -> tuple[Engine, Recovery]:
    engine = Rig(epoch=2).engine
    recovery = recover(engine, [(NOON + number, record) for number, record in enumerate(records)], NOON + S)
    return engine, recovery


def only_order(engine: Engine) -> Order:
    order = engine.blotter.get("bk000001")
    assert order is not None
    return order


def test_a_journal_without_records_leaves_an_engine_as_it_is() -> None:
    engine, recovery = recovered()

    assert known(engine) == known(Rig().engine)
    assert (recovery.lost, recovery.saved, recovery.last_ns) == ([], {}, 0)


def test_an_order_that_nobody_confirmed_is_unknown_and_counts() -> None:
    engine, recovery = recovered(new_order())
    order = only_order(engine)

    assert recovery.lost == [order]
    assert (order.status, order.created_ns, order.updated_ns) == (_S.UNKNOWN, NOON, NOON + S)
    assert engine.blotter.working(BTC, Side.BUY) == 1


def test_an_order_that_was_confirmed_is_not_lost() -> None:
    engine, recovery = recovered(new_order(), order_update(_C.ACCEPT, venue_order_id="7001"))

    assert recovery.lost == []
    assert (only_order(engine).status, only_order(engine).venue_order_id) == (_S.OPEN, "7001")


def test_an_amendment_under_way_is_under_way_again() -> None:
    engine, _ = recovered(new_order(), order_update(_C.ACCEPT), amend_order("2"))

    assert only_order(engine).amending == amend_order("2")
    assert engine.blotter.working(BTC, Side.BUY) == 2


def test_a_cancel_that_was_asked_for_was_asked_for() -> None:
    engine, _ = recovered(new_order(), CancelOrder(client_order_id="bk000001", strategy="test", symbol=BTC))

    assert only_order(engine).cancel_requested_ns == NOON + 1


@pytest.mark.parametrize(
    "record",
    [amend_order(), CancelOrder(client_order_id="bk000001", strategy="test", symbol=BTC)],
    ids=["amendment", "cancel"],
)
def test_what_was_wanted_of_an_order_that_is_over_or_unknown_is_passed_over(record: Record) -> None:
    engine, _ = recovered(record)
    assert engine.blotter.get("bk000001") is None

    engine, _ = recovered(new_order(), order_update(_C.CANCEL), record)
    assert only_order(engine).amending is None
    assert not only_order(engine).cancel_requested


def test_a_strangers_order_and_fill_are_a_strangers_again() -> None:
    strange = fill("2", client_order_id="a person's")
    engine, _ = recovered(order_update(_C.ACCEPT, client_order_id="a person's"), strange, strange)

    assert engine.accounts.account_position(BTC) == 2
    assert engine.accounts.exposure(BTC) == 0
    assert engine.blotter.is_booked(strange)


def test_a_fill_is_booked_once_in_the_name_of_its_strategy() -> None:
    engine, _ = recovered(new_order(), fill("0.4"), fill("0.4"))

    assert engine.accounts.position("test", BTC).size == Decimal("0.4")


def test_a_fill_in_what_is_not_configured_any_more_does_not_keep_a_bot_from_starting() -> None:
    engine, _ = recovered(new_order(symbol="DOGE-USDT"), fill(symbol="DOGE-USDT"))

    assert engine.accounts.account_position("DOGE-USDT") == 1


def test_what_strangers_held_when_the_books_agreed_is_theirs_again() -> None:
    up = ConnectionChanged(recv_ns=NOON, feed="private", is_up=True)
    agreed = Reconciled(recv_ns=NOON, fills=0, orders=0)

    engine, _ = recovered(position_report("3"), up, agreed)
    assert engine.accounts.account_position(BTC_SWAP) == 3

    lost = ConnectionChanged(recv_ns=NOON, feed="private", is_up=False)
    engine, _ = recovered(position_report("3"), lost, agreed)
    assert engine.accounts.account_position(BTC_SWAP) == 0


def test_the_last_word_on_states_balances_and_what_strategies_keep_counts() -> None:
    engine, recovery = recovered(
        balance("100"),
        balance("90"),
        StateChanged(recv_ns=NOON, state=TradingState.REDUCE_ONLY, reason="loss"),
        StateChanged(recv_ns=NOON, state=TradingState.KILLED, reason="more loss"),
        StateChanged(recv_ns=NOON, state=TradingState.REDUCE_ONLY, reason="slow", scope="ema"),
        StrategyState(strategy="ema", payload='{"n":1}'),
        StrategyState(strategy="ema", payload='{"n":2}'),
    )

    assert engine.accounts.balance("USDT") == balance("90")
    assert engine.states == {"account": TradingState.KILLED, "ema": TradingState.REDUCE_ONLY}
    assert engine.state() is TradingState.KILLED
    assert recovery.saved == {"ema": '{"n":2}'}


def test_what_changes_no_state_is_passed_over_and_dates_the_journal() -> None:
    _, recovery = recovered(Stopping(recv_ns=NOON, reason="SIGTERM"), Started(recv_ns=NOON, epoch=1))

    assert recovery.last_ns == NOON + 1


def test_the_date_of_the_journal_is_its_latest_though_the_clock_was_set_back() -> None:
    stop = Stopping(recv_ns=NOON, reason="SIGTERM")

    assert recover(Rig().engine, [(NOON + S, stop), (NOON, stop)], NOON).last_ns == NOON + S


def test_records_that_contradict_each_other_are_our_own_error() -> None:
    with pytest.raises(InvariantError, match="is open, yet absent happened to it"):
        recovered(new_order(), order_update(_C.ACCEPT), order_update(_C.ABSENT))


def test_whoever_recovers_holds_openings_until_the_books_agree() -> None:
    engine, _ = recovered(StateChanged(recv_ns=NOON, state=TradingState.ACTIVE, reason="yesterday"))

    assert engine.state() is TradingState.RECONCILING
