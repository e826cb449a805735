from __future__ import annotations

import pytest

from tests.venues.okx.emulator.floors import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_configuration_is_that_of_the_key(desk: Desk) -> None:
    (row,) = desk.rows("account/config", "withdraw")

    assert row["perm"] == "read_only,withdraw,trade"


def test_a_balance_lists_what_is_owned(desk: Desk) -> None:
    (row,) = desk.rows("account/balance", "trader")

    assert {one["ccy"]: one["cashBal"] for one in row["details"]} == {
        "USDT": "100000",
        "BTC": "1",
        "ETH": "10",
    }


def test_currencies_may_be_asked_for(desk: Desk) -> None:
    (row,) = desk.rows("account/balance", "trader", ccy="BTC,ETH")

    assert [one["ccy"] for one in row["details"]] == ["BTC", "ETH"]


def test_a_working_order_freezes_what_it_needs(desk: Desk) -> None:
    desk.place(px="60000", sz="0.1")

    (row,) = desk.rows("account/balance", "trader", ccy="USDT")

    assert (row["details"][0]["availBal"], row["details"][0]["frozenBal"]) == ("94000", "6000")


def test_positions_are_listed_while_they_are_open_and_closed_ones_by_name(desk: Desk) -> None:
    desk.quote(symbol="BTC-USDT-SWAP")
    swap = {"instId": "BTC-USDT-SWAP", "tdMode": "cross", "sz": "10"}
    desk.place(**swap, side="buy", px="60000.1")
    (open_,) = desk.rows("account/positions", "trader")
    desk.place(**swap, side="sell", px="59999.9")

    assert (open_["pos"], open_["instId"]) == ("10", "BTC-USDT-SWAP")
    assert desk.rows("account/positions", "trader") == []
    assert [row["pos"] for row in desk.rows("account/positions", "trader", instId="BTC-USDT-SWAP")] == ["0"]
    assert [row["pos"] for row in desk.rows("account/positions", "trader", posId=open_["posId"])] == ["0"]
    assert desk.rows("account/positions", "trader", instType="FUTURES") == []


def test_an_account_sees_its_instruments(desk: Desk) -> None:
    rows = desk.rows("account/instruments", "trader", instType="SPOT", instId="ETH-USDT")

    assert [row["instId"] for row in rows] == ["ETH-USDT"]
    assert len(desk.rows("account/instruments", "trader", instType="SPOT")) == 2


def test_fees_are_those_that_are_charged(desk: Desk) -> None:
    (spot,) = desk.rows("account/trade-fee", "trader", instType="SPOT", instId="BTC-USDT")
    (swap,) = desk.rows("account/trade-fee", "trader", instType="SWAP")

    assert (spot["taker"], swap["takerU"]) == ("-0.001", "-0.0005")


def test_leverage_is_three_until_it_is_set(desk: Desk) -> None:
    params = {"instId": "BTC-USDT-SWAP", "mgnMode": "cross"}
    (before,) = desk.rows("account/leverage-info", "trader", **params)

    answer = desk.post("account/set-leverage", {**params, "lever": "10"})

    assert before["lever"] == "3"
    assert answer.body["data"] == [
        {"lever": "10", "mgnMode": "cross", "instId": "BTC-USDT-SWAP", "posSide": "net"}
    ]
    assert desk.rows("account/leverage-info", "trader", **params)[0]["lever"] == "10"
    assert desk.rows("account/leverage-info", "trader-2", **params)[0]["lever"] == "3"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"lever": "101"}, "59102"),
        ({"lever": "0.5"}, "59105"),
        ({"lever": "-1"}, "51000"),
        ({"mgnMode": "isolated"}, "51010"),
        ({"instId": "BTC-USDT"}, "51010"),
        ({"instId": ""}, "50014"),
    ],
    ids=["too much", "too little", "negative", "isolated", "spot", "no instrument"],
)
def test_leverage_that_cannot_be_set_is_refused(desk: Desk, terms: dict[str, str], code: str) -> None:
    usual = {"instId": "BTC-USDT-SWAP", "mgnMode": "cross", "lever": "10"}

    assert desk.post("account/set-leverage", usual | terms).body["code"] == code


def test_leverage_that_the_margin_does_not_allow_is_refused(desk: Desk) -> None:
    desk.quote(size="4", symbol="BTC-USDT-SWAP")
    desk.place(instId="BTC-USDT-SWAP", tdMode="cross", sz="400", px="60000.1")

    body = {"instId": "BTC-USDT-SWAP", "mgnMode": "cross", "lever": "1"}

    assert desk.post("account/set-leverage", body).body["code"] == "59108"
