from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.venues.okx.emulator.floors import PRIVATE, Desk, caller

UID = caller("trader").user.uid
SWAP = {"instId": "BTC-USDT-SWAP", "tdMode": "cross", "sz": "1"}
EVENTS_ONLY = '{"updateInterval":"0"}'


class Watch:
    """Private channels of the trader, from the moment of subscribing."""

    def __init__(self, desk: Desk, *args: dict[str, str]) -> None:
        self.client = desk.connect(PRIVATE).log_in()
        self.opening = [frame for frame in self.client.listen(*args) if "event" not in frame]

    def taken(self) -> list[dict[str, Any]]:
        """Return what was pushed since the last call."""
        return self.client.listener.taken()

    def orders(self) -> list[dict[str, Any]]:
        """Return the order events since the last call."""
        return [frame["data"][0] for frame in self.taken() if frame["arg"]["channel"] == "orders"]


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote()
    desk.quote(symbol="BTC-USDT-SWAP")
    desk.wait(1)
    return desk


@pytest.fixture
def orders(desk: Desk) -> Watch:
    return Watch(desk, {"channel": "orders", "instType": "ANY"})


def test_orders_have_no_snapshot(desk: Desk) -> None:
    desk.place(px="59000")

    assert Watch(desk, {"channel": "orders", "instType": "ANY"}).opening == []


def test_a_push_repeats_the_subscription_and_the_user(desk: Desk, orders: Watch) -> None:
    desk.place(px="59000")

    (frame,) = orders.taken()
    assert frame["arg"] == {"channel": "orders", "instType": "ANY", "uid": UID}


def test_an_order_that_rests_is_live_and_then_canceled(desk: Desk, orders: Watch) -> None:
    placed = desk.place(px="59000", clOrdId="mine")
    desk.post("trade/cancel-order", {"instId": "BTC-USDT", "clOrdId": "mine"})

    live, canceled = orders.orders()

    assert (live["state"], live["tradeId"], live["clOrdId"]) == ("live", "", "mine")
    assert (canceled["state"], canceled["cancelSource"], canceled["ordId"]) == (
        "canceled",
        "1",
        placed["ordId"],
    )


def test_a_refused_post_only_order_is_canceled_and_never_live(desk: Desk, orders: Watch) -> None:
    assert desk.place(ordType="post_only", px="60000.1")["sCode"] == "0"

    (event,) = orders.orders()
    assert (event["state"], event["cancelSource"]) == ("canceled", "31")


def test_every_match_is_one_event(desk: Desk, orders: Watch) -> None:
    desk.place("unbound", side="sell", px="60000.1", sz="0.5")

    desk.place(px="60000.1", sz="1.2")

    live, *fills = orders.orders()
    assert live["state"] == "live"
    assert [(one["state"], one["fillSz"], one["accFillSz"]) for one in fills] == [
        ("partially_filled", "1", "1"),
        ("filled", "0.2", "1.2"),
    ]
    assert len({one["tradeId"] for one in fills}) == 2
    assert {one["execType"] for one in fills} == {"T"}


def test_a_maker_is_told_too(desk: Desk, orders: Watch) -> None:
    desk.place(px="60000", sz="0.5")
    orders.taken()

    desk.place("unbound", side="sell", px="60000", sz="0.2")

    (fill,) = orders.orders()
    assert (fill["execType"], fill["fillSz"], fill["state"]) == ("M", "0.2", "partially_filled")
    assert (fill["fillFee"], fill["fillFeeCcy"]) == ("-0.00016", "BTC")


def test_a_market_order_in_quote_currency_ends_with_an_event_without_a_trade(
    desk: Desk, orders: Watch
) -> None:
    desk.place(ordType="market", px=None, sz="600")

    events = orders.orders()

    assert [(one["state"], bool(one["tradeId"])) for one in events][-2:] == [
        ("partially_filled", True),
        ("filled", False),
    ]
    assert events[-1]["sz"] == "600"


def test_an_amendment_is_told_with_its_id(desk: Desk, orders: Watch) -> None:
    desk.place(px="59000", clOrdId="mine")
    orders.taken()

    desk.post("trade/amend-order", {"instId": "BTC-USDT", "clOrdId": "mine", "newSz": "0.2", "reqId": "r1"})
    desk.post("trade/amend-order", {"instId": "BTC-USDT", "clOrdId": "mine", "newPx": "58000"})

    first, second = orders.orders()
    assert (first["reqId"], first["amendResult"], first["sz"]) == ("r1", "0", "0.2")
    assert (second["reqId"], second["px"]) == ("", "58000")


def test_an_amendment_that_nobody_watched_leaves_no_id_behind(desk: Desk) -> None:
    desk.place(px="59000", clOrdId="mine")
    desk.post("trade/amend-order", {"instId": "BTC-USDT", "clOrdId": "mine", "newSz": "0.2", "reqId": "r1"})
    orders = Watch(desk, {"channel": "orders", "instType": "ANY"})

    desk.post("trade/amend-order", {"instId": "BTC-USDT", "clOrdId": "mine", "newSz": "0.3"})

    assert [one["reqId"] for one in orders.orders()] == [""]


@pytest.mark.parametrize(
    ("arg", "spot", "swap"),
    [
        ({"instType": "ANY"}, 1, 1),
        ({"instType": "SPOT"}, 1, 0),
        ({"instType": "SWAP"}, 0, 1),
        ({"instType": "ANY", "instId": "BTC-USDT"}, 1, 0),
        ({"instType": "SWAP", "instFamily": "BTC-USDT"}, 0, 1),
        ({"instType": "FUTURES"}, 0, 0),
    ],
    ids=["any", "spot", "swaps", "one instrument", "a family", "futures"],
)
def test_orders_are_told_to_who_asked_for_their_kind(
    desk: Desk, arg: dict[str, str], spot: int, swap: int
) -> None:
    orders = Watch(desk, {"channel": "orders", **arg})

    desk.place(px="59000")
    of_spot = len(orders.orders())
    desk.place(**SWAP, px="59000")

    assert (of_spot, len(orders.orders())) == (spot, swap)


def test_nobody_hears_of_another_s_orders(desk: Desk, orders: Watch) -> None:
    desk.place("trader-2", px="59000")

    assert orders.taken() == []


def test_an_account_begins_with_a_snapshot(desk: Desk) -> None:
    (frame,) = Watch(desk, {"channel": "account"}).opening

    assert (frame["eventType"], frame["curPage"], frame["lastPage"]) == ("snapshot", 1, True)
    assert {one["ccy"] for one in frame["data"][0]["details"]} == {"USDT", "BTC", "ETH"}


def test_changes_of_an_account_are_gathered_for_fifty_milliseconds(desk: Desk) -> None:
    account = Watch(desk, {"channel": "account", "extraParams": EVENTS_ONLY})
    desk.place(px="59000")
    desk.place(px="58000")
    desk.wait(0.04)
    assert account.taken() == []

    desk.wait(0.01)

    (frame,) = account.taken()
    assert frame["eventType"] == "event_update"
    assert "curPage" not in frame
    (detail,) = frame["data"][0]["details"]
    assert (detail["ccy"], detail["frozenBal"]) == ("USDT", "11700")


def test_one_currency_of_an_account_may_be_asked_for(desk: Desk) -> None:
    account = Watch(desk, {"channel": "account", "ccy": "BTC", "extraParams": EVENTS_ONLY})
    desk.place(px="59000")
    desk.wait(0.1)

    assert [one["ccy"] for one in account.opening[0]["data"][0]["details"]] == ["BTC"]
    assert account.taken() == []


def test_snapshots_come_regularly_unless_only_events_are_wanted(desk: Desk) -> None:
    regular = Watch(desk, {"channel": "account"}, {"channel": "positions", "instType": "ANY"})
    quiet = Watch(desk, {"channel": "account", "extraParams": EVENTS_ONLY})

    desk.wait(5)

    assert [(frame["arg"]["channel"], frame["eventType"]) for frame in regular.taken()] == [
        ("account", "snapshot"),
        ("positions", "snapshot"),
    ]
    assert quiet.taken() == []


def test_positions_begin_with_an_empty_snapshot_if_there_are_none(desk: Desk) -> None:
    (frame,) = Watch(desk, {"channel": "positions", "instType": "ANY"}).opening

    assert (frame["data"], frame["eventType"], frame["lastPage"]) == ([], "snapshot", True)


def test_a_position_is_told_when_it_changes_and_when_it_is_gone(desk: Desk) -> None:
    positions = Watch(desk, {"channel": "positions", "instType": "ANY", "extraParams": EVENTS_ONLY})
    desk.place(**SWAP, px="60000.1")
    desk.wait(0.05)
    desk.place(**SWAP, side="sell", px="59999.9")
    desk.wait(0.05)

    frames = positions.taken()

    assert [(frame["eventType"], frame["data"][0]["pos"]) for frame in frames] == [
        ("event_update", "1"),
        ("event_update", "0"),
    ]
    assert frames[0]["arg"]["instId"] == "BTC-USDT-SWAP"
    assert frames[0]["data"][0]["pTime"]


def test_open_positions_are_in_the_snapshot_of_their_kind(desk: Desk) -> None:
    desk.place(**SWAP, px="60000.1")

    (swaps,) = Watch(desk, {"channel": "positions", "instType": "SWAP"}).opening
    (futures,) = Watch(desk, {"channel": "positions", "instType": "FUTURES"}).opening

    assert [row["pos"] for row in swaps["data"]] == ["1"]
    assert futures["data"] == []


def test_balance_and_position_tell_of_a_match_at_once(desk: Desk, shared: Path) -> None:
    both = Watch(desk, {"channel": "balance_and_position"})
    desk.place(px="59000")
    assert both.taken() == []

    desk.place(**SWAP, px="60000.1")

    (frame,) = both.taken()
    (row,) = frame["data"]
    assert (row["eventType"], [one["ccy"] for one in row["balData"]]) == ("filled", ["USDT"])
    assert [one["pos"] for one in row["posData"]] == ["1"]
    assert row["trades"] == [{"instId": "BTC-USDT-SWAP", "tradeId": row["posData"][0]["tradeId"]}]
    theirs = json.loads((shared / "okx/fixtures/ws/private__bap_snapshot__docs.json").read_text())["data"][0]
    assert theirs.keys() - row.keys() == set()
    assert theirs["posData"][0].keys() - row["posData"][0].keys() == set()


def test_balance_and_position_begin_with_a_snapshot(desk: Desk) -> None:
    (frame,) = Watch(desk, {"channel": "balance_and_position"}).opening

    (row,) = frame["data"]
    assert (row["eventType"], {one["ccy"] for one in row["balData"]}) == ("snapshot", {"USDT", "BTC", "ETH"})


def test_liquidation_warnings_are_never_needed(desk: Desk) -> None:
    warnings = Watch(desk, {"channel": "liquidation-warning", "instType": "ANY"})
    desk.place(**SWAP, px="60000.1")
    desk.wait(10)

    assert warnings.opening == []
    assert warnings.taken() == []
