from __future__ import annotations

import pytest

from tests.venues.okx.emulator.floors import NOON_NS, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_time_is_the_exchange_s() -> None:
    assert Desk(offset_s=45).rows("public/time") == [{"ts": str(NOON_NS // 1_000_000 + 45_000)}]


def test_no_maintenance_is_planned(desk: Desk) -> None:
    assert desk.rows("system/status") == []


@pytest.mark.parametrize(
    ("params", "listed"),
    [
        ({"instType": "SPOT"}, ["BTC-USDT", "ETH-USDT"]),
        ({"instType": "SWAP"}, ["BTC-USDT-SWAP"]),
        ({"instType": "SWAP", "instFamily": "ETH-USDT"}, []),
        ({"instType": "FUTURES"}, []),
        ({"instType": "OPTION", "uly": "BTC-USD"}, []),
        ({"instType": "SPOT", "instId": "ETH-USDT"}, ["ETH-USDT"]),
    ],
    ids=["spot", "swaps", "of a family", "none", "options as ccxt asks", "one"],
)
def test_instruments_are_listed_by_type(desk: Desk, params: dict[str, str], listed: list[str]) -> None:
    assert [row["instId"] for row in desk.rows("public/instruments", **params)] == listed


@pytest.mark.parametrize(
    ("params", "code"),
    [({}, "50014"), ({"instType": "SHARES"}, "51000"), ({"instType": "SPOT", "instId": "NO-PE"}, "51001")],
    ids=["no type", "unknown type", "unknown instrument"],
)
def test_instruments_that_cannot_be_listed_are_refused(desk: Desk, params: dict[str, str], code: str) -> None:
    assert desk.get("public/instruments", **params).body["code"] == code


def test_a_mark_price_is_the_middle_of_the_book(desk: Desk) -> None:
    assert desk.rows("public/mark-price", instType="SWAP") == []

    desk.quote("59999", "60001", symbol="BTC-USDT-SWAP")

    (row,) = desk.rows("public/mark-price", instType="SWAP", instId="BTC-USDT-SWAP")
    assert row["markPx"] == "60000"


def test_price_limits_lie_around_the_mark_price(desk: Desk) -> None:
    desk.quote("59999", "60001")

    (row,) = desk.rows("public/price-limit", instId="BTC-USDT")

    assert (row["buyLmt"], row["sellLmt"], row["enabled"]) == ("63000", "57000", True)


@pytest.mark.parametrize("name", ["BTC-USDT-SWAP", "ANY"])
def test_funding_is_told_of_swaps(desk: Desk, name: str) -> None:
    assert [row["instId"] for row in desk.rows("public/funding-rate", instId=name)] == ["BTC-USDT-SWAP"]


def test_spot_has_no_funding(desk: Desk) -> None:
    assert desk.get("public/funding-rate", instId="BTC-USDT").body["code"] == "51001"
