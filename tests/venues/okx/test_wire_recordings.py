"""Every recorded REST payload is read by what reads it in earnest, or says why not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest

from botkit.venues.okx import wire
from botkit.venues.okx.account import (
    decode_balances,
    decode_fills,
    decode_orders,
    decode_positions,
)
from botkit.venues.okx.books import decode_book
from botkit.venues.okx.codec import decode_bars, decode_instruments, decode_server_time_ns
from botkit.venues.okx.errors import Verdict, verdict
from botkit.venues.okx.keys import decode_key_report, decode_settings
from botkit.venues.okx.orders import decode_acks
from tests.venues.okx.frames import BTC, NOW, RECORDED, encode, read, recorded

READ_BY: dict[str, Callable[[bytes], object]] = {
    "*/GET_public_time.json": decode_server_time_ns,
    "*instruments*.json": decode_instruments,
    "*/GET_market_books.json": decode_book,
    "*/GET_market_ticker*.json": wire.decoder(list[wire.TickerRow]).decode,
    "*/GET_market_candles.json": lambda data: decode_bars(data, BTC, "1m", NOW),
    "*/GET_market_history-candles.json": lambda data: decode_bars(data, BTC, "1m", NOW),
    "*/http_get_candlesticks.json": lambda data: decode_bars(data, BTC, "1m", NOW),
    "*/*account_config*.json": lambda data: (decode_key_report(data), decode_settings(data)),
    "*account_balance.json": lambda data: decode_balances(data, NOW),
    "*/http_balance_detail_new_fields.json": lambda data: decode_balances(b'[{"details":%s}]' % data, NOW),
    "*/GET_account_positions.json": lambda data: decode_positions(data, RECORDED, NOW),
    "*/http_get_positions.json": lambda data: decode_positions(data, RECORDED, NOW),
    "*/GET_trade_order.json": decode_orders,
    "*/GET_trade_orders-pending.json": decode_orders,
    "*/GET_trade_orders-history*.json": decode_orders,
    "*/http_get_orders_history.json": decode_orders,
    "*/http_get_orders_pending.json": decode_orders,
    "*/order_spot_market_quote.json": decode_orders,
    "*/GET_trade_fills*.json": lambda data: decode_fills(data, RECORDED, NOW),
    "*/http_transaction_detail.json": lambda data: decode_fills(data, RECORDED, NOW),
    "*/fill_spot_taker.json": lambda data: decode_fills(data, RECORDED, NOW),
    "*/POST_trade_order.json": decode_acks,
    "*/POST_trade_amend-order.json": decode_acks,
    "*/POST_trade_cancel-order.json": decode_acks,
    "*/POST_trade_*batch-orders.json": decode_acks,
    "*/http_place_order_response.json": decode_acks,
    "*_with_subcode.json": decode_acks,
    "*/batch_single_reject_51000.json": decode_acks,
    "*/order_reject_51119_legacy.json": decode_acks,
    "*/algo_reject_51000.json": decode_acks,
    "*/http401_*.body": lambda data: None,
    "*/top_level_58001.json": lambda data: None,
}
OUT_OF_SCOPE = {
    "*/INDEX.md": "not a payload",
    "rest/sign_vectors.json": "not a payload; read by test_signing.py",
    "rest/error_codes.json": "not a payload; read by test_errors.py",
    "*/POST_account_*": "settings, which are never changed from here",
    "*/http_set_position_mode_response.json": "settings, which are never changed from here",
    "*/*_asset_*": "the funding account, which is never touched from here",
    "*/*_users_subaccount*": "keys, which are never made from here",
    "*[-_]algo*": "orders that wait at the venue for a price: not used",
    "*/algo_trigger*": "orders that wait at the venue for a price: not used",
    "*/order_with_attached_trailing_stop.json": "orders that wait at the venue for a price: not used",
    "*/POST_trade_close-position.json": "not used: positions are closed by orders",
    "*/POST_trade_mass-cancel.json": "for options only",
    "*/POST_trade_order-precheck.json": "not used",
    "*/POST_trade_cancel-all-after.json": "only whether it was accepted matters",
    "*/GET_market_books-full.json": "a depth that is not used",
    "*/GET_market_books-rpi.json": "a depth that is not used",
    "*/*index-*": "prices of indices: not used",
    "*/*mark-price-candles.json": "bars of the mark price: not used",
    "*/GET_market_*trades.json": "past trades: not used",
    "*/*account-rate-limit.json": "not used",
    "*/account_rate_limit_empty_strings.json": "not used",
    "*/*account-position-risk.json": "not used",
    "*/*bill*": "the ledger: not used",
    "*/GET_account_*subtypes.json": "the ledger: not used",
    "*/GET_account_*leverage-info.json": "shown, not decided by",
    "*/*trade*fee*": "fees are booked as they are charged, by fill",
    "*/GET_account_max-*": "not used",
    "*/GET_account_positions-history.json": "not used",
    "*/GET_account_risk-state.json": "not used",
    "*/GET_public_convert-contract-coin.json": "not used: instruments say what a contract is worth",
    "*/GET_public_e*": "dated and event contracts are not traded here",
    "*/*funding*rate*": "funding is heard over the socket",
    "*/*mark*price.json": "the mark price is heard over the socket",
    "*/*position*tiers.json": "not used",
    "*/GET_public_price-limit.json": "not used",
    "*/*open*interest.json": "not used",
    "*/*underlying*": "not used",
    "*/GET_public_mm-instrument-types.json": "not used",
    "*/discount_rate_btc.json": "not used",
    "*/http_get_index_price.json": "prices of indices: not used",
    "*/http_get_option_summary.json": "options are not traded here",
    "*/http_get_spread*": "spreads are not traded here",
    "*/GET_system_status.json": "shown, not decided by",
}
FILES = recorded("rest/*.*", "rest/*/*")


def matches(name: str, patterns: Sequence[str]) -> list[str]:
    return [pattern for pattern in patterns if fnmatchcase(name, pattern)]


def rows(body: bytes) -> bytes:
    """Return the rows of an answer; some recordings are the rows, or one of them, alone."""
    value: Any = json.loads(body)
    if isinstance(value, dict) and "code" in value:
        return bytes(wire.decode_reply(body).data)
    return encode(value if isinstance(value, list) else [value])


@pytest.mark.parametrize("name", FILES)
def test_every_recording_is_read_or_says_why_not(name: str) -> None:
    readers = matches(name, list(READ_BY))
    reasons = matches(name, list(OUT_OF_SCOPE))

    assert bool(readers) is not bool(reasons), (readers, reasons)
    for reader in readers:
        READ_BY[reader](rows(read(name)))


@pytest.mark.parametrize("name", recorded("rest/errors/*.body"))
def test_every_recorded_refusal_of_a_key_is_one(name: str) -> None:
    assert verdict(wire.decode_reply(read(name)).code_text) is Verdict.UNAUTHORIZED


def test_no_pattern_is_left_over() -> None:
    unused = [
        pattern for pattern in [*READ_BY, *OUT_OF_SCOPE] if not any(fnmatchcase(n, pattern) for n in FILES)
    ]

    assert not FILES or unused == []
