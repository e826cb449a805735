from __future__ import annotations

import json

import pytest

from botkit.venues.okx.emulator.answers import Refused
from botkit.venues.okx.emulator.candles import BARS
from botkit.venues.okx.emulator.channels import CHANNELS, COUNTED, push, subscription
from botkit.venues.okx.emulator.streams import STREAMS
from tests.venues.okx.emulator.floors import BUSINESS, PRIVATE, PUBLIC, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("arg", "url"),
    [
        ({"channel": "tickers", "instId": "BTC-USDT"}, PUBLIC),
        ({"channel": "candle1m", "instId": "BTC-USDT"}, BUSINESS),
        ({"channel": "instruments", "instType": "SPOT"}, PUBLIC),
        ({"channel": "status"}, PUBLIC),
        ({"channel": "orders", "instType": "ANY"}, PRIVATE),
        ({"channel": "balance_and_position"}, PRIVATE),
        ({"channel": "orders-algo", "instType": "ANY"}, BUSINESS),
    ],
    ids=lambda value: value["channel"] if isinstance(value, dict) else "",
)
def test_a_channel_is_served_at_its_address(desk: Desk, arg: dict[str, str], url: str) -> None:
    assert subscription(arg, url, desk.floor).arg == arg


@pytest.mark.parametrize(
    ("arg", "url", "code"),
    [
        ("tickers", PUBLIC, "60013"),
        ({}, PUBLIC, "60013"),
        ({"channel": 5}, PUBLIC, "60013"),
        ({"channel": "rumours"}, PUBLIC, "60018"),
        ({"channel": "tickers"}, PUBLIC, "60018"),
        ({"channel": "tickers", "instId": "NO-PE"}, PUBLIC, "60018"),
        ({"channel": "orders", "instType": "SHARES"}, PRIVATE, "60018"),
        ({"channel": "orders"}, PRIVATE, "60018"),
        ({"channel": "candle1m", "instId": "BTC-USDT"}, PUBLIC, "64001"),
        ({"channel": "tickers", "instId": "BTC-USDT"}, BUSINESS, "64002"),
        ({"channel": "orders", "instType": "ANY"}, PUBLIC, "60018"),
        ({"channel": "tickers", "uly": "BTC-USDT"}, PUBLIC, "64000"),
        ({"channel": "fills"}, PRIVATE, "64003"),
        ({"channel": "books-l2-tbt", "instId": "BTC-USDT"}, PUBLIC, "64003"),
        ({"channel": "account", "extraParams": "{"}, PRIVATE, "60013"),
    ],
    ids=[
        "text",
        "nothing",
        "number",
        "unknown channel",
        "no instrument",
        "unknown instrument",
        "unknown type",
        "no type",
        "moved to business",
        "not on business",
        "private on public",
        "underlying",
        "fee tier",
        "fee tier of books",
        "broken extra",
    ],
)
def test_what_cannot_be_subscribed_to_is_refused(desk: Desk, arg: object, url: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        subscription(arg, url, desk.floor)
    assert refused.value.code == code


def test_the_refusal_names_what_was_asked_for(desk: Desk) -> None:
    with pytest.raises(Refused) as refused:
        subscription({"channel": "tickers", "instId": "NO-PE"}, PUBLIC, desk.floor)
    assert "channel:tickers, instId:NO-PE doesn't exist" in refused.value.text


@pytest.mark.parametrize(
    ("extra", "interval_ms"),
    [
        ("", 5000),
        ('{"updateInterval":"0"}', 0),
        ('{"updateInterval":"2000"}', 2000),
        ('{"updateInterval": 0}', 0),
        ("[]", 5000),
    ],
    ids=["none", "events only", "two seconds", "number", "no object"],
)
def test_regular_pushes_come_as_often_as_is_asked_for(desk: Desk, extra: str, interval_ms: int) -> None:
    wanted = subscription({"channel": "account", "extraParams": extra}, PRIVATE, desk.floor)

    assert wanted.interval_ms == interval_ms
    assert wanted.arg == {"channel": "account"}


def test_the_same_thing_has_one_name_whatever_the_order_of_its_keys(desk: Desk) -> None:
    one = subscription({"channel": "tickers", "instId": "BTC-USDT"}, PUBLIC, desk.floor)
    other = subscription({"instId": "BTC-USDT", "channel": "tickers"}, PUBLIC, desk.floor)

    assert one.name == other.name


def test_every_market_channel_that_is_open_to_all_has_a_stream() -> None:
    of_markets = {
        name
        for name, channel in CHANNELS.items()
        if channel.needs == "instId" and not channel.login and not channel.tier
    }

    assert set(STREAMS) == of_markets
    assert {f"candle{bar}" for bar in BARS} <= of_markets


def test_counted_channels_need_a_login() -> None:
    assert all(CHANNELS[name].login for name in COUNTED & CHANNELS.keys())


def test_a_push_has_its_arg_first() -> None:
    frame = push({"channel": "books"}, [], action="update")

    assert list(json.loads(frame)) == ["arg", "action", "data"]
