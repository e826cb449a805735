from __future__ import annotations

import copy
import json
import pickle
import pprint
import re
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec
import orjson
import pytest

from botkit.errors import SecretError
from botkit.venues.secrets import Credentials, Secret

VALUE = "FAKE-not-a-real-secret-0123456789"
MAY_REVEAL = {"botkit/venues/okx/signing.py", "botkit/venues/okx/venue.py"}


@pytest.fixture
def secret() -> Secret:
    return Secret(VALUE)


@pytest.fixture
def credentials(secret: Secret) -> Credentials:
    return Credentials(key=Secret("FAKE-key"), secret=secret, passphrase=Secret("FAKE-passphrase"))


def test_a_secret_comes_out_only_when_asked(secret: Secret) -> None:
    assert secret.reveal() == VALUE.encode()
    assert Secret(VALUE.encode()).reveal() == VALUE.encode()


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        pprint.pformat,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!s:>40}".strip(),
        lambda secret: f"{secret:x}",
        "{0}".format,
        lambda secret: "%s" % (secret,),  # noqa: UP031  # one more way to print
    ],
    ids=["repr", "str", "pprint", "f-string", "padded", "format spec", "format", "percent"],
)
def test_a_secret_does_not_print(show: Callable[[Secret], str], secret: Secret) -> None:
    assert show(secret) == "Secret(***)"


@pytest.mark.parametrize(
    "leak",
    [
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        json.dumps,
        orjson.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        iter,
        len,
        bytes,
        hash,
        vars,
        lambda secret: secret == VALUE,
        lambda secret: secret == VALUE.encode(),
        lambda secret: secret != Secret(VALUE),
        lambda secret: secret < VALUE,
        lambda secret: secret in [VALUE, "FAKE-other"],
        lambda secret: secret[0],
        lambda secret: secret + "x",
        lambda secret: secret.__getstate__(),
        lambda secret: type("Loud", (Secret,), {}),
    ],
    ids=[
        *("copy", "deepcopy", "pickle", "json", "orjson", "msgspec", "msgpack", "builtins"),
        *("iteration", "length", "bytes", "hash", "vars"),
        *(
            "equal to text",
            "equal to bytes",
            "unequal",
            "order",
            "member",
            "index",
            "sum",
            "state",
            "subclass",
        ),
    ],
)
def test_a_secret_refuses(leak: Callable[[Secret], object], secret: Secret) -> None:
    with pytest.raises(TypeError) as refusal:
        leak(secret)

    assert VALUE not in str(refusal.value)


def test_a_traceback_with_locals_shows_no_secret(secret: Secret) -> None:
    def sign(given: Secret) -> None:
        raise ValueError(f"cannot sign with {given}")

    with pytest.raises(ValueError, match="cannot sign") as failure:
        sign(secret)

    shown = traceback.TracebackException.from_exception(failure.value, capture_locals=True)
    text = "".join(shown.format())
    assert "given = Secret(***)" in text
    assert VALUE not in text.replace(f"{VALUE!r}", "")  # the module's own constant


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(SecretError, match="empty"):
        Secret("")


def test_credentials_print_no_secret(credentials: Credentials) -> None:
    assert str(credentials) == "Credentials(key=Secret(***), secret=Secret(***), passphrase=Secret(***))"


@pytest.mark.parametrize(
    "leak", [pickle.dumps, copy.deepcopy, msgspec.json.encode], ids=["pickle", "deepcopy", "json"]
)
def test_credentials_refuse_what_their_secrets_refuse(
    leak: Callable[[Credentials], object], credentials: Credentials
) -> None:
    with pytest.raises(TypeError):
        leak(credentials)


def test_only_signing_reveals_secrets(repository: Path) -> None:
    callers = {
        path.relative_to(repository).as_posix()
        for path in (repository / "botkit").rglob("*.py")
        if re.search(r"\.\s*reveal\b(?!\(\)`)", path.read_text(encoding="utf-8"))
    }

    assert callers - MAY_REVEAL == set()
