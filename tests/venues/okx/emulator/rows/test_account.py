from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from botkit.sim.listing import BTC_USDT_SWAP
from botkit.sim.types import BalanceReport, PositionReport
from botkit.venues.okx.emulator.rows.account import (
    balance_row,
    config_row,
    currency_row,
    fee_row,
    leverage_row,
    position_row,
)
from tests.venues.okx.emulator.floors import NOON_NS, caller


def a_balance(**terms: Any) -> BalanceReport:
    usual: dict[str, Any] = {
        "account": "1",
        "currency": "USDT",
        "cash": Decimal(1000),
        "frozen": Decimal(100),
        "margin": Decimal(50),
        "unrealized_pnl": Decimal(-10),
        "available": Decimal(840),
        "ns": NOON_NS,
    }
    return BalanceReport(**(usual | terms))


def a_position(**terms: Any) -> PositionReport:
    usual: dict[str, Any] = {
        "account": "1",
        "symbol": "BTC-USDT-SWAP",
        "position_id": 7,
        "size": Decimal("-0.05"),
        "average_price": Decimal(60_000),
        "mark_price": Decimal(60_100),
        "realized_pnl": Decimal(2),
        "unrealized_pnl": Decimal(-5),
        "fees": Decimal("-1.5"),
        "leverage": Decimal(3),
        "margin": Decimal("1001.666"),
        "last_trade_id": 99,
        "created_ns": NOON_NS,
        "ns": NOON_NS,
    }
    return PositionReport(**(usual | terms))


def usd(currency: str) -> Decimal | None:
    return {"USDT": Decimal(1), "BTC": Decimal(60_000)}.get(currency)


def documented(shared: Path, name: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads((shared / f"okx/fixtures/{name}.json").read_text())["data"][0]
    return row


@pytest.mark.parametrize(
    "name",
    [
        "rest/docs/GET_account_balance",
        "ws/private__account_snapshot__docs",
        "ws/private__account_snapshot_2026__ccxt",
    ],
)
def test_every_documented_key_of_a_balance_is_there(shared: Path, name: str) -> None:
    theirs = documented(shared, name)

    row = balance_row([a_balance()], usd, NOON_NS)

    assert theirs.keys() - row.keys() == set()
    assert theirs["details"][0].keys() - currency_row(a_balance(), Decimal(1)).keys() == set()


@pytest.mark.parametrize(
    ("name", "added"),
    [("rest/docs/GET_account_positions", set()), ("ws/private__positions_snapshot_single__docs", {"pTime"})],
    ids=["REST", "channel"],
)
def test_every_documented_key_of_a_position_is_there(shared: Path, name: str, added: set[str]) -> None:
    row = position_row(BTC_USDT_SWAP, a_position(), None)

    assert documented(shared, name).keys() - row.keys() == added


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("GET_account_config", config_row(caller("trader"))),
        ("GET_account_trade-fee", fee_row("SPOT", Decimal("-0.0008"), Decimal("-0.001"), NOON_NS)),
        ("GET_account_leverage-info", leverage_row("BTC-USDT-SWAP", Decimal(3))),
    ],
    ids=["configuration", "fees", "leverage"],
)
def test_every_documented_key_is_there(shared: Path, name: str, row: dict[str, Any]) -> None:
    assert documented(shared, f"rest/docs/{name}").keys() - row.keys() == set()


def test_the_configuration_shows_the_key_that_asks() -> None:
    trader, withdraw = config_row(caller("trader")), config_row(caller("withdraw"))

    assert (trader["perm"], trader["ip"], trader["label"]) == ("read_only,trade", "127.0.0.1,::1", "trader")
    assert withdraw["perm"] == "read_only,withdraw,trade"
    assert (trader["acctLv"], trader["posMode"], trader["feeType"]) == ("2", "net_mode", "0")


def test_a_master_account_has_one_id() -> None:
    master, trader = config_row(caller("master")), config_row(caller("trader"))

    assert (master["uid"] == master["mainUid"], master["type"]) == (True, "0")
    assert (trader["uid"] == trader["mainUid"], trader["type"]) == (False, "1")


def test_a_balance_adds_up() -> None:
    row = currency_row(a_balance(), Decimal(1))

    assert (row["cashBal"], row["eq"], row["availBal"], row["frozenBal"]) == ("1000", "990", "840", "150")
    assert (row["ordFrozen"], row["upl"], row["imr"]) == ("100", "-10", "50")


def test_what_is_owned_is_valued_in_dollars_where_there_is_a_price() -> None:
    balances = [
        a_balance(),
        a_balance(currency="BTC", cash=Decimal("0.5"), unrealized_pnl=Decimal(0)),
        a_balance(currency="XYZ"),
    ]

    row = balance_row(balances, usd, NOON_NS)

    assert row["totalEq"] == "30990"
    assert currency_row(balances[2], None)["eqUsd"] == ""


def test_a_position_is_in_contracts_and_signed() -> None:
    row = position_row(BTC_USDT_SWAP, a_position(), Decimal(60_200))

    assert (row["pos"], row["posSide"], row["mgnMode"], row["avgPx"]) == ("-5", "net", "cross", "60000")
    assert (row["upl"], row["uplLastPx"], row["realizedPnl"], row["notionalUsd"]) == (
        "-5",
        "-10",
        "0.5",
        "3005",
    )


def test_a_flat_position_has_no_price() -> None:
    flat = a_position(size=Decimal(0), average_price=Decimal(0), margin=Decimal(0), last_trade_id=0)

    row = position_row(BTC_USDT_SWAP, flat, None)

    assert (row["pos"], row["avgPx"], row["uplRatio"], row["tradeId"], row["last"]) == ("0", "", "0", "", "")


def test_fees_are_negative_when_they_are_paid() -> None:
    spot = fee_row("SPOT", Decimal("-0.0008"), Decimal("-0.001"), NOON_NS)
    swap = fee_row("SWAP", Decimal("-0.0002"), Decimal("-0.0005"), NOON_NS)

    assert (spot["maker"], spot["taker"], spot["takerU"]) == ("-0.0008", "-0.001", "")
    assert (swap["makerU"], swap["takerU"], swap["taker"]) == ("-0.0002", "-0.0005", "")
