from __future__ import annotations

import socket
import ssl

import pytest

from botkit.errors import ConfigError
from botkit.venues.address import Address
from botkit.venues.transport import checked_tls, why_unreachable


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(), "connection refused; is the emulator running?"),
        (socket.gaierror(-2, "Name or service not known"), "name cannot be resolved"),
        (ssl.SSLCertVerificationError(1, "unable to get local issuer"), "certificate is refused"),
        (ssl.SSLError(1, "wrong version"), "TLS failed"),
        (TimeoutError(), "no answer in time"),
        (OSError(113, "No route to host"), "No route to host"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
    ids=["refused", "unknown name", "certificate", "tls", "silence", "no route", "wordless"],
)
def test_an_operator_is_told_what_may_be_wrong(error: Exception, words: str) -> None:
    text = why_unreachable(Address.parse("http://127.0.0.1:1"), error)

    assert text.startswith("cannot reach http://127.0.0.1:1: ")
    assert words in text


def test_nobody_asks_whether_an_emulator_runs_at_the_venue() -> None:
    text = why_unreachable(Address.parse("https://openapi.okx.com"), ConnectionRefusedError())

    assert text == "cannot reach https://openapi.okx.com: connection refused"


def test_the_machines_trust_is_taken_when_none_is_named() -> None:
    context = checked_tls(None)

    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("verify", [ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED])
def test_trust_that_checks_no_host_name_is_refused(verify: ssl.VerifyMode) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = verify

    with pytest.raises(ConfigError, match="not offered"):
        checked_tls(context)
