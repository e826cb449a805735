"""Which failed logins are worth another try."""

from __future__ import annotations

import pytest

from botkit.errors import LoginRefused, ProtocolError
from botkit.venues.okx.login import Logins


@pytest.mark.parametrize("code", ["60005", "60007", "60024", "60032", "60033", "50110", "50119", "60099"])
def test_a_key_that_is_not_known_is_not_tried_again(code: str) -> None:
    error = Logins().refuse(code, "no")

    assert isinstance(error, LoginRefused)
    assert error.code == code


def test_a_refusal_says_what_to_do() -> None:
    error = Logins().refuse("60032", "API key doesn't exist")

    assert "site where the account was opened" in str(error)


def test_a_failure_without_a_reason_is_tried_once_more() -> None:
    logins = Logins()

    assert isinstance(logins.refuse("60009", "Login failed."), ProtocolError)
    assert isinstance(logins.refuse("60009", "Login failed."), LoginRefused)


def test_an_expired_timestamp_asks_for_the_time_first() -> None:
    logins = Logins()

    assert isinstance(logins.refuse("60006", "Timestamp expired"), ProtocolError)
    assert logins.needs_time


def test_a_clock_that_stays_wrong_is_the_operators_matter() -> None:
    logins = Logins()
    errors = [logins.refuse("60006", "Timestamp expired") for _ in range(3)]

    assert [type(error) for error in errors] == [ProtocolError, ProtocolError, LoginRefused]
    assert "clock" in str(errors[-1])


def test_a_venue_that_is_busy_is_asked_for_ever() -> None:
    logins = Logins()

    assert {type(logins.refuse(code, "later")) for code in ("60014", "63999") * 50} == {ProtocolError}


def test_a_login_that_succeeds_forgives_what_failed() -> None:
    logins = Logins()
    logins.refuse("60006", "Timestamp expired")
    logins.refuse("60009", "Login failed.")

    logins.accept()

    assert not logins.needs_time
    assert isinstance(logins.refuse("60009", "Login failed."), ProtocolError)
