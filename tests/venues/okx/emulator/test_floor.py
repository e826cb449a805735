from __future__ import annotations

from decimal import Decimal

import pytest

from botkit.venues.okx.emulator.answers import Refused
from tests.venues.okx.emulator.floors import NOON_NS, Desk, caller

TRADER = caller("trader").user.uid


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_exchange_s_clock_may_be_ahead_or_behind() -> None:
    assert Desk(offset_s=1.5).floor.now_ns() == NOON_NS + 1_500_000_000
    assert Desk(offset_s=-40).floor.now_ns() == NOON_NS - 40_000_000_000


def test_the_clock_can_be_put_forward(desk: Desk) -> None:
    desk.floor.shift_clock(31)

    assert desk.floor.now_ns() == NOON_NS + 31_000_000_000


def test_put_back_it_stands_still_until_the_time_has_caught_up(desk: Desk) -> None:
    desk.floor.now_ns()
    desk.floor.shift_clock(-10)

    assert desk.floor.now_ns() == NOON_NS
    desk.wait(11)
    assert desk.floor.now_ns() == NOON_NS + 1_000_000_000


def test_everybody_s_account_is_open_from_the_start(desk: Desk) -> None:
    for user in desk.floor.accounts.users:
        owned = {one.currency: one.cash for one in desk.exchange.balances(user.uid)}
        assert owned == user.balances


def test_an_instrument_has_a_name_and_a_number(desk: Desk) -> None:
    btc = desk.floor.instrument("BTC-USDT")

    assert desk.floor.instrument_of_code(btc.venue_code) is btc


@pytest.mark.parametrize("code", [0, -1, 5, "1001", None, 1001.0])
def test_there_is_nothing_under_another_number(desk: Desk, code: object) -> None:
    with pytest.raises(Refused) as refused:
        desk.floor.instrument_of_code(code)
    assert refused.value.code == "51001"


def test_currencies_are_worth_what_their_market_says(desk: Desk) -> None:
    desk.quote("59999", "60001")

    assert desk.floor.usd_price("USDT") == 1
    assert desk.floor.usd_price("BTC") == 60_000
    assert desk.floor.usd_price("ETH") is None
    assert desk.floor.usd_price("XYZ") is None


def test_candles_are_as_many_as_are_asked_for(desk: Desk) -> None:
    desk.quote()
    desk.place(px="60000.1")
    desk.wait(600)

    assert len(desk.floor.candles("BTC-USDT", "3m", 2)) == 2
    assert len(desk.floor.candles("BTC-USDT", "1m", 5)) == 5
    assert len(desk.floor.candles("BTC-USDT", "1m")) == 11


def test_changes_of_markets_are_numbered_apart(desk: Desk) -> None:
    before = desk.floor.sequence("ETH-USDT")

    assert desk.floor.count_change("BTC-USDT") == before + 1
    assert desk.floor.sequence("ETH-USDT") == before


def test_an_order_is_found_by_the_exchange_s_id_first(desk: Desk) -> None:
    first, second = desk.place(px="59000", clOrdId="a"), desk.place(px="58000", clOrdId="b")

    found = desk.floor.order(TRADER, first["ordId"], "b")

    assert found is not None
    assert str(found.order_id) == first["ordId"]
    assert desk.floor.order(TRADER, "", "b") is not None
    assert desk.floor.order(TRADER, "", "c") is None
    assert second["sCode"] == "0"


def test_leverage_is_each_user_s_own(desk: Desk) -> None:
    desk.floor.set_leverage(TRADER, "BTC-USDT-SWAP", Decimal(7))

    assert desk.floor.leverage(TRADER, "BTC-USDT-SWAP") == 7
    assert desk.floor.leverage("other", "BTC-USDT-SWAP") == 3


def test_a_dead_man_s_switch_fires_once(desk: Desk) -> None:
    desk.floor.arm_dead_man(TRADER, "", 10)
    desk.place(px="59000")
    desk.wait(10)
    desk.place(px="59000")

    desk.wait(10)

    assert [order.status.value for order in desk.floor.exchange.open_orders(TRADER)] == ["live"]
