"""Worked signatures, and what the signer will not sign."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import InvariantError
from botkit.venues.okx.endpoints import Endpoint, target
from botkit.venues.okx.signing import Signer, timestamp

# A made-up key: it opens nothing.
KEY = "37c541a1-0000-4000-8000-10fe7a038418"
SECRET = b"22582BD0CFF14C41EDBF1AB98506286D"
PASSPHRASE = "Botkit-Test-1"
WHEN = "2026-11-20T12:34:56.789Z"
ORDER = (
    b'{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"buy","ordType":"limit","sz":"1","px":"60000.1",'
    b'"clOrdId":"bk1"}'
)


@pytest.fixture
def signer() -> Signer:
    return Signer(KEY, SECRET, PASSPHRASE)


@pytest.mark.parametrize(
    ("endpoint", "params", "body", "sign"),
    [
        (Endpoint.ACCOUNT_CONFIG, {}, b"", "SUi8e9zt5FkYX+R1fGOLS9d7IbLZ/2eL/VR5AeyiQ5E="),
        (
            Endpoint.ORDER,
            {"instId": "BTC-USDT-SWAP", "clOrdId": "bk1"},
            b"",
            "VhvTxNyoKfFKOlZ+avj5qxxJHSHXDo3yugChlyKslN0=",
        ),
        (Endpoint.BALANCE, {"ccy": "BTC,USDT"}, b"", "XUUUPl0iAThVRN4An1U5kI/h8Z6ywNNHRxMviXI7+Ao="),
        (Endpoint.PLACE, {}, ORDER, "U+sC2v7psdTFLUHZ9Gb8XV6wzLuibhwrUIMlZU59bbs="),
    ],
    ids=["no parameters", "parameters in order", "a comma", "a body"],
)
def test_a_request_is_signed_as_the_venue_signs_it(
    signer: Signer, endpoint: Endpoint, params: dict[str, str], body: bytes, sign: str
) -> None:
    headers = signer.rest_headers(endpoint, target(endpoint, params), body, WHEN)

    assert headers == {
        "OK-ACCESS-KEY": KEY,
        "OK-ACCESS-SIGN": sign,
        "OK-ACCESS-TIMESTAMP": WHEN,
        "OK-ACCESS-PASSPHRASE": PASSPHRASE,
    }


ROWS = {(e.method, e.path): e for e in Endpoint}


def test_every_published_vector_is_signed_alike_or_is_no_request_of_ours(
    signer: Signer, shared: Path
) -> None:
    vectors = json.loads((shared / "okx/fixtures/rest/sign_vectors.json").read_text())
    outside = []

    for vector in vectors["rest"]:
        path = vector["target"].partition("?")[0]
        endpoint = ROWS.get((vector["method"], path))
        if endpoint is None:
            outside.append(path)
            continue
        headers = signer.rest_headers(endpoint, vector["target"], vector["body"].encode(), WHEN)
        assert headers["OK-ACCESS-SIGN"] == vector["sign"], vector["name"]

    assert outside == ["/api/v5/account/activate-option"] * 2


def test_another_projects_vector_is_signed_alike() -> None:
    signer = Signer("", b"chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO", "")

    headers = signer.rest_headers(Endpoint.BALANCE, Endpoint.BALANCE.path, b"", "2020-12-08T09:08:57.715Z")

    assert headers["OK-ACCESS-SIGN"] == "PJ61e1nb2F2Qd7D8SPiaIcx2gjdELc+o0ygzre9z33k="


@pytest.mark.parametrize(
    ("secret", "epoch_s", "sign"),
    [
        (SECRET, 1704876947, "5/36BgGV6m/6pmdc20zdqk0mzF5ZalmzzPD2fo3wavU="),
        (b"botkit-test-secret-key-0001", 1767225600, "mPTghR55LA4btmnewlWJGpp9CHICCgm4Gdk2u3POo2A="),
        (SECRET, 1795178096, "E24yTXcQYgsbvs8tHjOZ2xQtFQK3K60alXq9c7SPzVQ="),
        (SECRET, 1538054050, "+LdIr8lkkvhr5hoA3g9TMC0+uQJ849ftAcocA/ouu4M="),
    ],
)
def test_a_login_is_signed_over_whole_seconds(secret: bytes, epoch_s: int, sign: str) -> None:
    args = Signer(KEY, secret, PASSPHRASE).login_args(epoch_s)

    assert args == {"apiKey": KEY, "passphrase": PASSPHRASE, "timestamp": str(epoch_s), "sign": sign}


def test_signing_leaves_no_trace_in_the_next_signature(signer: Signer) -> None:
    first = signer.login_args(1)
    signer.login_args(2)

    assert signer.login_args(1) == first


@pytest.mark.parametrize(
    "text",
    [
        "/api/v5/asset/transfer",
        "/api/v5/trade/order/../../asset/transfer",
        "/api/v5/trade/order?instId=BTC-USDT",
        "/api/v5/trade//order",
    ],
)
def test_a_target_of_another_path_is_not_signed(signer: Signer, text: str) -> None:
    with pytest.raises(InvariantError, match="is not a target of POST /api/v5/trade/order"):
        signer.rest_headers(Endpoint.PLACE, text, b"{}", WHEN)


def test_a_get_with_a_body_is_not_signed(signer: Signer) -> None:
    with pytest.raises(InvariantError, match="has no body"):
        signer.rest_headers(Endpoint.BALANCE, Endpoint.BALANCE.path, b"{}", WHEN)


def test_what_is_no_endpoint_is_not_signed(signer: Signer) -> None:
    rogue: Any = ("POST", "/api/v5/asset/transfer")

    with pytest.raises(InvariantError, match="is not an endpoint of the table"):
        signer.rest_headers(rogue, "/api/v5/asset/transfer", b"{}", WHEN)


def test_a_signer_does_not_show_its_secrets(signer: Signer) -> None:
    shown = f"{signer} {signer!r} {vars(Signer)}"

    for secret in (KEY, SECRET.decode(), PASSPHRASE):
        assert secret not in shown


def test_a_signer_is_not_stored(signer: Signer) -> None:
    with pytest.raises(TypeError, match="not copied or stored"):
        pickle.dumps(signer)


@pytest.mark.parametrize(
    ("now_ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_178_096_789_000_000, WHEN),
        (1_795_178_096_789_999_999, WHEN),
        (1_795_178_096_000_000_000, "2026-11-20T12:34:56.000Z"),
    ],
)
def test_a_timestamp_has_milliseconds_cut_off(now_ns: int, text: str) -> None:
    assert timestamp(now_ns) == text


@given(st.integers(0, 4_000_000_000_000_000_000), st.integers(0, 10**12))
def test_timestamps_sort_like_the_times_they_stand_for(now_ns: int, later_ns: int) -> None:
    assert timestamp(now_ns) <= timestamp(now_ns + later_ns)
