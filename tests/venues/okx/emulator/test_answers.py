from __future__ import annotations

import json

import pytest

from botkit.venues.okx.emulator.answers import Refused, Verdict, acks, refusal, rows, unauthorized

OK = Verdict({"sCode": "0"})
BAD = Verdict({"sCode": "51000"}, "51000")


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [([OK], "0"), ([OK, OK], "0"), ([BAD], "1"), ([BAD, BAD], "1"), ([OK, BAD], "2"), ([BAD, OK], "2")],
    ids=["one", "all", "one failed", "all failed", "second failed", "first failed"],
)
def test_the_code_of_a_write_sums_its_items_up(verdicts: list[Verdict], code: str) -> None:
    assert acks(verdicts, 1, 2)["code"] == code


def test_a_write_says_when_it_came_and_when_it_went_in_microseconds() -> None:
    body = acks([OK], 1_695_190_491_421_339, 1_695_190_491_423_240)

    assert (body["inTime"], body["outTime"]) == ("1695190491421339", "1695190491423240")


def test_a_question_is_answered_with_rows() -> None:
    assert json.loads(rows([{"ts": "1"}]).encode()) == {"code": "0", "msg": "", "data": [{"ts": "1"}]}


def test_a_refused_request_has_no_data_and_its_own_status() -> None:
    answer = refusal(Refused("51000", "instType"))

    assert answer.status == 400
    assert answer.body == {"code": "51000", "msg": "Parameter instType error", "data": []}


def test_business_refusals_are_http_200() -> None:
    assert refusal(Refused("51603")).status == 200


def test_a_stranger_gets_a_code_and_nothing_else() -> None:
    answer = unauthorized(Refused("50119"))

    assert answer.status == 401
    assert answer.body == {"msg": "API key doesn't exist", "code": "50119"}
