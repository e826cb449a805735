from __future__ import annotations

import pytest

from botkit.errors import InvariantError, LoginRefused, VenueBusy, VenueError, VenueRejected, VenueUnreachable
from botkit.venues.api import Answer, Dialect
from botkit.venues.okx.dialect import Call, OkxDialect
from botkit.venues.okx.endpoints import Endpoint
from botkit.venues.okx.signing import Signer
from botkit.venues.okx.skew import Skew

_NOW_NS = 1_795_178_096_789_000_000  # 2026-11-20T12:34:56.789Z


def _signer() -> Signer:
    return Signer(
        "37c541a1-0000-4000-8000-10fe7a038418", b"22582BD0CFF14C41EDBF1AB98506286D", "Botkit-Test-1"
    )


def _dialect(signer: Signer | None = None, headers: dict[str, str] | None = None) -> OkxDialect:
    return OkxDialect(signer, Skew(), headers or {})


def test_it_is_a_dialect() -> None:
    dialect: Dialect[Call] = _dialect()

    assert dialect.turn(Call(Endpoint.SERVER_TIME)).key == "GET /api/v5/public/time"


def test_a_public_question_is_not_signed() -> None:
    request = _dialect(_signer()).request(
        Call(Endpoint.CANDLES, {"instId": "BTC-USDT", "bar": "1m"}), _NOW_NS
    )

    assert (request.method, request.target) == ("GET", "/api/v5/market/candles?instId=BTC-USDT&bar=1m")
    assert request.headers == {}


def test_a_private_question_is_signed_over_exactly_what_is_sent() -> None:
    request = _dialect(_signer()).request(
        Call(Endpoint.ORDER, {"instId": "BTC-USDT-SWAP", "clOrdId": "bk1"}), _NOW_NS
    )

    assert request.target == "/api/v5/trade/order?instId=BTC-USDT-SWAP&clOrdId=bk1"
    assert request.headers["OK-ACCESS-TIMESTAMP"] == "2026-11-20T12:34:56.789Z"
    assert request.headers["OK-ACCESS-SIGN"] == "VhvTxNyoKfFKOlZ+avj5qxxJHSHXDo3yugChlyKslN0="


def test_an_instruction_carries_its_body_and_says_what_it_is() -> None:
    body = b'{"instId":"BTC-USDT","clOrdId":"bk1"}'
    request = _dialect(_signer()).request(Call(Endpoint.CANCEL, body=body, about="BTC-USDT"), _NOW_NS)

    assert (request.method, request.target, request.body) == ("POST", "/api/v5/trade/cancel-order", body)
    assert request.headers["Content-Type"] == "application/json"


def test_signatures_carry_the_venues_time() -> None:
    skew = Skew()
    skew.measure([(0, 60_000_000_000, 0)])
    request = OkxDialect(_signer(), skew, {}).request(Call(Endpoint.ACCOUNT_CONFIG), _NOW_NS)

    assert request.headers["OK-ACCESS-TIMESTAMP"] == "2026-11-20T12:35:56.789Z"


def test_every_request_names_the_environment() -> None:
    dialect = _dialect(_signer(), {"x-simulated-trading": "1"})

    for endpoint in (Endpoint.SERVER_TIME, Endpoint.ACCOUNT_CONFIG):
        assert dialect.request(Call(endpoint), _NOW_NS).headers["x-simulated-trading"] == "1"


def test_without_a_key_nothing_private_can_be_asked() -> None:
    with pytest.raises(InvariantError, match="ACCOUNT_CONFIG asks for a key"):
        _dialect().request(Call(Endpoint.ACCOUNT_CONFIG), _NOW_NS)


def test_orders_are_not_repeated_and_questions_and_cancels_are() -> None:
    dialect = _dialect()

    assert not dialect.is_repeatable(Call(Endpoint.PLACE))
    assert not dialect.is_repeatable(Call(Endpoint.AMEND))
    assert dialect.is_repeatable(Call(Endpoint.CANCEL))
    assert dialect.is_repeatable(Call(Endpoint.FILLS))


def test_orders_of_one_instrument_do_not_use_up_the_quota_of_another() -> None:
    dialect = _dialect()

    assert (
        dialect.turn(Call(Endpoint.ORDER, about="BTC-USDT")).key
        != dialect.turn(Call(Endpoint.ORDER, about="ETH-USDT")).key
    )


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b'{"code":"0","msg":"","data":[{"ts":"1"}]}', b'[{"ts":"1"}]'),
        (b'{"code":"0","data":[]}', b"[]"),
        (b'{"code":"1","msg":"All operations failed","data":[{"sCode":"51400"}]}', b'[{"sCode":"51400"}]'),
        (
            b'{"code":"2","msg":"","data":[{"sCode":"0"},{"sCode":"51020"}]}',
            b'[{"sCode":"0"},{"sCode":"51020"}]',
        ),
    ],
    ids=["rows", "no rows", "the item failed", "some items failed"],
)
def test_the_rows_of_an_answer_are_passed_on(body: bytes, rows: bytes) -> None:
    assert _dialect().result(Answer(200, body)) == rows


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b'{"msg":"API key doesn\'t exist","code":"50119"}', LoginRefused),
        (401, b'{"msg":"Invalid OK-ACCESS-TIMESTAMP","code":"50102"}', LoginRefused),
        (200, b'{"code":"51001","msg":"Instrument does not exist","data":[]}', VenueRejected),
        (429, b'{"code":"50011","msg":"Too Many Requests","data":[]}', VenueBusy),
        (200, b'{"code":"50011","msg":"Too Many Requests","data":[]}', VenueBusy),
        (429, b"slow down", VenueBusy),
        (503, b'{"code":"50001","msg":"Service temporarily unavailable","data":[]}', VenueUnreachable),
        (500, b'{"code":500,"data":{},"error_code":"500","error_message":"Internal"}', VenueUnreachable),
        (502, b"<html>Bad Gateway</html>", VenueUnreachable),
        (200, b"", VenueUnreachable),
        (200, b'{"code":"0","data":[', VenueUnreachable),
        (200, b'{"code":"1","msg":"","data":[]}', VenueUnreachable),
        (200, b'{"code":"99999","msg":"","data":[]}', VenueUnreachable),
    ],
    ids=[
        "unknown key", "our clock", "refused", "429", "busy with 200", "429 without words", "unavailable",
        "gateway", "html", "empty", "cut off", "failed without saying what", "undocumented",
    ],
)  # fmt: skip
def test_a_code_says_what_became_of_the_request(status: int, body: bytes, error: type[VenueError]) -> None:
    with pytest.raises(error):
        _dialect().result(Answer(status, body))
