"""What cannot be asked: the closed table, and the tricks that try to get round it."""

from __future__ import annotations

import copy
from types import new_class
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import InvariantError
from botkit.venues.okx.endpoints import Endpoint, Op, Permission, check_target, quota_key, target

# Money, keys and settings that OKX opens to a key which may trade (or withdraw).
DANGEROUS = [
    "/api/v5/asset/transfer",
    "/api/v5/asset/withdrawal",
    "/api/v5/asset/withdrawal-lightning",
    "/api/v5/asset/cancel-withdrawal",
    "/api/v5/asset/convert/trade",
    "/api/v5/asset/subaccount/transfer",
    "/api/v5/users/subaccount/apikey",
    "/api/v5/users/subaccount/modify-apikey",
    "/api/v5/users/subaccount/delete-apikey",
    "/api/v5/users/subaccount/set-transfer-out",
    "/api/v5/account/set-leverage",
    "/api/v5/account/set-position-mode",
    "/api/v5/account/set-account-level",
    "/api/v5/account/set-auto-loan",
    "/api/v5/account/set-fee-type",
    "/api/v5/account/set-settle-currency",
    "/api/v5/account/position/margin-balance",
    "/api/v5/account/activate-option",
    "/api/v5/account/spot-manual-borrow-repay",
    "/api/v5/copytrading/first-lead-trader",
    "/api/v5/copytrading/close-subposition",
    "/api/v5/rfq/create-rfq",
    "/api/v5/rfq/execute-quote",
    "/api/v5/finance/savings/purchase-redempt",
    "/api/v5/finance/staking-defi/purchase",
    "/api/v5/finance/flexible-loan/adjust-collateral",
    "/api/v5/trade/close-position",
    "/api/v5/trade/easy-convert",
    "/api/v5/trade/one-click-repay",
    "/api/v5/trade/order-algo",
    "/api/v5/tradingBot/grid/order-algo",
    "/api/v5/sprd/order",
    "/api/v5/fiat/create-withdrawal",
]
PATHS = {endpoint.path for endpoint in Endpoint}


@pytest.mark.parametrize("path", DANGEROUS)
def test_no_row_moves_money_keys_or_settings(path: str) -> None:
    assert path not in PATHS


@pytest.mark.parametrize("path", DANGEROUS)
def test_no_row_is_a_way_to_another_path(path: str) -> None:
    for endpoint in Endpoint:
        with pytest.raises(InvariantError):
            check_target(endpoint, path)


def test_what_a_key_needs_is_to_read_and_to_trade() -> None:
    assert {p.value for p in Permission} == {"public", "read", "trade"}


def test_only_orders_are_changed() -> None:
    assert {e.path for e in Endpoint if e.permission is Permission.TRADE} == {
        "/api/v5/trade/order",
        "/api/v5/trade/amend-order",
        "/api/v5/trade/cancel-order",
        "/api/v5/trade/cancel-batch-orders",
    }


def test_whatever_changes_something_is_a_post_and_needs_trade() -> None:
    for endpoint in Endpoint:
        assert (endpoint.method == "POST") == (endpoint.permission is Permission.TRADE)


def test_public_rows_are_not_signed_and_private_ones_are() -> None:
    for endpoint in Endpoint:
        is_public = endpoint.path.split("/")[3] in {"public", "market", "system"}
        assert endpoint.is_signed is not is_public


def test_the_sockets_ops_are_the_ones_for_orders_and_subscriptions() -> None:
    assert {op.value for op in Op} == {
        "login",
        "subscribe",
        "unsubscribe",
        "order",
        "amend-order",
        "cancel-order",
    }


@pytest.mark.parametrize("op", ["mass-cancel", "batch-orders", "withdraw", "sprd-order", "ORDER", ""])
def test_no_other_op_can_be_named(op: str) -> None:
    with pytest.raises(ValueError, match="is not a valid Op"):
        Op(op)


def test_no_row_can_be_added() -> None:
    rows: Any = Endpoint

    with pytest.raises(ValueError, match="not a valid Endpoint"):
        rows(("POST", "/api/v5/asset/transfer"))
    with pytest.raises(TypeError, match="cannot extend"):
        new_class("More", (rows,))


def test_a_row_made_behind_the_tables_back_is_refused() -> None:
    rogue = object.__new__(Endpoint)
    rogue._name_, rogue.method, rogue.path = "TRANSFER", "POST", "/api/v5/asset/transfer"

    with pytest.raises(InvariantError, match="is not an endpoint of the table"):
        check_target(rogue, "/api/v5/asset/transfer")


def test_a_row_is_not_copied() -> None:
    assert copy.deepcopy(Endpoint.PLACE) is Endpoint.PLACE


@pytest.mark.parametrize(
    "trick",
    [
        "/api/v5/trade//order",
        "//api/v5/trade/order",
        "/api/v5/trade/order/",
        "/api/v5/trade/./order",
        "/api/v5/account/../trade/order",
        "/api/v5/trade/order/../../asset/transfer",
        "/api/v5/trade/%6frder",
        "/api/v5/trade%2forder",
        "/api/v5/trade/order%2e%2e/asset",
        "/API/V5/trade/order",
        "/api/v5/trade/Order",
        "/api/v5/trade/order#",
        "/api/v5/trade/order;a=b",
        "/api/v5/trade/order\r\nHost: example.invalid",
        "/api/v5/trade/order ",
        "https://example.invalid/api/v5/trade/order",
        "@example.invalid/api/v5/trade/order",
        "/api/v5/trade/order?",
        "/api/v5/trade/order?instId=a?b=c",
        "/api/v5/trade/order?instId=a&&b=c",
        "/api/v5/trade/order?instId=a/../../asset",
        "/api/v5/trade/order?instId=a#b",
        "/api/v5/trade/order?instId=a b",
        "/api/v5/trade/order?instId=a\nb",
        "/api/v5/trade/order?=a",
        "/api/v5/trade/order?instId",
    ],
)
@pytest.mark.parametrize("endpoint", [Endpoint.ORDER, Endpoint.PLACE], ids=["GET", "POST"])
def test_a_target_that_only_looks_like_the_row_is_refused(endpoint: Endpoint, trick: str) -> None:
    with pytest.raises(InvariantError):
        check_target(endpoint, trick)


def test_a_post_takes_no_query() -> None:
    with pytest.raises(InvariantError):
        check_target(Endpoint.PLACE, "/api/v5/trade/order?instId=BTC-USDT")
    with pytest.raises(ValueError, match="PLACE takes its parameters in the body"):
        target(Endpoint.PLACE, {"instId": "BTC-USDT"})


def test_parameters_keep_their_order() -> None:
    text = target(Endpoint.ORDER, {"instId": "BTC-USDT-SWAP", "clOrdId": "bk1"})

    assert text == "/api/v5/trade/order?instId=BTC-USDT-SWAP&clOrdId=bk1"


def test_without_parameters_the_target_is_the_path() -> None:
    assert target(Endpoint.BALANCE) == "/api/v5/account/balance"
    assert target(Endpoint.BALANCE, {}) == "/api/v5/account/balance"


@pytest.mark.parametrize("name", ["", "a=b&c", "inst Id", "x\n", "1"])
def test_the_name_of_a_parameter_is_a_word(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a parameter"):
        target(Endpoint.BALANCE, {name: "x"})


@given(st.dictionaries(st.sampled_from(["ccy", "instId", "after"]), st.text(min_size=1)))
def test_no_value_can_become_anything_but_that_value(params: dict[str, str]) -> None:
    try:
        text = target(Endpoint.BALANCE, params)
    except UnicodeEncodeError:  # half of a pair of surrogates is no text that could be sent
        return

    check_target(Endpoint.BALANCE, text)
    assert dict(parse_qsl(text.partition("?")[2])) == params


def test_asking_twice_is_safe_but_for_orders_and_amendments() -> None:
    assert {e for e in Endpoint if not e.is_idempotent} == {Endpoint.PLACE, Endpoint.AMEND}


def test_orders_and_cancels_of_one_instrument_are_counted_apart() -> None:
    keys = {quota_key(e, "BTC-USDT") for e in (Endpoint.PLACE, Endpoint.AMEND, Endpoint.CANCEL)}

    assert len(keys) == 3


def test_orders_in_two_instruments_are_counted_apart_but_balances_are_not() -> None:
    assert quota_key(Endpoint.PLACE, "BTC-USDT") != quota_key(Endpoint.PLACE, "ETH-USDT")
    assert quota_key(Endpoint.BALANCE, "BTC-USDT") == quota_key(Endpoint.BALANCE, "ETH-USDT")
