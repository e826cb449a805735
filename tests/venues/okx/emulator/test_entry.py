from __future__ import annotations

from typing import Any

import msgspec
import pytest

from botkit.model.side import Side
from botkit.sim.exchange import SimExchange
from botkit.sim.listing import BTC_USDT_SWAP, LISTED
from botkit.sim.types import SimRefusal
from botkit.venues.okx.emulator import entry
from botkit.venues.okx.emulator.answers import Refused
from botkit.venues.okx.emulator.entry import check_deadline
from tests.venues.okx.emulator.floors import Desk

SWAP = {"instId": "BTC-USDT-SWAP", "tdMode": "cross", "sz": "1"}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote()
    desk.quote(symbol="BTC-USDT-SWAP")
    return desk


def shown(desk: Desk, placed: dict[str, Any], inst_id: str = "BTC-USDT") -> dict[str, Any]:
    assert placed["sCode"] == "0", placed
    row: dict[str, Any]
    (row,) = desk.rows("trade/order", "trader", instId=inst_id, ordId=placed["ordId"])
    return row


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"instId": "NO-PE"}, "51001"),
        ({"instId": None}, "50014"),
        ({"tdMode": None}, "50014"),
        ({"tdMode": "cross"}, "51000"),
        ({**SWAP, "tdMode": "cash"}, "51000"),
        ({"side": "hold"}, "51000"),
        ({"ordType": "iceberg"}, "51000"),
        ({"posSide": "long"}, "51000"),
        ({"tradeQuoteCcy": "EUR"}, "51000"),
        ({"sz": None}, "50014"),
        ({"sz": "0"}, "51000"),
        ({"sz": "1e2"}, "51000"),
        ({"px": None}, "51204"),
        ({"px": "-1"}, "51000"),
        ({"px": "59000.05"}, "51150"),
        ({"sz": "0.000000001"}, "51121"),
        ({"sz": "0.000001"}, "51020"),
        ({"sz": "99999", "px": "59000"}, "51005"),
        ({"px": "70000"}, "51137"),
        ({"px": "40000", "side": "sell"}, "51138"),
        ({"sz": "5", "px": "59000"}, "51008"),
        ({**SWAP, "sz": "100000"}, "51008"),
        ({**SWAP, "reduceOnly": "true"}, "51169"),
        ({"clOrdId": "a-b"}, "51000"),
        ({"clOrdId": "a" * 33}, "51000"),
        ({"tag": "a" * 17}, "51000"),
        ({"stpMode": "none"}, "51000"),
        ({"stpMode": "cancel_both", "ordType": "fok"}, "50016"),
        ({"attachAlgoOrds": [{"tpTriggerPx": "1"}]}, "51000"),
        ({"ordType": "market", "tgtCcy": "points"}, "51000"),
    ],
    ids=[
        "unknown instrument",
        "no instrument",
        "no trade mode",
        "margin",
        "a swap for cash",
        "no such side",
        "no such type",
        "long in net mode",
        "another quote currency",
        "no size",
        "no size at all",
        "exponent",
        "limit without a price",
        "negative price",
        "between two ticks",
        "between two lots",
        "below the minimum",
        "above the maximum",
        "above the price limit",
        "below the price limit",
        "more than there is",
        "more than the margin",
        "nothing to reduce",
        "dash in the client id",
        "client id too long",
        "tag too long",
        "no such prevention",
        "cancel both or kill",
        "attached orders",
        "no such target",
    ],
)
def test_an_order_that_cannot_be_taken_is_refused_with_its_code(
    desk: Desk, terms: dict[str, Any], code: str
) -> None:
    refused = desk.place(**terms)

    assert (refused["sCode"], refused["ordId"]) == (code, "")
    assert desk.rows("trade/orders-pending", "trader") == []


def test_every_refusal_of_the_simulated_exchange_has_a_code() -> None:
    with_a_parameter = {
        SimRefusal.BAD_TERMS,
        SimRefusal.OUTSIDE_PRICE_LIMIT,
        SimRefusal.INSUFFICIENT_BALANCE,
        SimRefusal.INSUFFICIENT_MARGIN,
    }

    assert entry._REFUSALS.keys() | with_a_parameter == set(SimRefusal)
    for code in entry._REFUSALS.values():
        assert Refused(code).text


def test_a_shortage_says_of_what(desk: Desk) -> None:
    spot, swap = desk.place(sz="5", px="59000"), desk.place(**SWAP | {"sz": "100000"})

    assert (spot["subCode"], swap["subCode"]) == ("51008_1000", "51008_1001")
    assert "USDT" in spot["sMsg"]


def test_what_python_clients_send_for_nothing_counts_as_nothing(desk: Desk) -> None:
    empty = dict.fromkeys(("ccy", "tag", "posSide", "reduceOnly", "tgtCcy", "stpMode", "clOrdId"), "")

    assert desk.place(**empty, attachAlgoOrds=None, px="59000")["sCode"] == "0"


def test_a_client_id_may_work_once_at_a_time(desk: Desk) -> None:
    first = desk.place(px="59000", clOrdId="mine")

    again = desk.place(px="59000", clOrdId="mine")
    desk.post("trade/cancel-order", {"instId": "BTC-USDT", "clOrdId": "mine"})
    later = desk.place(px="59000", clOrdId="mine")

    assert (again["sCode"], again["clOrdId"]) == ("51016", "mine")
    assert later["sCode"] == "0"
    assert later["ordId"] != first["ordId"]


def test_a_post_only_order_that_would_take_is_accepted_and_canceled(desk: Desk) -> None:
    row = shown(desk, desk.place(ordType="post_only", px="60000.1"))

    assert (row["state"], row["cancelSource"], row["accFillSz"]) == ("canceled", "31", "0")


@pytest.mark.parametrize(
    ("terms", "state", "filled", "source"),
    [
        ({"ordType": "ioc", "sz": "1.5", "px": "60000.1"}, "canceled", "1", "14"),
        ({"ordType": "fok", "sz": "1.5", "px": "60000.1"}, "canceled", "0", "13"),
        ({"ordType": "fok", "sz": "0.5", "px": "60000.1"}, "filled", "0.5", ""),
        ({"ordType": "market", "sz": "600", "px": None}, "filled", "0.00999998", ""),
        ({"ordType": "market", "side": "sell", "sz": "0.5", "px": None}, "filled", "0.5", ""),
        ({"ordType": "market", "sz": "0.5", "tgtCcy": "base_ccy", "px": None}, "filled", "0.5", ""),
    ],
    ids=["ioc", "fok short", "fok", "market buy in quote", "market sell in base", "market buy in base"],
)
def test_orders_trade_as_their_type_says(
    desk: Desk, terms: dict[str, Any], state: str, filled: str, source: str
) -> None:
    row = shown(desk, desk.place(**terms))

    assert (row["state"], row["accFillSz"], row["cancelSource"]) == (state, filled, source)


def test_an_order_that_would_meet_its_own_cancels_it(desk: Desk) -> None:
    mine = desk.place(px="60000", sz="0.1")

    desk.place(side="sell", px="60000", sz="0.1")

    row = shown(desk, mine)
    assert (row["state"], row["cancelSource"]) == ("canceled", "32")


def test_a_price_out_of_bounds_is_moved_if_that_is_asked_for(desk: Desk) -> None:
    row = shown(desk, desk.place(px="70000", pxAmendType="1"))

    assert row["px"] == "63000"
    assert row["state"] == "filled"


def test_swaps_are_ordered_in_contracts(desk: Desk) -> None:
    row = shown(desk, desk.place(**SWAP, px="60000.1", reduceOnly=False), "BTC-USDT-SWAP")

    assert (row["sz"], row["accFillSz"], row["fillPx"], row["tdMode"]) == ("1", "1", "60000.1", "cross")


def test_a_reduce_only_order_may_not_be_larger_than_the_position(desk: Desk) -> None:
    desk.place(**SWAP, px="60000.1")

    sell: dict[str, Any] = {**SWAP, "side": "sell", "px": "59999.9", "reduceOnly": True}
    assert desk.place(**sell | {"sz": "2"})["sCode"] == "51112"
    assert desk.place(**sell | {"side": "buy"})["sCode"] == "51170"
    assert desk.place(**sell)["sCode"] == "0"


def amend(desk: Desk, **terms: Any) -> dict[str, Any]:
    row: dict[str, Any]
    (row,) = desk.post("trade/amend-order", {"instId": "BTC-USDT", **terms}).body["data"]
    return row


def test_an_amended_order_keeps_its_id(desk: Desk) -> None:
    placed = desk.place(px="59000", clOrdId="mine")

    assert amend(desk, clOrdId="mine", newSz="0.2", newPx="58000")["ordId"] == placed["ordId"]
    row = shown(desk, placed)
    assert (row["sz"], row["px"], row["state"]) == ("0.2", "58000", "live")


def test_an_order_amended_to_what_is_filled_is_filled(desk: Desk) -> None:
    placed = desk.place(px="60000.1", sz="1.5")

    assert amend(desk, ordId=placed["ordId"], newSz="1")["sCode"] == "0"
    assert shown(desk, placed)["state"] == "filled"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({}, "51500"),
        ({"newSz": "0.000000001"}, "51121"),
        ({"newPx": "59000.05"}, "51150"),
        ({"newPx": "70000"}, "51137"),
        ({"newPx": "60000.1"}, "51511"),
        ({"newSz": "x"}, "51000"),
        ({"newSz": "-1"}, "51000"),
        ({"newPx": "0"}, "51000"),
        ({"reqId": "a-b", "newSz": "0.2"}, "51000"),
    ],
    ids=[
        "nothing",
        "no lot",
        "no tick",
        "out of bounds",
        "would take",
        "no number",
        "negative size",
        "no price",
        "bad id",
    ],
)
def test_an_amendment_that_cannot_be_is_refused_and_changes_nothing(
    desk: Desk, terms: dict[str, str], code: str
) -> None:
    placed = desk.place(px="59000", ordType="post_only")

    refused = amend(desk, ordId=placed["ordId"], **terms)

    assert (refused["sCode"], refused["ordId"]) == (code, placed["ordId"])
    row = shown(desk, placed)
    assert (row["sz"], row["px"], row["state"]) == ("0.1", "59000", "live")


def test_an_amendment_that_fails_cancels_if_that_is_asked_for(desk: Desk) -> None:
    placed = desk.place(px="59000", ordType="post_only")

    assert amend(desk, ordId=placed["ordId"], newPx="60000.1", cxlOnFail=True)["sCode"] == "51511"
    assert shown(desk, placed)["state"] == "canceled"


class OneTaker:
    """Sells to whoever bids 59000, once, in a second."""

    def __init__(self, due_ns: int) -> None:
        self._due_ns: int | None = due_ns

    def symbols(self) -> tuple[str, ...]:
        return ("BTC-USDT",)

    def next_ns(self) -> int | None:
        return self._due_ns

    def run_until(self, exchange: SimExchange, now_ns: int) -> None:
        self._due_ns = None
        exchange.market("BTC-USDT").take(Side.SELL, 10**12, 590_000, now_ns)


def test_an_order_that_was_filled_before_its_amendment_came_is_filled(desk: Desk) -> None:
    placed = desk.place(px="59000")
    desk.exchange.host(OneTaker(desk.clock.now_ns() + 10**9))
    desk.clock.advance_to(desk.clock.now_ns() + 10**9)

    assert amend(desk, ordId=placed["ordId"], newPx="58000", cxlOnFail=True)["sCode"] == "51503"
    assert shown(desk, placed)["state"] == "filled"


def test_what_is_over_can_be_neither_amended_nor_canceled(desk: Desk) -> None:
    placed = desk.place(px="60000.1")
    named = {"instId": "BTC-USDT", "ordId": placed["ordId"]}

    assert amend(desk, **named, newSz="1")["sCode"] == "51503"
    (row,) = desk.post("trade/cancel-order", named).body["data"]
    assert (row["sCode"], row["ordId"]) == ("51400", placed["ordId"])


def test_a_cancel_cancels_once(desk: Desk) -> None:
    named = {"instId": "BTC-USDT", "ordId": desk.place(px="59000")["ordId"]}

    codes = [desk.post("trade/cancel-order", named).body["code"] for _ in range(2)]

    assert codes == ["0", "1"]


@pytest.mark.parametrize(("path", "code"), [("trade/cancel-order", "51407"), ("trade/amend-order", "51003")])
def test_an_order_has_to_be_named(desk: Desk, path: str, code: str) -> None:
    (row,) = desk.post(path, {"instId": "BTC-USDT", "newSz": "1"}).body["data"]

    assert row["sCode"] == code


def test_one_order_may_be_amended_once_in_a_batch(desk: Desk) -> None:
    first, second = desk.place(px="59000")["ordId"], desk.place(px="58000")["ordId"]
    items = [{"instId": "BTC-USDT", "ordId": one, "newSz": "0.2"} for one in (first, second, first)]

    body = desk.post("trade/amend-batch-orders", items).body

    assert [row["sCode"] for row in body["data"]] == ["51512", "0", "51512"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("trade/batch-orders", "51111"),
        ("trade/cancel-batch-orders", "51406"),
        ("trade/amend-batch-orders", "51501"),
    ],
)
def test_a_batch_has_one_to_twenty_items(desk: Desk, path: str, code: str) -> None:
    assert desk.post(path, [{"instId": "BTC-USDT"}] * 21).body["code"] == code
    assert desk.post(path, []).body["code"] == "50014"


def test_the_sixty_first_order_of_an_instrument_is_refused_as_a_whole(desk: Desk) -> None:
    for _ in range(60):
        desk.place(px="59000", sz="0.001")

    refused = desk.post("trade/order", {"instId": "BTC-USDT"})

    assert (refused.status, refused.body["code"], refused.body["data"]) == (429, "50011", [])
    assert desk.place(instId="ETH-USDT", px="2000", sz="0.01")["sCode"] == "0"
    cancels = [
        desk.post("trade/cancel-order", {"instId": "BTC-USDT", "ordId": "1"}).status for _ in range(60)
    ]
    assert cancels == [200] * 60


def test_a_batch_counts_its_orders_and_one_of_one_counts_as_single(desk: Desk) -> None:
    item = {
        "instId": "BTC-USDT",
        "tdMode": "cash",
        "side": "buy",
        "ordType": "limit",
        "sz": "0.001",
        "px": "59000",
    }
    for _ in range(15):
        desk.post("trade/batch-orders", [item] * 20)

    assert desk.post("trade/batch-orders", [item] * 2).body["code"] == "50011"
    assert desk.post("trade/batch-orders", [item]).body["code"] == "0"


def test_a_sub_account_is_limited_over_all_its_swaps_and_not_in_spot() -> None:
    names = ["AAA-USDT-SWAP", "BBB-USDT-SWAP", "CCC-USDT-SWAP"]
    swaps = [
        msgspec.structs.replace(BTC_USDT_SWAP, symbol=name, venue_code=n)
        for n, name in enumerate(names, 2001)
    ]
    desk = Desk(listed=(*LISTED, *swaps))
    for name in names:
        for _ in range(15):
            desk.post("trade/batch-orders", [{"instId": name}] * 20)
    for _ in range(5):
        desk.post("trade/amend-batch-orders", [{"instId": names[0]}] * 20)

    assert desk.post("trade/order", {"instId": names[0]}).body["code"] == "50061"
    assert desk.post("trade/amend-order", {"instId": names[1]}).body["code"] == "50061"
    assert desk.post("trade/cancel-order", {"instId": names[0], "ordId": "1"}).body["code"] == "1"
    assert desk.post("trade/order", {"instId": "BTC-USDT"}).body["code"] == "1"
    assert desk.post("trade/order", {"instId": names[0]}, "trader-2").body["code"] == "1"


@pytest.mark.parametrize(("deadline", "code"), [("1", "50036"), ("soon", "51000")])
def test_a_deadline_that_has_passed_or_is_none_is_refused(deadline: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_deadline(deadline, 2_000_000)
    assert refused.value.code == code


@pytest.mark.parametrize("deadline", ["", "2", "3"])
def test_a_deadline_that_has_not_passed_is_met(deadline: str) -> None:
    check_deadline(deadline, 2_000_000)
