"""What is let through, what is not, and that nothing but a `ProtocolError` comes of bad bytes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import ProtocolError
from botkit.venues.okx import wire
from tests.venues.okx.frames import encode, push, read, recorded

TRADES = wire.decoder(wire.Push[wire.TradeRow])
TRADE = {"instId": "BTC-USDT", "tradeId": "1", "px": "100", "sz": "1", "side": "buy", "ts": "1790000000000"}
ROWS = [
    wire.AccountRow,
    wire.AckRow,
    wire.BookRow,
    wire.CandleRow,
    wire.ConfigRow,
    wire.Envelope,
    wire.FillRow,
    wire.FundingRow,
    wire.InstrumentRow,
    wire.MarkPriceRow,
    wire.OrderRow,
    wire.PositionRow,
    wire.Reply,
    wire.TickerRow,
    wire.TradeRow,
]


def test_the_channel_of_a_push_is_found_without_decoding_it() -> None:
    assert wire.channel_of(push("bbo-tbt", [], symbol="BTC-USDT")) == b"bbo-tbt"


@pytest.mark.parametrize("frame", [b"", b"pong", b'{"arg"', b'{"arg":{"channel":"', b'{"event":"subscribe"}'])
def test_of_anything_else_the_channel_is_a_guess_that_names_none(frame: bytes) -> None:
    assert wire.channel_of(frame) not in {b"trades", b"books", b"bbo-tbt"}


def test_numbers_are_read_from_text() -> None:
    trade = wire.decode(push("trades", [TRADE], symbol="BTC-USDT"), TRADES).data[0]

    assert (trade.px, trade.sz, trade.ts) == (100.0, 1.0, 1790000000000)


def test_new_fields_are_let_through() -> None:
    frame = push("trades", [TRADE | {"brandNew": {"a": [1]}}], symbol="BTC-USDT", alsoNew=1)

    assert wire.decode(frame, TRADES).data[0].trade_id == "1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("px", "0"),
        ("px", "-1"),
        ("px", ""),
        ("px", "nan"),
        ("px", "inf"),
        ("px", "1e31"),
        ("px", None),
        ("px", True),
        ("sz", "-0.1"),
        ("sz", "NaN"),
        ("side", "BUY"),
        ("side", ""),
        ("ts", "-1"),
        ("ts", "99999999999999"),
        ("ts", "soon"),
        ("tradeId", 5),
        ("instId", None),
    ],
)
def test_what_no_market_can_do_is_refused(field: str, value: object) -> None:
    with pytest.raises(ProtocolError):
        wire.decode(push("trades", [TRADE | {field: value}], symbol="BTC-USDT"), TRADES)


@pytest.mark.parametrize("missing", TRADE)
def test_what_identifies_a_trade_must_be_there(missing: str) -> None:
    shortened = {name: value for name, value in TRADE.items() if name != missing}

    with pytest.raises(ProtocolError, match="does not document"):
        wire.decode(push("trades", [shortened], symbol="BTC-USDT"), TRADES)


@pytest.mark.parametrize(
    "body", [b"", b"<html>502</html>", b'"\xff"', b"[" * 100_000, b"{}", b'{"code":null}']
)
def test_a_page_of_a_gateway_is_no_reply(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        wire.decode_reply(body)


def test_a_reply_without_rows_has_none() -> None:
    reply = wire.decode_reply(read_or_skip("rest/errors/http401_50119.body"))

    assert (reply.code_text, reply.msg) == ("50119", "API key doesn't exist")
    assert bytes(reply.data) == b"[]"


def test_a_gateway_says_its_code_as_a_number() -> None:
    body = b'{"code":500,"data":{},"error_code":"500","error_message":"Internal Server Error"}'

    assert wire.decode_reply(body).code_text == "500"


@pytest.mark.parametrize("name", recorded("rest/errors/*"))
def test_every_recorded_refusal_is_a_reply(name: str) -> None:
    assert wire.decode_reply(read(name)).code_text.isdecimal()


@given(st.binary(max_size=200), st.sampled_from(ROWS))
def test_bytes_either_mean_something_or_are_refused(data: bytes, kind: Any) -> None:
    try:
        wire.decode(data, wire.decoder(kind))
    except ProtocolError:
        return


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(ROWS), st.data())
def test_rows_of_the_wrong_kind_are_refused(kind: Any, data: st.DataObject) -> None:
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    value = data.draw(st.dictionaries(st.sampled_from(names), json))

    try:
        wire.decode(encode(value), wire.decoder(kind))
    except ProtocolError:
        return


def read_or_skip(name: str) -> bytes:
    if name not in recorded(name):
        pytest.skip("no folder of shared data beside this work tree")
    return read(name)
