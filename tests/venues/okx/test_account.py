"""Account rows as events: each thing told by its own mark, and alike each time."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import ProtocolError
from botkit.model.events import AccountEvent, OrderUpdate, decode_event, encode_event
from botkit.model.order import Order, OrderChange
from botkit.model.portfolio import Balance, Fill, Liquidity, PositionReport
from botkit.model.side import Side
from botkit.venues.okx.account import (
    decode_balances,
    decode_fills,
    decode_orders,
    decode_positions,
    order_events,
    reconciled,
)
from tests.venues.okx.frames import (
    BTC,
    INSTRUMENTS,
    MS,
    NOW,
    RECORDED,
    SWAP,
    amend_order,
    encode,
    fill,
    frames,
    new_order,
    read,
    recorded,
    row,
)

C = OrderChange
D = Decimal


def told(**changes: str) -> list[AccountEvent]:
    return order_events(row(**changes), INSTRUMENTS, NOW)


def changes_of(events: list[AccountEvent]) -> list[object]:
    return [event.change if isinstance(event, OrderUpdate) else type(event) for event in events]


# ---- the orders channel


def test_a_working_order_is_accepted() -> None:
    assert told() == [
        OrderUpdate(
            recv_ns=NOW,
            venue_ns=1790000000000 * MS,
            symbol="BTC-USDT",
            client_order_id="bk1",
            venue_order_id="900000000000000001",
            change=C.ACCEPT,
        )
    ]


def test_a_fill_is_told_by_its_trade() -> None:
    assert told(**fill("0.4", "0.4", "501")) == [
        Fill(
            recv_ns=NOW,
            venue_ns=1790000000005 * MS,
            symbol="BTC-USDT",
            client_order_id="bk1",
            venue_order_id="900000000000000001",
            trade_id="501",
            side=Side.BUY,
            price=D(100),
            size=D("0.4"),
            fee=D("-0.0008"),
            fee_currency="BTC",
            liquidity=Liquidity.MAKER,
            cumulative_size=D("0.4"),
        )
    ]


def test_a_last_fill_is_told_before_the_state_it_leads_to() -> None:
    events = told(**fill("0.6", "1", "502", "filled"))

    assert changes_of(events) == [Fill, C.LAST_FILL]


def test_a_filled_row_without_a_trade_makes_no_fill() -> None:
    [event] = told(state="filled", accFillSz="1", fillSz="0", tradeId="")

    assert isinstance(event, OrderUpdate)
    assert (event.change, event.cumulative_size) == (C.LAST_FILL, D(1))


def test_a_size_without_a_trade_makes_no_fill() -> None:
    assert changes_of(told(**fill("0.4", "0.4", ""))) == [C.ACCEPT]


def test_a_trade_of_nothing_makes_no_fill() -> None:
    assert changes_of(told(tradeId="501", fillSz="0", state="partially_filled", accFillSz="0.4")) == [
        C.ACCEPT
    ]


def test_a_partly_filled_row_without_a_trade_shows_that_the_order_lives_and_how_far_it_got() -> None:
    [event] = told(state="partially_filled", accFillSz="0.4")

    assert isinstance(event, OrderUpdate)
    assert (event.change, event.cumulative_size) == (C.ACCEPT, D("0.4"))


def test_contracts_are_told_in_base_currency() -> None:
    events = told(**fill("3", "5", "501", instId="BTC-USDT-SWAP", instType="SWAP", side="sell", execType="T"))

    [event] = events
    assert isinstance(event, Fill)
    assert (event.size, event.cumulative_size) == (D("0.03"), D("0.05"))
    assert (event.side, event.liquidity) == (Side.SELL, Liquidity.TAKER)


def test_a_fill_without_a_fee_yet_costs_nothing() -> None:
    [event] = told(**fill("1", "1", "501", fillFee="", fillFeeCcy="", execType=""))

    assert isinstance(event, Fill)
    assert (event.fee, event.fee_currency, event.liquidity) == (D(0), "", Liquidity.UNKNOWN)


@pytest.mark.parametrize("state", ["canceled", "mmp_canceled"])
def test_a_cancel_says_why(state: str) -> None:
    [event] = told(state=state, cancelSource="31", accFillSz="0.3")

    assert isinstance(event, OrderUpdate)
    assert (event.change, event.code, event.cumulative_size) == (C.CANCEL, "31", D("0.3"))
    assert event.reason == "post-only order would have taken"


def test_a_cancel_for_a_new_reason_is_told_too() -> None:
    [event] = told(state="canceled", cancelSource="99")

    assert isinstance(event, OrderUpdate)
    assert event.reason == "canceled, source 99"


def test_a_cancel_for_no_reason_has_none() -> None:
    [event] = told(state="canceled")

    assert isinstance(event, OrderUpdate)
    assert (event.code, event.reason) == ("", "")


def test_new_terms_are_told_when_they_count() -> None:
    [event] = told(amendResult="0", amendSource="1", reqId="bk1a", sz="2", px="99.5")

    assert isinstance(event, OrderUpdate)
    assert (event.change, event.amend_id, event.size, event.limit_price) == (C.AMEND, "bk1a", D(2), D("99.5"))


def test_refused_terms_leave_the_order_as_it_was() -> None:
    failed, alive = told(amendResult="-1", reqId="bk1a", code="51503", msg="too late")

    assert isinstance(failed, OrderUpdate)
    assert (failed.change, failed.amend_id, failed.code, failed.reason) == (
        C.AMEND_FAIL,
        "bk1a",
        "51503",
        "too late",
    )
    assert (failed.size, failed.limit_price) == (None, None)
    assert changes_of([alive]) == [C.ACCEPT]


def test_refused_terms_can_cancel_the_order() -> None:
    assert changes_of(told(amendResult="1", reqId="bk1a", state="canceled")) == [C.AMEND_FAIL, C.CANCEL]


def test_terms_amended_down_to_what_is_filled_fill_the_order() -> None:
    assert changes_of(told(amendResult="0", reqId="a", sz="0.4", accFillSz="0.4", state="filled")) == [
        C.AMEND,
        C.LAST_FILL,
    ]


def test_a_fill_may_come_with_new_terms() -> None:
    assert changes_of(told(**fill("0.1", "0.1", "501", amendResult="0", reqId="a"))) == [Fill, C.AMEND]


@pytest.mark.parametrize("source", ["2", "4", "6"])
def test_terms_that_the_system_changed_are_told(source: str) -> None:
    [event] = told(amendSource=source, sz="0.5")

    assert isinstance(event, OrderUpdate)
    assert (event.change, event.size, event.amend_id) == (C.AMEND, D("0.5"), "")


def test_a_mention_of_an_earlier_amendment_changes_nothing() -> None:
    assert changes_of(told(amendSource="1", reqId="bk1a")) == [C.ACCEPT]


def test_the_size_of_an_order_sized_in_quote_currency_is_not_known() -> None:
    [event] = told(amendResult="0", sz="100", tgtCcy="quote_ccy", px="")

    assert isinstance(event, OrderUpdate)
    assert (event.size, event.limit_price) == (None, None)


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ("cancelSource", "99"),
        ("amendSource", "99"),
        ("amendResult", "9"),
        ("execType", "X"),
        ("instType", "EVENTS"),
        ("category", "new"),
        ("source", "77"),
        ("ordType", "rpi"),
    ],
)
def test_new_words_are_let_through(field: str, word: str) -> None:
    assert changes_of(told(**{field: word})) == [C.ACCEPT]


def test_an_unknown_state_says_nothing_but_its_fill() -> None:
    assert told(state="resting_in_peace") == []
    assert changes_of(told(**fill("1", "1", "501", "resting_in_peace"))) == [Fill]


def test_somebody_elses_order_is_told_too() -> None:
    [event] = told(**fill("1", "1", "501", clOrdId="", category="full_liquidation"))

    assert isinstance(event, Fill)
    assert event.client_order_id == ""


def test_an_order_in_an_instrument_that_is_not_traded_here_says_nothing() -> None:
    assert told(instId="BTC-USD-261225-60000-C", instType="OPTION", px="") == []


def test_the_same_row_is_told_alike_each_time() -> None:
    once, again = fill("0.4", "0.4", "501"), fill("0.4", "0.4", "501", uTime="1790000009999")

    assert told(**once) == told(**once)
    assert told(**once) == told(**again)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("fillSz", "one"),
        ("fillPx", "NaN"),
        ("side", ""),
        ("accFillSz", "1e9"),
        ("uTime", "soon"),
        ("fillTime", "-1"),
    ],
)
def test_a_fill_that_makes_no_sense_is_refused(field: str, text: str) -> None:
    with pytest.raises(ProtocolError):
        told(**fill("1", "1", "501", "filled", **{field: text}))


@pytest.mark.parametrize("digits", [14, 30, 5_000])
def test_a_time_that_no_journal_could_hold_is_refused(digits: int) -> None:
    with pytest.raises(ProtocolError, match="for a time"):
        told(uTime="9" * digits)


words = st.sampled_from(["", "0", "1", "-1", "2", "live", "filled", "canceled", "M", "0.5", "501", "x"])


@given(st.dictionaries(st.sampled_from(sorted(fill("1", "1", "1"))), words))
def test_whatever_a_row_says_can_be_journaled(changes: dict[str, str]) -> None:
    try:
        events = told(**changes)
    except ProtocolError:
        return

    assert [decode_event(encode_event(event)) for event in events] == events


# ---- recordings


@pytest.mark.parametrize(
    "name",
    recorded(
        "ws/private__orders_*.json",
        "ws/seq__orders_*",
        "ws/seq__cancel_*",
        "ws/seq__amend_*",
        "ws/seq__post_*",
    ),
)
def test_every_recorded_order_is_told(name: str) -> None:
    for frame in frames(name):
        message = json.loads(frame)
        if "arg" not in message:
            continue
        rows = decode_orders(encode(message["data"]))
        assert len(rows) == len(message["data"]) > 0
        for each in rows:
            events = order_events(each, RECORDED, NOW)
            assert bool(events) is (each.inst_id in RECORDED)


def run(name: str) -> tuple[list[Fill], list[object]]:
    fills: dict[str, Fill] = {}
    seen: list[object] = []
    for frame in frames(name):
        message = json.loads(frame)
        for each in decode_orders(encode(message["data"])) if "arg" in message else ():
            for event in order_events(each, RECORDED, NOW):
                if isinstance(event, Fill):
                    fills.setdefault(event.trade_id, event)
                seen += changes_of([event])
    return list(fills.values()), seen


def recording(name: str) -> str:
    if not recorded(name):
        pytest.skip("no folder of shared data beside this work tree")
    return name


def test_a_market_sale_sized_in_quote_currency_has_one_fill_and_an_end() -> None:
    fills, seen = run(recording("ws/seq__orders_spot_market_sell_quote_ccy__gct.jsonl"))

    assert [fill.size for fill in fills] == [D("0.00038128")]
    assert seen == [C.ACCEPT, Fill, C.LAST_FILL]


def test_a_fill_told_twice_counts_once_and_the_fills_sum_up() -> None:
    fills, seen = run(recording("ws/seq__orders_event_before_ack__synth.jsonl"))

    assert [fill.trade_id for fill in fills] == ["501", "502"]
    assert sum(fill.size for fill in fills) == fills[-1].cumulative_size == 1
    assert seen == [C.ACCEPT, Fill, Fill, Fill, C.LAST_FILL]


def test_a_refused_post_only_order_is_only_canceled() -> None:
    assert run(recording("ws/seq__post_only_rejected_2026__synth.jsonl")) == ([], [C.CANCEL])


def test_an_amendment_that_failed_and_one_that_did_not_are_told_apart() -> None:
    fills, seen = run(recording("ws/seq__amend_acked_then_failed__synth.jsonl"))

    assert fills == []
    assert seen == [C.ACCEPT, C.AMEND_FAIL, C.ACCEPT, C.AMEND, C.AMEND]


# ---- REST


def known(**changes: Any) -> Order:
    return Order(new_order(size=D(1), limit_price=D(100)), NOW)


def test_an_order_found_working_is_accepted_with_what_it_filled() -> None:
    [update] = reconciled(row(state="partially_filled", accFillSz="0.4"), BTC, NOW, known())

    assert (update.change, update.cumulative_size) == (C.ACCEPT, D("0.4"))


@pytest.mark.parametrize(
    ("state", "change"),
    [("filled", C.LAST_FILL), ("canceled", C.CANCEL), ("live", C.ACCEPT)],
)
def test_a_rest_row_tells_the_state_and_never_a_fill(state: str, change: OrderChange) -> None:
    found = row(**fill("1", "1", "501", state))

    assert [update.change for update in reconciled(found, BTC, NOW, None)] == [change]


@pytest.mark.parametrize("changes", [{"px": "99"}, {"sz": "2"}], ids=["price", "size"])
def test_terms_that_were_amended_unseen_are_told(changes: dict[str, str]) -> None:
    [update] = reconciled(row(**changes), BTC, NOW, known())

    assert update.change is C.AMEND


def test_an_amendment_that_never_came_through_is_ended_by_the_terms_found() -> None:
    order = known()
    order.amending = amend_order()

    [update] = reconciled(row(), BTC, NOW, order)

    assert (update.change, update.size, update.limit_price) == (C.AMEND, D(1), D(100))


def test_the_terms_of_an_order_that_is_over_do_not_matter() -> None:
    assert [u.change for u in reconciled(row(px="99", state="canceled"), BTC, NOW, known())] == [C.CANCEL]


def test_a_found_order_in_an_unknown_state_says_nothing() -> None:
    assert reconciled(row(state="?"), BTC, NOW, known()) == []


@pytest.mark.parametrize(
    "name",
    recorded(
        "rest/docs/GET_trade_order.json",
        "rest/docs/GET_trade_orders-pending.json",
        "rest/docs/GET_trade_orders-history*.json",
        "rest/nautilus/http_get_orders_history.json",
        "rest/nautilus/http_get_orders_pending.json",
        "rest/observed/order_spot_market_quote.json",
    ),
)
def test_every_recorded_page_of_orders_is_read(name: str) -> None:
    rows = rows_of(name)

    found = decode_orders(encode(rows))

    assert [each.ord_id for each in found] == [each["ordId"] for each in rows]
    for each in found:
        updates = reconciled(each, RECORDED.get(each.inst_id, BTC), NOW, None)
        assert [update.change for update in updates] != []


@pytest.mark.parametrize(
    "name",
    recorded(
        "rest/docs/GET_trade_fills*.json",
        "rest/nautilus/http_transaction_detail.json",
        "rest/observed/fill_spot_taker.json",
    ),
)
def test_every_recorded_page_of_fills_is_read(name: str) -> None:
    rows = rows_of(name)

    fills = decode_fills(encode(rows), RECORDED, NOW)

    assert sorted(fill.trade_id for fill in fills) == sorted(each["tradeId"] for each in rows)
    assert all(fill.size > 0 and fill.fee_currency for fill in fills)


def test_fills_come_oldest_first_and_only_of_instruments_traded_here() -> None:
    def one(trade_id: str, time: str, symbol: str = "BTC-USDT") -> dict[str, str]:
        traded = {"fillPx": "100", "fillSz": "1", "fillTime": time, "side": "sell", "ordId": "9"}
        return {"instId": symbol, "tradeId": trade_id, **traded}

    rows = [one("3", "1790000000003"), one("2", "1790000000002", "DOGE-USDT"), one("1", "1790000000001")]

    assert [fill.trade_id for fill in decode_fills(encode(rows), INSTRUMENTS, NOW)] == ["1", "3"]


@pytest.mark.parametrize(
    "name", recorded("rest/docs/GET_account_balance.json", "rest/nautilus/http_get_account_balance.json")
)
def test_every_recorded_account_is_read(name: str) -> None:
    rows = rows_of(name)

    balances = decode_balances(encode(rows), NOW)

    assert [b.currency for b in balances] == [detail["ccy"] for detail in rows[0]["details"]]
    assert all(b.total > 0 for b in balances)


def test_what_is_free_is_the_margin_where_there_is_one_and_the_cash_where_there_is_none() -> None:
    def details(**changes: str) -> bytes:
        detail = {"ccy": "USDT", "cashBal": "900", "availBal": "800", "uTime": "1790000000150"}
        return encode([{"details": [detail | changes]}])

    assert decode_balances(details(availEq=""), NOW) == [
        Balance(recv_ns=NOW, venue_ns=1790000000150 * MS, currency="USDT", total=D(900), available=D(800))
    ]
    assert decode_balances(details(availEq="700"), NOW)[0].available == 700


@pytest.mark.parametrize(
    "name", recorded("rest/docs/GET_account_positions.json", "rest/nautilus/http_get_positions.json")
)
def test_every_recorded_position_is_read(name: str) -> None:
    rows = rows_of(name)

    reports = decode_positions(encode(rows), RECORDED, NOW)

    swaps = [each["instId"] for each in rows if each["instType"] == "SWAP" and each["instId"] in RECORDED]
    assert [report.symbol for report in reports] == swaps


@pytest.mark.parametrize(
    ("pos", "side", "size"),
    [
        ("5", "net", "0.05"),
        ("-5", "net", "-0.05"),
        ("5", "long", "0.05"),
        ("5", "short", "-0.05"),
        ("0", "net", "0"),
    ],
)
def test_a_position_is_signed_and_in_base_currency(pos: str, side: str, size: str) -> None:
    found = {
        "instType": "SWAP",
        "instId": "BTC-USDT-SWAP",
        "pos": pos,
        "posSide": side,
        "avgPx": "",
        "uTime": "",
    }

    assert decode_positions(encode([found]), INSTRUMENTS, NOW) == [
        PositionReport(recv_ns=NOW, symbol=SWAP.symbol, size=D(size), average_price=D(0))
    ]


def test_a_margin_position_is_no_swap() -> None:
    found = {"instType": "MARGIN", "instId": "BTC-USDT", "pos": "1", "posSide": "net"}

    assert decode_positions(encode([found]), INSTRUMENTS, NOW) == []


def rows_of(name: str) -> list[dict[str, Any]]:
    answer = json.loads(read(name))
    if isinstance(answer, list):
        return answer
    rows: list[dict[str, Any]] = answer.get("data", [answer])
    return rows
