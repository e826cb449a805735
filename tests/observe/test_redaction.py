from __future__ import annotations

import msgspec
import pytest

from botkit.observe.redaction import REDACTED, redacted

VALUE = "FAKE-4f1c/09+e3="


class Login(msgspec.Struct):
    op: str
    passphrase: str


@pytest.mark.parametrize(
    "name",
    [
        *("passphrase", "secret", "sign", "Signature", "apiKey", "api_key", "Authorization", "password"),
        *("OK-ACCESS-KEY", "OK-ACCESS-SIGN", "ok-access-passphrase", "OK-ACCESS-TIMESTAMP"),
    ],
)
def test_a_value_with_a_telling_name_is_taken_out(name: str) -> None:
    assert redacted(VALUE, name) == REDACTED
    assert redacted({"headers": [{name: VALUE, "Accept": "json"}]}) == {
        "headers": [{name: REDACTED, "Accept": "json"}]
    }


def test_a_struct_is_looked_into() -> None:
    assert redacted(Login("login", VALUE)) == {"op": "login", "passphrase": REDACTED}


@pytest.mark.parametrize(
    "text",
    [
        f'{{"op":"login","args":[{{"apiKey":"{VALUE}","passphrase":"{VALUE}","sign":"{VALUE}"}}]}}',
        f"{{'OK-ACCESS-KEY': '{VALUE}', 'OK-ACCESS-SIGN': '{VALUE}'}}",
        f"OK-ACCESS-PASSPHRASE: {VALUE}",
        f"connect(secret={VALUE}, retries=3)",
        f"apiKey={VALUE}&sign={VALUE}",
    ],
    ids=["frame", "dict", "header", "call", "query"],
)
def test_a_secret_inside_a_text_is_taken_out(text: str) -> None:
    assert VALUE not in str(redacted(text))
    assert REDACTED in str(redacted(text))


@pytest.mark.parametrize(
    "harmless",
    [
        "assigned: 3",
        "design=good",
        "the signature was wrong",
        "secretary: nobody",
        {"order": "bk000001", "signal": 1.5, "sides": ["buy"]},
        12,
        None,
        b"raw",
    ],
    ids=str,
)
def test_the_rest_stays_as_it_is(harmless: object) -> None:
    assert redacted(harmless) == harmless


def test_the_neighbours_of_a_secret_stay() -> None:
    assert redacted(f"connect(secret={VALUE}, retries=3)") == "connect(secret=***, retries=3)"
