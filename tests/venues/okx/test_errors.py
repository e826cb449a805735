"""Which codes say no, later, unknown, or not with this key."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import LoginRefused, VenueBusy, VenueRejected, VenueUnreachable
from botkit.venues.okx.errors import CLOCK_CODES, LOGIN_AGAIN_CODES, Verdict, failure, remedy, verdict
from tests.venues.okx.frames import SHARED, read

# Documented as "back off and retry the same request", and nothing was done.
LATER_BUT_FOR_ORDERS_UNKNOWN = {"50001", "50013", "50026", "64007"}


def documented() -> dict[str, str | None]:
    if not SHARED.is_dir():
        pytest.skip("no folder of shared data beside this work tree")
    return {row["code"]: row["retry"] for row in json.loads(read("rest/error_codes.json"))["codes"]}


def test_zero_is_done() -> None:
    assert verdict("0") is Verdict.DONE


@pytest.mark.parametrize("code", ["50001", "50004", "50013", "50026", "51054", "51149", "51412", "64007"])
def test_what_may_have_been_executed_is_unknown(code: str) -> None:
    assert verdict(code) is Verdict.UNKNOWN


@pytest.mark.parametrize("code", ["1", "2", "500", "99999", "", "abcde", "5101", "510100"])
def test_a_code_that_nobody_has_documented_is_unknown(code: str) -> None:
    assert verdict(code) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "code", ["51008", "51020", "51121", "50036", "50037", "54051", "60012", "60018", "51400"]
)
def test_a_refusal_is_final(code: str) -> None:
    assert verdict(code) is Verdict.REFUSED


@pytest.mark.parametrize("code", ["50011", "50061", "60014", "51025", "51513"])
def test_too_much_is_later(code: str) -> None:
    assert verdict(code) is Verdict.LATER


def test_every_code_whose_outcome_is_documented_as_unknown_is() -> None:
    unknown = {code for code, retry in documented().items() if retry == "Q"}

    assert {code for code in unknown if verdict(code) is not Verdict.UNKNOWN} == set()


def test_every_code_to_come_back_with_is_later_or_unknown() -> None:
    later = {code for code, retry in documented().items() if retry == "B"}
    told_otherwise = {code for code in later if verdict(code) is not Verdict.LATER}

    # The last ones are limits of products that are not traded here.
    others = {"50057", "51260", "51261", "51262", "51263", "51299", "51342"}
    assert told_otherwise == LATER_BUT_FOR_ORDERS_UNKNOWN | others


def test_no_code_to_fix_or_to_stop_at_is_retried() -> None:
    final = {code for code, retry in documented().items() if retry in {"F", "S", "N"} and code != "0"}

    assert {code for code in final if verdict(code) in {Verdict.LATER, Verdict.UNKNOWN}} == set()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("51008", VenueRejected),
        ("50011", VenueBusy),
        ("50004", VenueUnreachable),
        ("77777", VenueUnreachable),
        ("50119", LoginRefused),
        ("50102", LoginRefused),
    ],
)
def test_a_code_becomes_the_error_for_who_must_act(code: str, kind: type[Exception]) -> None:
    error = failure(code, "the venue's words")

    assert type(error) is kind
    assert (error.code, error.message) == (code, "the venue's words")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("50110", "add this machine's address"),
        ("50119", "site where the account was opened"),
        ("60032", "site where the account was opened"),
        ("50101", "demo keys and live keys"),
        ("50105", "passphrase"),
        ("60024", "passphrase"),
        ("50113", "secret"),
        ("50102", "clock"),
        ("50120", "Read and Trade"),
    ],
)
def test_the_operator_is_told_what_to_do(code: str, advice: str) -> None:
    assert advice in str(failure(code, "no"))


def test_every_refused_login_has_advice() -> None:
    numbers = [*range(50100, 50122), *range(60001, 60034)]
    refused = [code for number in numbers if verdict(code := str(number)) is Verdict.UNAUTHORIZED]

    missing_header = {"50103", "50104", "50106", "50107"}  # ours to send, not the operator's to mend
    assert {code for code in refused if not remedy(code)} == missing_header


def test_no_advice_is_given_where_there_is_none() -> None:
    assert remedy("51008") == ""


def test_a_wrong_clock_is_worth_another_login() -> None:
    assert CLOCK_CODES < LOGIN_AGAIN_CODES


@given(st.text(max_size=8))
def test_every_code_has_a_verdict(code: str) -> None:
    assert verdict(code) in Verdict
