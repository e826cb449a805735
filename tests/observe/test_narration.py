from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import get_args

import pytest

from botkit.engine.step import Effect, Inquiry
from botkit.model.events import (
    AnyEvent,
    ConnectionChanged,
    OrderUpdate,
    Reconciled,
    Started,
    StateChanged,
    Stopping,
    TaskDone,
    Timer,
    TradingState,
)
from botkit.model.note import Note
from botkit.model.order import CancelOrder, OrderChange
from botkit.model.side import Side
from botkit.observe.narration import _CHANGES, Telling, tell
from botkit.strategy.desk import Subscription
from botkit.strategy.saved import StrategyState
from tests.market import BTC, NOON, amend_order, balance, fill, new_order, order_update, quote
from tests.observe.steps import approved, ledger, refused, sent, step

PAID = fill(fee=Decimal("-0.10"), fee_currency="USDT")


def told(event: AnyEvent, *effects: Effect) -> Sequence[Telling]:
    books = ledger()
    books.observe(sent())
    books.observe(step(event, *effects))
    return tell(step(event, *effects), books)


def words(tellings: Sequence[Telling]) -> list[tuple[str, str, str, str]]:
    return [(telling.level, telling.kind, telling.strategy, telling.text) for telling in tellings]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (PAID, ("info", "fill", "test", "bought 1 BTC-USDT at 100, fee 0.1 USDT")),
        (fill("0.50", "99.50", Side.SELL), ("info", "fill", "test", "sold 0.5 BTC-USDT at 99.5")),
        (
            fill(client_order_id="x"),
            ("warning", "fill", "", "bought 1 BTC-USDT at 100 (not an order of this bot)"),
        ),
        (order_update(OrderChange.ACCEPT), ("debug", "accepted", "test", "BTC-USDT bk000001")),
        (
            order_update(OrderChange.REJECT, code="51008", reason="insufficient balance"),
            ("warning", "rejected", "test", "BTC-USDT bk000001: insufficient balance (code 51008)"),
        ),
        (
            order_update(OrderChange.LOSE, reason="no answer"),
            ("warning", "unknown", "test", "BTC-USDT bk000001: no answer"),
        ),
        (Started(recv_ns=NOON, epoch=7, version="0.1.0"), ("info", "start", "", "botkit 0.1.0, boot 7")),
        (Stopping(recv_ns=NOON, reason="asked to stop"), ("info", "stop", "", "asked to stop")),
        (
            ConnectionChanged(recv_ns=NOON, feed="public", is_up=True),
            ("info", "feed", "", "public connected"),
        ),
        (
            ConnectionChanged(recv_ns=NOON, feed="private", is_up=False, reason="silence"),
            ("warning", "feed", "", "private lost: silence"),
        ),
        (
            Reconciled(recv_ns=NOON, fills=1, orders=2),
            ("info", "books", "", "agree with the venue's (missed fills: 1, orders: 2)"),
        ),
        (
            StateChanged(recv_ns=NOON, state=TradingState.KILLED, reason="loss"),
            ("warning", "state", "", "account is killed: loss"),
        ),
        (
            StateChanged(recv_ns=NOON, state=TradingState.ACTIVE, reason="resumed", scope="ema"),
            ("info", "state", "", "ema is active: resumed"),
        ),
        (TaskDone(recv_ns=NOON, strategy="ema", name="model", result="1"), ("debug", "task", "ema", "model")),
        (
            TaskDone(recv_ns=NOON, strategy="ema", name="model", error="ValueError: no"),
            ("warning", "task", "ema", "model: ValueError: no"),
        ),
    ],
    ids=lambda value: (
        type(value).__name__ + getattr(value, "reason", "") if isinstance(value, AnyEvent) else None
    ),
)
def test_an_event_is_told_in_a_sentence(event: AnyEvent, expected: tuple[str, str, str, str]) -> None:
    assert words(told(event)) == [expected]


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (approved(new_order()), ("info", "order", "test", "buy 1 BTC-USDT at 100")),
        (
            approved(new_order(Side.SELL, limit_price=None)),
            ("info", "order", "test", "sell 1 BTC-USDT at the market"),
        ),
        (approved(amend_order()), ("debug", "amend", "test", "BTC-USDT bk000001 to 2 at 100")),
        (
            CancelOrder(client_order_id="bk000001", strategy="test", symbol=BTC),
            ("debug", "cancel", "test", "BTC-USDT bk000001"),
        ),
        (
            refused(),
            (
                "warning",
                "refused",
                "test",
                "BTC-USDT price_collar: 300 bps, limit 200 bps; price it at 102 or lower",
            ),
        ),
        (
            Note(strategy="ema", level="info", text="crossed", fields={"fast": "1.5"}),
            ("info", "note", "ema", "crossed fast=1.5"),
        ),
        (Note(strategy="ema", level="error", text="lost"), ("error", "note", "ema", "lost")),
    ],
    ids=["order", "market order", "amendment", "cancel", "refusal", "note", "bare note"],
)
def test_an_effect_is_told_in_a_sentence(effect: Effect, expected: tuple[str, str, str, str]) -> None:
    assert words(told(quote(), effect)) == [expected]


@pytest.mark.parametrize(
    "silent",
    [
        step(quote()),
        step(balance()),
        step(Timer(recv_ns=NOON, strategy="ema", name="x", due_ns=NOON)),
        step(quote(), Subscription(channel="quotes", symbol=BTC)),
        step(quote(), StrategyState(strategy="ema", payload="{}")),
        step(quote(), Inquiry(client_order_id="bk1", reason="x")),
    ],
    ids=["quote", "balance", "timer", "subscription", "state", "inquiry"],
)
def test_what_an_operator_need_not_read_is_not_told(silent: object) -> None:
    assert not tell(silent, ledger())  # type: ignore[arg-type]  # the ids hide its type


def test_the_event_is_told_before_its_effects() -> None:
    kinds = [telling.kind for telling in told(fill(), approved(new_order()), refused())]

    assert kinds == ["fill", "order", "refused"]


def test_a_fill_told_twice_is_told_once() -> None:
    books = ledger()
    books.observe(sent())
    books.observe(step(fill()))
    books.observe(step(fill()))

    assert not tell(step(fill()), books)


def test_every_change_of_an_order_has_its_words() -> None:
    assert set(_CHANGES) == set(OrderChange)
    assert OrderUpdate in get_args(AnyEvent)


def test_a_telling_carries_its_numbers_for_machines() -> None:
    (telling,) = told(PAID)

    assert telling.ns == NOON
    assert telling.fact == "order filled"
    assert telling.fields == {
        "order": "bk000001",
        "symbol": BTC,
        "side": "buy",
        "size": "1",
        "price": "100",
        "fee": "0.1 USDT",
        "liquidity": "unknown",
        "trade": "t1",
    }
