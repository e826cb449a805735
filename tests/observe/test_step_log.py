from __future__ import annotations

from decimal import Decimal

from structlog.testing import capture_logs

from botkit.model.note import Note
from botkit.observe.step_log import StepLog
from tests.market import fill, quote
from tests.observe.steps import ledger, sent, step


def test_what_is_worth_telling_is_logged_with_its_numbers() -> None:
    books = ledger()
    log = StepLog(books)

    with capture_logs() as records:
        for turn in (sent(), step(fill(fee=Decimal("-0.1"), fee_currency="USDT")), step(quote())):
            books.observe(turn)
            log.observe(turn)

    assert records == [
        {
            "event": "order sent",
            "log_level": "info",
            "kind": "order",
            "strategy": "test",
            "order": "bk000001",
            "symbol": "BTC-USDT",
            "side": "buy",
            "size": "1",
            "limit_price": "100",
        },
        {
            "event": "order filled",
            "log_level": "info",
            "kind": "fill",
            "strategy": "test",
            "order": "bk000001",
            "symbol": "BTC-USDT",
            "side": "buy",
            "size": "1",
            "price": "100",
            "fee": "0.1 USDT",
            "liquidity": "unknown",
            "trade": "t1",
        },
    ]


def test_a_strategys_own_fields_cannot_hide_ours() -> None:
    fields = {"event": "a", "level": "b", "strategy": "c", "exc_info": "d", "mood": "e"}

    with capture_logs() as records:
        StepLog(ledger()).observe(
            step(quote(), Note(strategy="ema", level="warning", text="crossed", fields=fields))
        )

    assert records == [
        {
            "event": "crossed",
            "log_level": "warning",
            "kind": "note",
            "strategy": "ema",
            "event_": "a",
            "level_": "b",
            "strategy_": "c",
            "exc_info_": "d",
            "mood": "e",
        }
    ]
