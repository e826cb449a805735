from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from botkit.venues.okx.emulator.answers import Refused
from botkit.venues.okx.emulator.params import Params


def code_of(read: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        read()
    return refused.value.code


@pytest.mark.parametrize("value", ["", None], ids=["empty", "null"])
def test_empty_null_and_absent_are_the_same(value: object) -> None:
    for params in (Params({"x": value}), Params({})):
        assert params.text("x") == ""
        assert params.number("x") is None
        assert params.flag("x") is False
        assert not params.is_given("x")


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (5, "5"), (0.25, "0.25"), (True, "true"), (False, "false")]
)
def test_numbers_and_booleans_may_come_as_themselves(value: object, text: str) -> None:
    assert Params({"x": value}).text("x") == text


def test_a_list_is_no_text() -> None:
    assert code_of(lambda: Params({"x": []}).text("x")) == "51000"


def test_what_is_needed_and_not_there_is_refused() -> None:
    assert code_of(lambda: Params({}).needed("x")) == "50014"
    assert code_of(lambda: Params({}).positive("x")) == "50014"
    assert code_of(lambda: Params({}).one_of("x", {"a"})) == "50014"


def test_a_word_must_be_one_that_is_known() -> None:
    params = Params({"x": "a"})

    assert params.one_of("x", {"a", "b"}) == "a"
    assert Params({}).one_of("x", {"a"}, default="a") == "a"
    assert code_of(lambda: params.one_of("x", {"b"})) == "51000"


@pytest.mark.parametrize(("value", "number"), [("1.50", "1.50"), ("-3", "-3"), (7, "7"), (0.1, "0.1")])
def test_a_number_is_read_exactly(value: object, number: str) -> None:
    assert Params({"x": value}).number("x") == Decimal(number)


@pytest.mark.parametrize("text", ["1e5", "NaN", "inf", "1,5", "0x10", " 1", ".5", "--1"])
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    assert code_of(lambda: Params({"x": text}).number("x")) == "51000"


@pytest.mark.parametrize("text", ["0", "-1", "x"])
def test_a_size_must_be_more_than_nothing(text: str) -> None:
    assert code_of(lambda: Params({"x": text}).positive("x")) == "51000"


def test_a_limit_is_capped() -> None:
    assert Params({"x": "500"}).integer("x", default=100, most=300) == 300
    assert Params({}).integer("x", default=100, most=300) == 100


def test_a_flag_is_true_false_or_refused() -> None:
    assert Params({"x": True}).flag("x")
    assert Params({"x": "true"}).flag("x")
    assert not Params({"x": "false"}).flag("x")
    assert code_of(lambda: Params({"x": "yes"}).flag("x")) == "51000"


def test_a_pattern_is_checked_unless_nothing_is_given() -> None:
    letters = re.compile(r"[a-z]+")

    assert Params({"x": "abc"}).matching("x", letters) == "abc"
    assert Params({}).matching("x", letters) == ""
    assert code_of(lambda: Params({"x": "a-c"}).matching("x", letters)) == "51000"


def test_what_is_repeated_in_an_answer_is_text_or_nothing() -> None:
    assert Params({"x": "a"}).echo("x") == "a"
    assert Params({"x": ["a"]}).echo("x") == ""
    assert Params({"x": 5}).value("x") == 5
