from __future__ import annotations

from typing import Any

import pytest

from tests.venues.okx.emulator.floors import NOON_NS, Desk

SPOT = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.1", "px": "59000"}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote()
    return desk


def find(desk: Desk, **params: str) -> dict[str, Any]:
    row: dict[str, Any]
    (row,) = desk.rows("trade/order", "trader", instId="BTC-USDT", **params)
    return row


def test_an_order_is_acknowledged_with_its_times(desk: Desk) -> None:
    body = desk.post("trade/order", {**SPOT, "clOrdId": "mine", "tag": "t"}).body

    assert (body["code"], body["msg"]) == ("0", "")
    (row,) = body["data"]
    assert row.keys() == {"ordId", "clOrdId", "tag", "ts", "sCode", "sMsg", "subCode"}
    assert (row["clOrdId"], row["tag"], row["sCode"], row["subCode"]) == ("mine", "t", "0", "")
    assert row["ts"] == str(NOON_NS // 1_000_000)
    assert body["inTime"] == str(NOON_NS // 1_000)
    assert int(row["ordId"]) > 2**53


def test_a_batch_is_answered_item_by_item(desk: Desk) -> None:
    body = desk.post("trade/batch-orders", [SPOT, {**SPOT, "sz": "0"}, {**SPOT, "instId": "NO-PE"}]).body

    assert body["code"] == "2"
    assert [row["sCode"] for row in body["data"]] == ["0", "51000", "51001"]


@pytest.mark.parametrize(("deadline_ms", "code"), [(-1, "50036"), (1000, "0")], ids=["past", "to come"])
@pytest.mark.parametrize("path", ["trade/order", "trade/batch-orders"])
def test_an_order_that_comes_too_late_is_not_placed(
    desk: Desk, path: str, deadline_ms: int, code: str
) -> None:
    body = desk.post(path, SPOT, expTime=str(NOON_NS // 1_000_000 + deadline_ms)).body

    assert body["code"] == code
    assert len(desk.rows("trade/orders-pending", "trader")) == (code == "0")


@pytest.mark.parametrize("path", ["trade/amend-order", "trade/amend-batch-orders"])
def test_an_amendment_that_comes_too_late_is_not_made(desk: Desk, path: str) -> None:
    ord_id = desk.place(px="59000")["ordId"]

    body = desk.post(path, {"instId": "BTC-USDT", "ordId": ord_id, "newSz": "0.2"}, expTime="1").body

    assert body["code"] == "50036"
    assert find(desk, ordId=ord_id)["sz"] == "0.1"


def test_a_cancel_has_no_deadline(desk: Desk) -> None:
    ord_id = desk.place(px="59000")["ordId"]

    body = desk.post("trade/cancel-order", {"instId": "BTC-USDT", "ordId": ord_id}, expTime="1").body

    assert body["code"] == "0"


def test_a_cancel_and_an_amendment_are_acknowledged_in_their_own_shape(desk: Desk) -> None:
    named = {"instId": "BTC-USDT", "ordId": desk.place(px="59000")["ordId"]}

    (amended,) = desk.post("trade/amend-order", {**named, "newSz": "0.2", "reqId": "r1"}).body["data"]
    (canceled,) = desk.post("trade/cancel-order", named).body["data"]

    assert amended.keys() == {"ordId", "clOrdId", "ts", "reqId", "sCode", "sMsg", "subCode"}
    assert amended["reqId"] == "r1"
    assert canceled.keys() == {"ordId", "clOrdId", "ts", "sCode", "sMsg"}


def test_an_order_is_found_by_either_id(desk: Desk) -> None:
    ord_id = desk.place(px="59000", clOrdId="mine")["ordId"]

    assert find(desk, ordId=ord_id) == find(desk, clOrdId="mine")
    assert find(desk, ordId=ord_id, clOrdId="other")["clOrdId"] == "mine"


def test_of_two_orders_with_one_id_the_latest_is_found(desk: Desk) -> None:
    first = desk.place(px="59000", clOrdId="mine")["ordId"]
    desk.post("trade/cancel-order", {"instId": "BTC-USDT", "ordId": first})

    second = desk.place(px="58000", clOrdId="mine")["ordId"]

    assert find(desk, clOrdId="mine")["ordId"] == second
    assert find(desk, ordId=first)["state"] == "canceled"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"instId": "BTC-USDT", "clOrdId": "nobodys"}, "51603"),
        ({"instId": "BTC-USDT", "ordId": "word"}, "51603"),
        ({"instId": "BTC-USDT", "ordId": "1"}, "51603"),
        ({"instId": "BTC-USDT"}, "50015"),
        ({"ordId": "1"}, "50014"),
    ],
    ids=["client id", "no number", "exchange id", "no id", "no instrument"],
)
def test_an_order_that_is_not_there_is_not_found(desk: Desk, params: dict[str, str], code: str) -> None:
    assert desk.get("trade/order", "trader", **params).body == {
        "code": code,
        "msg": desk.get("trade/order", "trader", **params).body["msg"],
        "data": [],
    }


def test_an_order_is_not_found_under_another_instrument_or_user(desk: Desk) -> None:
    ord_id = desk.place(px="59000")["ordId"]

    assert desk.get("trade/order", "trader", instId="ETH-USDT", ordId=ord_id).body["code"] == "51603"
    assert desk.get("trade/order", "readonly", instId="BTC-USDT", ordId=ord_id).body["code"] == "51603"


def test_an_unfilled_canceled_order_is_forgotten_after_two_hours(desk: Desk) -> None:
    ord_id = desk.place(px="59000")["ordId"]
    desk.post("trade/cancel-order", {"instId": "BTC-USDT", "ordId": ord_id})

    desk.wait(7199)
    assert find(desk, ordId=ord_id)["state"] == "canceled"
    assert len(desk.rows("trade/orders-history", "trader", instType="SPOT")) == 1
    desk.wait(1)

    assert desk.get("trade/order", "trader", instId="BTC-USDT", ordId=ord_id).body["code"] == "51603"
    assert desk.rows("trade/orders-history", "trader", instType="SPOT") == []


def test_a_canceled_order_with_fills_is_kept(desk: Desk) -> None:
    ord_id = desk.place(ordType="ioc", px="60000.1", sz="1.5")["ordId"]

    desk.wait(8000)

    row = find(desk, ordId=ord_id)
    assert (row["state"], row["accFillSz"], row["cancelSource"]) == ("canceled", "1", "14")


def test_working_orders_are_listed_newest_first_and_paged(desk: Desk) -> None:
    ids = [desk.place(px=price)["ordId"] for price in ("58000", "58001", "58002")]

    rows = desk.rows("trade/orders-pending", "trader")
    assert [row["ordId"] for row in rows] == ids[::-1]
    assert [row["ordId"] for row in desk.rows("trade/orders-pending", "trader", after=ids[1])] == ids[:1]
    assert [row["ordId"] for row in desk.rows("trade/orders-pending", "trader", before=ids[1])] == ids[2:]
    assert [row["ordId"] for row in desk.rows("trade/orders-pending", "trader", limit="1")] == ids[2:]


def test_orders_are_chosen_by_what_they_are(desk: Desk) -> None:
    desk.place(px="58000")
    desk.place(px="58001", ordType="post_only")

    def count(**params: str) -> int:
        return len(desk.rows("trade/orders-pending", "trader", **params))

    assert count(ordType="post_only") == 1
    assert count(ordType="post_only,limit") == 2
    assert count(state="partially_filled") == 0
    assert count(instType="SWAP") == 0
    assert count(instId="ETH-USDT") == 0


def test_history_has_what_is_over_of_one_type(desk: Desk) -> None:
    desk.place(px="58000")
    desk.place(px="60000.1")

    rows = desk.rows("trade/orders-history", "trader", instType="SPOT")

    assert [row["state"] for row in rows] == ["filled"]
    assert desk.rows("trade/orders-history", "trader", instType="SWAP") == []
    assert (
        desk.rows("trade/orders-history", "trader", instType="SPOT", begin=str(NOON_NS // 1_000_000 + 1))
        == []
    )
    assert (
        len(desk.rows("trade/orders-history-archive", "trader", instType="SPOT", end=rows[0]["cTime"])) == 1
    )
    assert desk.get("trade/orders-history", "trader").body["code"] == "50014"


def test_fills_are_paged_by_bill(desk: Desk) -> None:
    for size in ("0.1", "0.2", "0.3"):
        desk.place(px="60000.1", sz=size)

    rows = desk.rows("trade/fills", "trader")

    assert [row["fillSz"] for row in rows] == ["0.3", "0.2", "0.1"]
    assert desk.rows("trade/fills", "trader", after=rows[1]["billId"]) == rows[2:]
    assert desk.rows("trade/fills-history", "trader", instType="SPOT", ordId=rows[1]["ordId"]) == [rows[1]]


def test_fills_are_listed_for_three_days_and_in_history_for_longer(desk: Desk) -> None:
    desk.place(px="60000.1")

    desk.wait(3 * 86_400 + 1)

    assert desk.rows("trade/fills", "trader") == []
    assert len(desk.rows("trade/fills-history", "trader", instType="SPOT")) == 1


def test_a_fill_of_a_buy_pays_its_fee_in_what_was_bought(desk: Desk) -> None:
    desk.place(ordType="market", px=None, sz="600", tgtCcy=None)

    (row,) = desk.rows("trade/fills", "trader")
    (order,) = desk.rows("trade/orders-history", "trader", instType="SPOT")

    assert (row["feeCcy"], row["feeRate"], row["execType"]) == ("BTC", "-0.001", "T")
    assert (order["sz"], order["tgtCcy"], order["accFillSz"]) == ("600", "quote_ccy", "0.00999998")


def test_everything_is_canceled_when_the_bot_does_not_call_again(desk: Desk) -> None:
    ord_id = desk.place(px="59000")["ordId"]
    body = desk.post("trade/cancel-all-after", {"timeOut": "10"}).body

    assert body["data"] == [
        {"triggerTime": str(NOON_NS // 1_000_000 + 10_000), "tag": "", "ts": str(NOON_NS // 1_000_000)}
    ]
    desk.wait(9)
    assert find(desk, ordId=ord_id)["state"] == "live"
    desk.wait(1)

    assert (find(desk, ordId=ord_id)["state"], find(desk, ordId=ord_id)["cancelSource"]) == ("canceled", "20")


def test_calling_again_restarts_the_time_and_zero_stops_it(desk: Desk) -> None:
    ord_id = desk.place(px="59000")["ordId"]
    desk.post("trade/cancel-all-after", {"timeOut": "10"})
    desk.wait(9)
    desk.post("trade/cancel-all-after", {"timeOut": "10"})
    desk.wait(9)
    stopped = desk.post("trade/cancel-all-after", {"timeOut": "0"}).body
    desk.wait(60)

    assert stopped["data"][0]["triggerTime"] == "0"
    assert find(desk, ordId=ord_id)["state"] == "live"


def test_a_tag_cancels_its_own_orders_only(desk: Desk) -> None:
    tagged, other = desk.place(px="59000", tag="bot"), desk.place(px="58000")
    desk.post("trade/cancel-all-after", {"timeOut": "10", "tag": "bot"})

    desk.wait(10)

    assert find(desk, ordId=tagged["ordId"])["state"] == "canceled"
    assert find(desk, ordId=other["ordId"])["state"] == "live"


@pytest.mark.parametrize(
    ("timeout", "code"), [("9", "54009"), ("121", "54009"), ("x", "54009"), ("", "50014")]
)
def test_a_timeout_out_of_range_is_refused(desk: Desk, timeout: str, code: str) -> None:
    assert desk.post("trade/cancel-all-after", {"timeOut": timeout}).body["code"] == code


def test_the_switch_may_be_armed_once_a_second(desk: Desk) -> None:
    desk.post("trade/cancel-all-after", {"timeOut": "10"})

    assert desk.post("trade/cancel-all-after", {"timeOut": "10"}).body["code"] == "50011"
    assert desk.post("trade/cancel-all-after", {"timeOut": "10", "tag": "bot"}).body["code"] == "0"


def test_a_sub_account_may_place_a_thousand_orders_in_two_seconds(desk: Desk) -> None:
    (row,) = desk.rows("trade/account-rate-limit", "trader")

    assert (row["accRateLimit"], row["fillRatio"]) == ("1000", "")
