from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from botkit.model.order import OrderType, TimeInForce
from botkit.model.side import Side
from botkit.sim.listing import BTC_USDT, BTC_USDT_SWAP
from botkit.sim.types import (
    CancelCause,
    FillReport,
    OrderReport,
    OrderRequest,
    OrderState,
    ReportKind,
    SimStatus,
)
from botkit.venues.okx.emulator.rows.orders import (
    CANCEL_SOURCES,
    fill_row,
    ord_type,
    order_event_row,
    order_row,
)
from tests.venues.okx.emulator.floors import NOON_NS

LEVERAGE = Decimal(3)


def a_request(**terms: Any) -> OrderRequest:
    usual: dict[str, Any] = {
        "account": "1",
        "symbol": "BTC-USDT",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "size": Decimal("0.1"),
        "limit_price": Decimal("60000.0"),
    }
    return OrderRequest(**(usual | terms))


def a_fill(**terms: Any) -> FillReport:
    usual: dict[str, Any] = {
        "account": "1",
        "symbol": "BTC-USDT",
        "order_id": 5,
        "client_order_id": "mine",
        "trade_id": 77,
        "bill_id": 9,
        "side": Side.BUY,
        "price": Decimal(60_000),
        "size": Decimal("0.04"),
        "fee": Decimal("-0.00004"),
        "fee_currency": "BTC",
        "is_maker": False,
        "ns": NOON_NS,
    }
    return FillReport(**(usual | terms))


def a_state(request: OrderRequest | None = None, fill: FillReport | None = None, **terms: Any) -> OrderState:
    request = request or a_request()
    usual: dict[str, Any] = {
        "order_id": 5,
        "request": request,
        "size": request.size,
        "limit_price": request.limit_price,
        "status": SimStatus.LIVE if fill is None else SimStatus.PARTIALLY_FILLED,
        "filled": Decimal(0) if fill is None else fill.size,
        "average_price": None if fill is None else fill.price,
        "fees": {} if fill is None else {fill.fee_currency: fill.fee},
        "realized_pnl": Decimal(0),
        "last_fill": fill,
        "cancel_cause": None,
        "created_ns": NOON_NS,
        "updated_ns": NOON_NS + 1_000_000,
    }
    return OrderState(**(usual | terms))


def an_event(
    kind: ReportKind, state: OrderState, fill: FillReport | None = None, req_id: str = ""
) -> dict[str, Any]:
    report = OrderReport(kind=kind, order=state, fill=fill)
    row = order_event_row(BTC_USDT, report, leverage=LEVERAGE, last_price=Decimal(60_100), req_id=req_id)
    assert isinstance(row, dict)
    return row


def documented(shared: Path, name: str) -> dict[str, object]:
    row: dict[str, object] = json.loads((shared / f"okx/fixtures/{name}.json").read_text())["data"][0]
    return row


@pytest.mark.parametrize("name", ["GET_trade_order", "GET_trade_orders-pending", "GET_trade_orders-history"])
def test_every_documented_key_of_an_order_is_there(shared: Path, name: str) -> None:
    row = order_row(BTC_USDT, a_state(), LEVERAGE)

    assert documented(shared, f"rest/docs/{name}").keys() - row.keys() == set()


@pytest.mark.parametrize(
    "name", ["private__orders_filled_spot_maker__docs", "private__orders_swap_fill__naut"]
)
def test_every_documented_key_of_an_order_event_is_there(shared: Path, name: str) -> None:
    row = an_event(ReportKind.ACCEPTED, a_state())

    assert documented(shared, f"ws/{name}").keys() - row.keys() <= {"cancelSourceReason"}  # of REST alone


def test_every_documented_key_of_a_fill_is_there(shared: Path) -> None:
    assert (
        documented(shared, "rest/docs/GET_trade_fills").keys() - fill_row(BTC_USDT, a_fill()).keys() == set()
    )


@pytest.mark.parametrize(
    ("terms", "word"),
    [
        ({}, "limit"),
        ({"post_only": True}, "post_only"),
        ({"time_in_force": TimeInForce.IOC}, "ioc"),
        ({"time_in_force": TimeInForce.FOK}, "fok"),
        ({"type": OrderType.MARKET, "limit_price": None}, "market"),
    ],
    ids=["limit", "post-only", "ioc", "fok", "market"],
)
def test_the_type_of_an_order_is_said_in_one_word(terms: dict[str, Any], word: str) -> None:
    assert ord_type(a_request(**terms)) == word


def test_an_unfilled_order_has_no_fill_columns() -> None:
    row = order_row(BTC_USDT, a_state(), LEVERAGE)
    event = an_event(ReportKind.ACCEPTED, a_state())

    for shown in (row, event):
        assert (shown["fillPx"], shown["tradeId"], shown["fillTime"], shown["fillSz"]) == ("", "", "", "0")
        assert (shown["accFillSz"], shown["fee"], shown["feeCcy"]) == ("0", "0", "BTC")
    assert row["avgPx"] == ""
    assert event["avgPx"] == "0"


def test_rest_shows_the_last_match_and_an_event_its_own() -> None:
    fill = a_fill()
    filled = a_state(fill=fill)

    row = order_row(BTC_USDT, filled, LEVERAGE)
    event = an_event(ReportKind.FILL, filled, fill)
    later = an_event(ReportKind.CANCELED, filled)

    for shown in (row, event):
        assert (shown["fillPx"], shown["fillSz"], shown["tradeId"]) == ("60000", "0.04", "77")
    assert (event["execType"], event["fillFee"], event["fillFeeCcy"]) == ("T", "-0.00004", "BTC")
    assert (later["tradeId"], later["fillSz"], later["accFillSz"], later["fee"]) == (
        "",
        "0",
        "0.04",
        "-0.00004",
    )


def test_sizes_of_swaps_are_contracts() -> None:
    request = a_request(symbol="BTC-USDT-SWAP")
    fill = a_fill(symbol="BTC-USDT-SWAP", fee_currency="USDT", fee=Decimal("-1.2"))

    row = order_row(BTC_USDT_SWAP, a_state(request, fill), LEVERAGE)

    assert (row["sz"], row["accFillSz"], row["fillSz"]) == ("10", "4", "4")
    assert (row["tdMode"], row["posSide"], row["lever"], row["instType"]) == ("cross", "net", "3", "SWAP")
    assert fill_row(BTC_USDT_SWAP, fill)["fillSz"] == "4"
    assert fill_row(BTC_USDT_SWAP, fill)["feeRate"] == ""


def test_a_market_order_in_quote_currency_keeps_its_unit() -> None:
    request = a_request(type=OrderType.MARKET, limit_price=None, size=Decimal(100), size_in_quote=True)
    in_base = a_request(type=OrderType.MARKET, limit_price=None)

    row = order_row(BTC_USDT, a_state(request, a_fill()), LEVERAGE)

    assert (row["sz"], row["tgtCcy"], row["px"], row["accFillSz"]) == ("100", "quote_ccy", "", "0.04")
    assert order_row(BTC_USDT, a_state(in_base), LEVERAGE)["tgtCcy"] == "base_ccy"


def test_the_end_of_a_market_order_in_quote_currency_has_no_trade() -> None:
    event = an_event(ReportKind.DONE, a_state(fill=a_fill(), status=SimStatus.FILLED))

    assert (event["state"], event["tradeId"], event["fillSz"], event["fillFee"]) == ("filled", "", "0", "0")


def test_an_amended_order_says_for_whom() -> None:
    event = an_event(ReportKind.AMENDED, a_state(), req_id="amend7")

    assert (event["amendResult"], event["amendSource"], event["reqId"]) == ("0", "1", "amend7")
    assert an_event(ReportKind.ACCEPTED, a_state())["amendResult"] == ""


@pytest.mark.parametrize("cause", CancelCause, ids=lambda cause: cause.value)
def test_every_reason_to_cancel_has_its_number(cause: CancelCause) -> None:
    row = order_row(BTC_USDT, a_state(status=SimStatus.CANCELED, cancel_cause=cause), LEVERAGE)

    assert row["cancelSource"] == CANCEL_SOURCES[cause]


def test_a_fee_has_its_rate_on_spot() -> None:
    sell = a_fill(side=Side.SELL, fee=Decimal("-1.92"), fee_currency="USDT", is_maker=True)

    assert fill_row(BTC_USDT, a_fill())["feeRate"] == "-0.001"
    assert fill_row(BTC_USDT, sell)["feeRate"] == "-0.0008"
    assert (fill_row(BTC_USDT, sell)["execType"], fill_row(BTC_USDT, sell)["subType"]) == ("M", "2")


def test_a_row_never_has_a_null() -> None:
    for row in (order_row(BTC_USDT, a_state(), LEVERAGE), an_event(ReportKind.ACCEPTED, a_state())):
        assert None not in row.values()


def test_a_swap_that_is_flat_owes_no_fee_in_base_currency() -> None:
    request = a_request(symbol="BTC-USDT-SWAP")

    assert order_row(BTC_USDT_SWAP, a_state(request), LEVERAGE)["feeCcy"] == "USDT"
    assert (
        order_row(BTC_USDT, a_state(msgspec.structs.replace(a_request(), side=Side.SELL)), LEVERAGE)["feeCcy"]
        == "USDT"
    )
