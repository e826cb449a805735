from __future__ import annotations

import pytest

from tests.venues.okx.emulator.floors import Desk


@pytest.mark.parametrize("path", ["asset/currencies", "asset/balances"])
def test_the_funding_account_is_empty(path: str) -> None:
    assert Desk().rows(path, "trader") == []


def test_there_is_nothing_to_transfer() -> None:
    body = {"ccy": "USDT", "amt": "1", "from": "18", "to": "6"}

    assert Desk().post("asset/transfer", body).body["code"] == "58350"
    assert Desk().post("asset/transfer", {"ccy": "USDT"}).body["code"] == "50014"


def test_not_even_the_withdraw_key_withdraws() -> None:
    assert Desk().post("asset/withdrawal", {}, "withdraw").body["code"] == "59504"
