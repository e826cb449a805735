from __future__ import annotations

import io
import json
from decimal import Decimal

import orjson
import pytest
from rich.console import Console, RenderableType

from botkit.model.events import Reconciled, Started
from botkit.model.side import Side
from botkit.observe.ledger import Ledger
from botkit.observe.summary import RunSummary, verdict
from botkit.risk.scope import KeyScope
from tests.market import NOON, S, fill, quote
from tests.observe.steps import ledger, refused, sent, step

TRADE_ONLY = KeyScope(permissions=("read_only", "trade"))
EXCUSED = KeyScope(permissions=("read_only", "trade"), warnings=("the key is bound to no IP address",))
TOO_MUCH = KeyScope(permissions=("read_only", "trade", "withdraw"), findings=("the key can withdraw",))


@pytest.fixture
def run() -> Ledger:
    books = ledger()
    for turn in (
        step(Started(recv_ns=NOON, epoch=1)),
        step(Reconciled(recv_ns=NOON, fills=0, orders=0)),
        sent(strategy="ema"),
        step(fill("2", "100", recv_ns=NOON + S, fee=Decimal("-0.2"), fee_currency="USDT")),
        sent(strategy="ema", client_order_id="bk2", side=Side.SELL),
        step(fill("1", "110", Side.SELL, client_order_id="bk2", trade_id="t2", recv_ns=NOON + 2 * S)),
        step(quote(104.0, 106.0, recv_ns=NOON + 60 * S), refused(strategy="grid")),
    ):
        books.observe(turn)
    return books


def drawn(renderable: RenderableType) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80).print(renderable)
    return stream.getvalue()


def test_the_summary_as_json_says_everything(run: Ledger) -> None:
    summary = RunSummary(run, started_ns=NOON - S // 2, key_scope=TRADE_ONLY, seed=7).as_json()

    assert json.loads(orjson.dumps(summary)) == {
        "seed": 7,
        "duration_s": 60.5,
        "first_fill_s": 1.5,
        "orders": 2,
        "fills": 2,
        "refused": {"price_collar": 1},
        "fees": {"USDT": "0.2"},
        "pnl": {
            "ema": {"USDT": {"realized": "10", "unrealized": "5", "fees": "0.2", "total": "14.8"}},
            "grid": {},
        },
        "strategies": {
            "ema": {"orders": 2, "fills": 2, "refused": 0},
            "grid": {"orders": 0, "fills": 0, "refused": 1},
        },
        "state": "active",
        "key_scope": {
            "trade_only": True,
            "permissions": ["read_only", "trade"],
            "findings": [],
            "warnings": [],
        },
    }


def test_without_a_moment_to_start_from_the_first_event_is_it(run: Ledger) -> None:
    summary = RunSummary(run).as_json()

    assert (summary["duration_s"], summary["first_fill_s"]) == (60.0, 1.0)


def test_a_run_in_which_nothing_happened_has_a_summary_too() -> None:
    summary = RunSummary(ledger())

    as_json = summary.as_json()
    assert (as_json["orders"], as_json["fills"], as_json["first_fill_s"]) == (0, 0, None)
    assert (as_json["seed"], as_json["key_scope"], as_json["duration_s"]) == (None, None, 0.0)
    assert "0 orders and 0 fills" in drawn(summary.render())


def test_the_summary_for_people_says_what_was_earned_and_what_to_type_next(run: Ledger) -> None:
    text = drawn(RunSummary(run, key_scope=TRADE_ONLY, seed=7).render("botkit run configs/demo.toml"))

    assert text.splitlines()[0] == "2 orders and 2 fills in 60 s, the first after 1.0 s"
    assert "+14.80 USDT" in text
    assert "0.2 USDT" in text
    assert "1 by price_collar" in text
    assert "PnL is after fees" in text
    assert "trade only, cannot withdraw" in text
    assert text.splitlines()[-1] == "next: botkit run configs/demo.toml"


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (None, "none needed"),
        (TRADE_ONLY, "trade only, cannot withdraw"),
        (EXCUSED, "trade only, cannot withdraw; excused: 1"),
        (TOO_MUCH, "refused: the key can withdraw"),
    ],
    ids=["no key", "trade only", "excused", "refused"],
)
def test_the_verdict_on_a_key_is_said_in_a_few_words(scope: KeyScope | None, words: str) -> None:
    assert verdict(scope) == words
