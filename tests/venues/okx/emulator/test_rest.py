from __future__ import annotations

import pytest

from tests.venues.okx.emulator.floors import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_path_that_is_not_there_is_404(desk: Desk) -> None:
    answer = desk.get("public/nothing")

    assert (answer.status, answer.body["code"]) == (404, "404")


def test_a_method_that_is_not_allowed_is_405(desk: Desk) -> None:
    answer = desk.get("trade/batch-orders", "trader")

    assert (answer.status, answer.body["code"]) == (405, "50115")


def test_public_endpoints_ask_nobody_who_he_is(desk: Desk) -> None:
    assert desk.get("public/time").body["code"] == "0"


def test_a_stranger_is_401_without_data(desk: Desk) -> None:
    answer = desk.get("account/config")

    assert answer.status == 401
    assert answer.body.keys() == {"msg", "code"}
    assert answer.body["code"] == "50103"


@pytest.mark.parametrize(
    ("path", "body", "label", "code"),
    [
        ("trade/order", {"instId": "BTC-USDT"}, "readonly", "50120"),
        ("asset/withdrawal", {}, "trader", "50120"),
        ("asset/withdrawal", {}, "withdraw", "59504"),
    ],
    ids=["trade with a read key", "withdraw with a trade key", "withdraw from a sub-account"],
)
def test_a_key_does_what_it_may(desk: Desk, path: str, body: object, label: str, code: str) -> None:
    assert desk.post(path, body, label).body["code"] == code


def test_a_missing_permission_is_401(desk: Desk) -> None:
    assert desk.post("trade/order", {}, "readonly").status == 401


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"", {}, "50000"),
        (b"{", {}, "50002"),
        (b'"text"', {}, "50002"),
        (b"[1]", {}, "50002"),
        (b"{}", {"Content-Type": "text/plain"}, "50006"),
    ],
    ids=["empty", "broken", "no object", "a list of no objects", "wrong content type"],
)
def test_a_body_that_cannot_be_read_is_refused(
    desk: Desk, body: bytes, headers: dict[str, str], code: str
) -> None:
    assert desk.post("trade/order", body, **headers).body == {
        "code": code,
        "msg": desk.post("trade/order", body, **headers).body["msg"],
        "data": [],
    }


def test_the_charset_of_a_body_does_not_matter(desk: Desk) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}

    assert desk.post("account/set-leverage", {}, **headers).body["code"] == "50014"


def test_reading_too_often_is_429(desk: Desk) -> None:
    for _ in range(400):
        desk.get("public/time")

    answer = desk.get("public/time")

    assert (answer.status, answer.body["code"]) == (429, "50011")
    assert desk.get("public/instruments", instType="SPOT").status == 200


def test_the_limits_of_users_are_apart(desk: Desk) -> None:
    for _ in range(401):
        desk.get("account/config", "trader")

    assert desk.get("account/config", "trader").status == 429
    assert desk.get("account/config", "trader-2").status == 200
