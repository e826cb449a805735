from __future__ import annotations

from collections.abc import Mapping

import pytest

from botkit.venues.okx.emulator.accounts import Accounts, Key, User
from botkit.venues.okx.emulator.answers import Refused
from botkit.venues.okx.emulator.auth import SignedRequest, authenticate, log_in, sign

# The key, the moment and the signatures of the worked examples in the protocol notes.
SECRET = "22582BD0CFF14C41EDBF1AB98506286D"
KEY = Key(
    label="vectors",
    key="37c541a1-0000-4000-8000-10fe7a038418",
    secret=SECRET,
    passphrase="Botkit-Test-1",
    ip=("192.0.2.1",),
)
ACCOUNTS = Accounts([User(uid="1", keys=(KEY,))])
AT = "2026-11-20T12:34:56.789Z"
AT_NS = 1_795_178_096_789_000_000
ORDER = b'{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"buy","ordType":"limit","sz":"1","px":"60000.1","clOrdId":"bk1"}'
VECTORS = {
    "no query": ("GET", "/api/v5/account/config", b"", "SUi8e9zt5FkYX+R1fGOLS9d7IbLZ/2eL/VR5AeyiQ5E="),
    "query": (
        "GET",
        "/api/v5/trade/order?instId=BTC-USDT-SWAP&clOrdId=bk1",
        b"",
        "VhvTxNyoKfFKOlZ+avj5qxxJHSHXDo3yugChlyKslN0=",
    ),
    "encoded comma": (
        "GET",
        "/api/v5/account/balance?ccy=BTC%2CUSDT",
        b"",
        "XUUUPl0iAThVRN4An1U5kI/h8Z6ywNNHRxMviXI7+Ao=",
    ),
    "raw comma": (
        "GET",
        "/api/v5/account/balance?ccy=BTC,USDT",
        b"",
        "nPN6VrrQxgG0RWTJ+U35qTae0TnOnNubgUqyVlEVWkY=",
    ),
    "compact body": ("POST", "/api/v5/trade/order", ORDER, "U+sC2v7psdTFLUHZ9Gb8XV6wzLuibhwrUIMlZU59bbs="),
    "spaced body": (
        "POST",
        "/api/v5/trade/order",
        ORDER.replace(b",", b", ").replace(b":", b": "),
        "9Zo0+KtXNIzu6leTTAI9G5aoyos+N548Q11k2PHBGFg=",
    ),
    "batch": (
        "POST",
        "/api/v5/trade/cancel-batch-orders",
        b'[{"instId":"BTC-USDT","ordId":"590908157585625111"},{"instId":"BTC-USDT","clOrdId":"bk2"}]',
        "cKJe+ENyyI+KvH/xmEpWn/w3ZM92UAg8NDw5xDMBjdg=",
    ),
}


def a_request(
    vector: tuple[str, str, bytes, str] = VECTORS["no query"],
    headers: Mapping[str, str | None] | None = None,
    *,
    address: str = "192.0.2.1",
) -> SignedRequest:
    method, target, body, mac = vector
    usual = {
        "OK-ACCESS-KEY": KEY.key,
        "OK-ACCESS-PASSPHRASE": KEY.passphrase,
        "OK-ACCESS-SIGN": mac,
        "OK-ACCESS-TIMESTAMP": AT,
    }
    given = {name: value for name, value in {**usual, **(headers or {})}.items() if value is not None}
    return SignedRequest(method=method, target=target, headers=given, body=body, address=address)


def code_of(request: SignedRequest, now_ns: int = AT_NS) -> str:
    with pytest.raises(Refused) as refused:
        authenticate(request, ACCOUNTS, now_ns)
    return refused.value.code


@pytest.mark.parametrize("vector", VECTORS)
def test_a_signature_over_the_bytes_as_they_came_is_accepted(vector: str) -> None:
    assert authenticate(a_request(VECTORS[vector]), ACCOUNTS, AT_NS).key is KEY


@pytest.mark.parametrize("vector", VECTORS)
def test_one_other_byte_is_refused(vector: str) -> None:
    method, target, body, mac = VECTORS[vector]

    assert code_of(a_request((method, target, body + b" ", mac))) == "50113"
    assert code_of(a_request((method, target + "&", body, mac))) == "50113"
    assert code_of(a_request((method, target, body, mac.replace("=", "A")))) == "50113"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("OK-ACCESS-KEY", "50103"),
        ("OK-ACCESS-PASSPHRASE", "50104"),
        ("OK-ACCESS-SIGN", "50106"),
        ("OK-ACCESS-TIMESTAMP", "50107"),
    ],
)
@pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
def test_every_header_is_needed(header: str, code: str, value: str | None) -> None:
    assert code_of(a_request(headers={header: value})) == code


@pytest.mark.parametrize(
    "timestamp",
    [
        "1795178096.789",
        "2026-11-20T12:34:56Z",
        "2026-11-20 12:34:56.789Z",
        "2026-11-20T12:34:56.789",
        "2026-02-30T00:00:00.000Z",
    ],
    ids=["epoch", "no milliseconds", "no T", "no Z", "no such day"],
)
def test_a_timestamp_in_another_form_is_refused(timestamp: str) -> None:
    assert code_of(a_request(headers={"OK-ACCESS-TIMESTAMP": timestamp})) == "50112"


@pytest.mark.parametrize("seconds", [30, -30, 29])
def test_a_clock_half_a_minute_off_is_accepted(seconds: int) -> None:
    assert authenticate(a_request(), ACCOUNTS, AT_NS + seconds * 1_000_000_000).key is KEY


@pytest.mark.parametrize("seconds", [31, -31])
def test_a_clock_that_is_further_off_is_refused(seconds: int) -> None:
    assert code_of(a_request(), AT_NS + seconds * 1_000_000_000) == "50102"


def test_what_is_wrong_first_is_said_first() -> None:
    headers = {"OK-ACCESS-SIGN": "wrong"}
    assert code_of(a_request(headers=headers)) == "50113"
    headers["OK-ACCESS-PASSPHRASE"] = "wrong"
    assert code_of(a_request(headers=headers)) == "50105"
    assert code_of(a_request(headers=headers, address="198.51.100.1")) == "50110"
    headers["x-simulated-trading"] = "1"
    assert code_of(a_request(headers=headers, address="198.51.100.1")) == "50101"
    headers["OK-ACCESS-KEY"] = "unknown"
    assert code_of(a_request(headers=headers, address="198.51.100.1")) == "50119"


def test_the_refused_address_is_named() -> None:
    with pytest.raises(Refused) as refused:
        authenticate(a_request(address="198.51.100.1"), ACCOUNTS, AT_NS)
    assert "198.51.100.1" in refused.value.text


@pytest.mark.parametrize("flag", ["0", None])
def test_the_live_environment_is_meant_unless_the_demo_one_is_named(flag: str | None) -> None:
    assert authenticate(a_request(headers={"x-simulated-trading": flag}), ACCOUNTS, AT_NS).key is KEY


def login(**changes: object) -> list[dict[str, object]]:
    arg = {
        "apiKey": KEY.key,
        "passphrase": KEY.passphrase,
        "timestamp": "1795178096",
        "sign": "E24yTXcQYgsbvs8tHjOZ2xQtFQK3K60alXq9c7SPzVQ=",
    }
    return [{name: value for name, value in (arg | changes).items() if value is not None}]


@pytest.mark.parametrize("timestamp", ["1795178096", 1795178096], ids=["text", "number"])
def test_a_login_is_accepted(timestamp: object) -> None:
    assert log_in(login(timestamp=timestamp), ACCOUNTS, "192.0.2.1", AT_NS).key is KEY


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (None, "60009"),
        ([], "60009"),
        (login() * 2, "60009"),
        (login(sign=None), "60009"),
        (login(apiKey=""), "60005"),
        (login(timestamp="1795178096789"), "60004"),
        (login(timestamp="now"), "60004"),
        (login(timestamp="1795178066"), "60006"),
        (login(timestamp="1795178127"), "60006"),
        (login(apiKey="unknown"), "60032"),
        (login(passphrase="wrong"), "60024"),
        (login(sign="wrong"), "60007"),
    ],
    ids=[
        "nothing",
        "empty",
        "two accounts",
        "incomplete",
        "no key",
        "milliseconds",
        "words",
        "too old",
        "too new",
        "unknown key",
        "passphrase",
        "signature",
    ],
)
def test_a_login_is_refused_with_its_reason(args: object, code: str) -> None:
    with pytest.raises(Refused) as refused:
        log_in(args, ACCOUNTS, "192.0.2.1", AT_NS)
    assert refused.value.code == code


def test_a_login_from_elsewhere_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        log_in(login(), ACCOUNTS, "198.51.100.1", AT_NS)
    assert refused.value.code == "50110"


def test_the_signatures_of_the_protocol_notes_come_out() -> None:
    assert sign(SECRET, b"1704876947GET/users/self/verify") == "5/36BgGV6m/6pmdc20zdqk0mzF5ZalmzzPD2fo3wavU="
