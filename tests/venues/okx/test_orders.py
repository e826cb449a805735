"""Orders byte for byte, and what each acknowledgement means for each request."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import ProtocolError
from botkit.model.order import OrderChange, OrderType, TimeInForce
from botkit.model.side import Side
from botkit.venues.okx import wire
from botkit.venues.okx.endpoints import Op
from botkit.venues.okx.orders import (
    OrderEncoder,
    Request,
    Unsendable,
    decode_acks,
    outcome,
    unanswered,
    unsent,
)
from botkit.venues.okx.wire import AckRow
from tests.venues.okx.frames import (
    BTC,
    INSTRUMENTS,
    MS,
    NOW,
    TRADE_MODES,
    amend_order,
    cancel_order,
    encode,
    frames,
    new_order,
    read,
    recorded,
)

C = OrderChange
D = Decimal
SWAP = "BTC-USDT-SWAP"
DEADLINE = NOW + 5_000 * MS


@pytest.fixture
def encoder() -> OrderEncoder:
    return OrderEncoder(INSTRUMENTS, TRADE_MODES, lambda ns: ns + 250 * MS)


# ---- on their way


def test_a_limit_order_names_its_instrument_by_number_and_its_deadline_in_the_venues_time(
    encoder: OrderEncoder,
) -> None:
    frame = encoder.place_frame(new_order(deadline_ns=DEADLINE), "1r1")

    assert json.loads(frame) == {
        "id": "1r1",
        "op": "order",
        "expTime": "1790000005250",
        "args": [
            {
                "instIdCode": 3,
                "tdMode": "cash",
                "clOrdId": "bk1",
                "side": "buy",
                "ordType": "limit",
                "px": "67321.4",
                "sz": "0.01",
            }
        ],
    }


def test_an_order_without_a_deadline_has_none(encoder: OrderEncoder) -> None:
    assert b"expTime" not in encoder.place_frame(new_order(), "1r1")


def placed(encoder: OrderEncoder, **changes: Any) -> dict[str, Any]:
    [args] = json.loads(encoder.place_frame(new_order(**changes), "1r1"))["args"]
    assert isinstance(args, dict)
    return args


def test_a_swap_is_ordered_in_contracts(encoder: OrderEncoder) -> None:
    args = placed(encoder, symbol=SWAP, size=D("0.0150"), side=Side.SELL)

    assert (D(args["sz"]), args["tdMode"], args["side"], args["instIdCode"]) == (
        D("1.5"),
        "cross",
        "sell",
        10458,
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "limit"),
        ({"post_only": True}, "post_only"),
        ({"time_in_force": TimeInForce.IOC}, "ioc"),
        ({"time_in_force": TimeInForce.FOK}, "fok"),
        ({"type": OrderType.MARKET, "limit_price": None}, "market"),
    ],
)
def test_how_long_an_order_waits_is_its_type(
    encoder: OrderEncoder, changes: dict[str, Any], word: str
) -> None:
    assert placed(encoder, **changes)["ordType"] == word


def test_a_market_order_of_a_pair_is_sized_in_base_currency(encoder: OrderEncoder) -> None:
    spot = placed(encoder, type=OrderType.MARKET, limit_price=None)
    swap = placed(encoder, symbol=SWAP, type=OrderType.MARKET, limit_price=None)

    assert spot["tgtCcy"] == "base_ccy"
    assert "px" not in spot
    assert "tgtCcy" not in swap


def test_a_swap_can_be_told_only_to_reduce(encoder: OrderEncoder) -> None:
    assert placed(encoder, symbol=SWAP, reduce_only=True)["reduceOnly"] is True
    assert "reduceOnly" not in placed(encoder, symbol=SWAP)
    assert "reduceOnly" not in placed(encoder, reduce_only=True)  # a pair has no position


def test_every_order_can_carry_a_tag() -> None:
    assert placed(OrderEncoder(INSTRUMENTS, TRADE_MODES, int, tag="botkit"))["tag"] == "botkit"


def test_an_amendment_names_the_order_and_the_new_terms(encoder: OrderEncoder) -> None:
    frame = encoder.amend_frame(amend_order(symbol=SWAP, deadline_ns=DEADLINE), "1r2")

    assert json.loads(frame) == {
        "id": "1r2",
        "op": "amend-order",
        "expTime": "1790000005250",
        "args": [{"instIdCode": 10458, "clOrdId": "bk1", "reqId": "bk1a", "newSz": "2", "newPx": "67000"}],
    }


def test_a_cancel_names_the_order(encoder: OrderEncoder) -> None:
    assert json.loads(encoder.cancel_frame(cancel_order(), "1r3")) == {
        "id": "1r3",
        "op": "cancel-order",
        "args": [{"instIdCode": 3, "clOrdId": "bk1"}],
    }


def test_over_rest_the_instrument_is_a_name_and_the_deadline_a_header(encoder: OrderEncoder) -> None:
    place = json.loads(encoder.place_body(new_order(deadline_ns=DEADLINE)))
    amend = json.loads(encoder.amend_body(amend_order()))
    cancel = json.loads(encoder.cancel_body(cancel_order()))

    assert [body.get("instId") for body in (place, amend, cancel)] == ["BTC-USDT"] * 3
    assert not {"instIdCode", "expTime"} & {*place, *amend, *cancel}
    assert place["clOrdId"] == amend["clOrdId"] == cancel["clOrdId"] == "bk1"
    assert encoder.exp_time(DEADLINE) == "1790000005250"


def test_the_ops_are_the_tables(encoder: OrderEncoder) -> None:
    ops = [
        encoder.place_frame(new_order(), "1"),
        encoder.amend_frame(amend_order(), "2"),
        encoder.cancel_frame(cancel_order(), "3"),
    ]

    assert [Op(json.loads(frame)["op"]) for frame in ops] == [Op.PLACE, Op.AMEND, Op.CANCEL]


@pytest.mark.parametrize("code", [None, 0])
def test_an_instrument_without_a_number_cannot_be_ordered_over_the_socket_but_by_rest(
    code: int | None,
) -> None:
    unnumbered = {"BTC-USDT": msgspec.structs.replace(BTC, venue_code=code)}
    encoder = OrderEncoder(unnumbered, TRADE_MODES, int)

    with pytest.raises(Unsendable, match="no number"):
        encoder.place_frame(new_order(), "1")
    assert encoder.place_body(new_order())


@pytest.mark.parametrize("word", ["", "bk-1", "bk_1", 'x","px":"1', "ö", "a" * 33, "bk 1", "bk1\n"])
def test_an_id_that_okx_would_not_take_is_not_sent(encoder: OrderEncoder, word: str) -> None:
    with pytest.raises(Unsendable, match="letters and digits"):
        encoder.place_frame(msgspec.structs.replace(new_order(), client_order_id=word), "1")
    with pytest.raises(Unsendable, match="letters and digits"):
        encoder.cancel_body(msgspec.structs.replace(cancel_order(), client_order_id=word))


def test_an_instrument_that_is_not_loaded_is_not_ordered(encoder: OrderEncoder) -> None:
    with pytest.raises(Unsendable, match="DOGE-USDT is not among"):
        encoder.cancel_frame(cancel_order("DOGE-USDT"), "1")


def test_an_account_that_does_not_trade_swaps_orders_none() -> None:
    encoder = OrderEncoder(INSTRUMENTS, {BTC.kind: "cash"}, int)

    with pytest.raises(Unsendable, match="does not trade swap"):
        encoder.place_frame(new_order(symbol=SWAP), "1")


def test_a_limit_order_without_a_price_is_not_sent(encoder: OrderEncoder) -> None:
    with pytest.raises(Unsendable, match="needs its price"):
        encoder.place_frame(new_order(limit_price=None), "1")


sizes = st.decimals(min_value=D("1e-8"), max_value=D("1e8"), places=8)


@given(sizes, sizes)
def test_no_number_loses_a_digit_or_gains_an_exponent(size: Decimal, price: Decimal) -> None:
    args = placed(
        OrderEncoder(INSTRUMENTS, TRADE_MODES, int), size=size.normalize(), limit_price=price.normalize()
    )

    assert (D(args["sz"]), D(args["px"])) == (size, price)
    assert not {"e", "E"} & {*args["sz"], *args["px"]}


@pytest.mark.parametrize("name", recorded("ws/ops__*request*.json*", "ws/ops__batch_requests*"))
def test_our_frames_have_no_key_that_the_documented_ones_lack(name: str, encoder: OrderEncoder) -> None:
    known = {
        "order": {
            "instIdCode",
            "tdMode",
            "clOrdId",
            "side",
            "ordType",
            "px",
            "sz",
            "tgtCcy",
            "reduceOnly",
            "tag",
        },
        "amend-order": {"instIdCode", "clOrdId", "reqId", "newSz", "newPx"},
    }
    ours = [
        encoder.place_frame(new_order(symbol=SWAP, reduce_only=True, deadline_ns=DEADLINE), "1"),
        encoder.amend_frame(amend_order(deadline_ns=DEADLINE), "2"),
    ]
    for frame in ours:
        request = json.loads(frame)
        assert set(request) == {"id", "op", "expTime", "args"}
        assert set(request["args"][0]) <= known[request["op"]]
    for frame in frames(name):
        assert {"op", "args"} <= set(json.loads(frame))


# ---- on their way back

PLACE = Request(Op.PLACE, new_order())
AMEND = Request(Op.AMEND, amend_order())
CANCEL = Request(Op.CANCEL, cancel_order())


def changes(request: Request, code: str) -> list[OrderChange]:
    items = [AckRow(s_code=code, ord_id="9", cl_ord_id="bk1", s_msg="words")]
    return [update.change for update in outcome(request, "0" if code == "0" else "1", "", items, NOW)]


UNKNOWN = ["50001", "50004", "50013", "50026", "51054", "51149", "64007", "51412", "77777", ""]


@pytest.mark.parametrize(
    ("request_", "taken", "refused", "lost"),
    [
        (PLACE, [C.ACCEPT], [C.REJECT], [C.LOSE]),
        (AMEND, [], [C.AMEND_FAIL], [C.LOSE]),
        (CANCEL, [], [C.CANCEL_FAIL], [C.CANCEL_FAIL]),
    ],
    ids=["place", "amend", "cancel"],
)
def test_an_answer_means_what_the_table_says(
    request_: Request, taken: list[OrderChange], refused: list[OrderChange], lost: list[OrderChange]
) -> None:
    assert changes(request_, "0") == taken
    for code in ("51008", "51020", "51121", "50036", "50011", "50061", "50120", "51400", "51503", "60011"):
        assert changes(request_, code) == refused, code
    for code in UNKNOWN:
        assert changes(request_, code) == lost, code


def test_an_id_that_is_used_already_may_be_our_own_first_attempt() -> None:
    assert changes(PLACE, "51016") == [C.LOSE]


def test_a_second_cancel_of_an_order_being_canceled_changes_nothing() -> None:
    assert changes(CANCEL, "51410") == []
    assert changes(AMEND, "51410") == [C.AMEND_FAIL]


def test_an_accepted_order_learns_its_number() -> None:
    [update] = outcome(PLACE, "0", "", [AckRow(s_code="0", ord_id="900", s_msg="Order placed")], NOW)

    assert (update.venue_order_id, update.code, update.reason) == ("900", "", "")
    assert (update.symbol, update.client_order_id, update.recv_ns) == ("BTC-USDT", "bk1", NOW)


def test_a_refusal_gives_its_code_and_the_venues_words() -> None:
    [update] = outcome(PLACE, "1", "", [AckRow(s_code="51020", s_msg="Too small. ")], NOW)

    assert (update.code, update.reason) == ("51020", "Too small.")


def test_a_refusal_of_the_key_says_what_to_do() -> None:
    [update] = outcome(PLACE, "1", "", [AckRow(s_code="50120", s_msg="No permission.")], NOW)

    assert update.reason.startswith("No permission. The key lacks a permission")


def test_a_refused_amendment_is_told_by_its_id() -> None:
    [update] = outcome(AMEND, "1", "", [AckRow(s_code="51503")], NOW)

    assert update.amend_id == "bk1a"


def test_the_item_knows_better_than_the_summary() -> None:
    refused = [AckRow(s_code="51008")]

    assert [u.change for u in outcome(PLACE, "0", "", refused, NOW)] == [C.REJECT]
    assert [u.change for u in outcome(PLACE, "1", "", [AckRow(s_code="0")], NOW)] == [C.ACCEPT]


@pytest.mark.parametrize(
    ("code", "change"),
    [("60013", C.REJECT), ("50011", C.REJECT), ("64007", C.LOSE), ("0", C.LOSE), ("1", C.LOSE), ("", C.LOSE)],
)
def test_without_an_item_the_summary_must_do(code: str, change: OrderChange) -> None:
    [update] = outcome(PLACE, code, "Invalid args", [], NOW)

    assert (update.change, update.reason) == (change, "Invalid args")


def test_an_answer_about_several_orders_answers_nothing_of_ours() -> None:
    with pytest.raises(ProtocolError, match="2 items"):
        outcome(PLACE, "0", "", [AckRow(s_code="0"), AckRow(s_code="0")], NOW)


@pytest.mark.parametrize(("request_", "change"), [(PLACE, C.LOSE), (AMEND, C.LOSE), (CANCEL, C.CANCEL_FAIL)])
def test_no_answer_leaves_it_open(request_: Request, change: OrderChange) -> None:
    [update] = unanswered(request_, "no answer", NOW)

    assert (update.change, update.code, update.reason) == (change, "", "no answer")


@pytest.mark.parametrize(
    ("request_", "change"), [(PLACE, C.REJECT), (AMEND, C.AMEND_FAIL), (CANCEL, C.CANCEL_FAIL)]
)
def test_what_was_not_sent_has_certainly_not_happened(request_: Request, change: OrderChange) -> None:
    assert [update.change for update in unsent(request_, "no connection", NOW)] == [change]


@given(st.text(max_size=6), st.sampled_from([PLACE, AMEND, CANCEL]))
def test_whatever_the_code_a_place_is_never_forgotten(code: str, request_: Request) -> None:
    found = changes(request_, code)

    assert found or request_.op is not Op.PLACE


@pytest.mark.parametrize("name", [name for name in recorded("ws/ops__*.json") if "request" not in name])
def test_every_recorded_acknowledgement_is_read(name: str) -> None:
    for frame in frames(name):
        envelope = wire.decode(frame, wire.decoder(wire.Envelope))

        items = decode_acks(envelope.data)

        assert len(items) == len(json.loads(frame)["data"])
        if len(items) <= 1:
            assert outcome(PLACE, envelope.code, envelope.msg, items, NOW)


@pytest.mark.parametrize(
    "name",
    recorded(
        "rest/docs/POST_trade_*order.json",
        "rest/docs/POST_trade_*batch-orders.json",
        "rest/errors/*reject*.json",
        "rest/okxapi-net/*_with_subcode.json",
    ),
)
def test_every_recorded_answer_to_an_order_is_read(name: str) -> None:
    reply = wire.decode_reply(read(name))

    for item in decode_acks(reply.data):
        [update] = outcome(PLACE, reply.code_text, reply.msg, [item], NOW)
        assert update.change is (C.ACCEPT if item.s_code == "0" else C.REJECT)


@pytest.mark.parametrize("data", [b"{}", b'[{"ordId":"1"}]', b'[{"sCode":0}]', b"", b"[[]]"])
def test_an_answer_that_makes_no_sense_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_acks(data)


def test_an_id_longer_than_64_bits_is_only_text() -> None:
    assert decode_acks(encode([{"sCode": "0", "ordId": "9" * 30}]))[0].ord_id == "9" * 30
