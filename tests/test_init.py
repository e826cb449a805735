from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import botkit


def run(code: str) -> str:
    """Return what a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_public_names_are_these_and_no_others() -> None:
    assert botkit.__all__ == [
        "Balance",
        "Bar",
        "BotkitError",
        "ConfigError",
        "Fill",
        "Funding",
        "Instrument",
        "InstrumentKind",
        "Liquidity",
        "Order",
        "OrderBook",
        "OrderStatus",
        "OrderType",
        "Params",
        "Position",
        "Quote",
        "Reconciled",
        "Side",
        "State",
        "Strategy",
        "StrategyError",
        "TaskDone",
        "TimeInForce",
        "Trade",
        "TradingState",
        "__version__",
        "field",
    ]


def test_every_public_name_is_there() -> None:
    assert [name for name in botkit.__all__ if not hasattr(botkit, name)] == []


def test_the_version_is_that_of_the_project(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))

    assert botkit.__version__ == project["project"]["version"]


def test_a_strategy_author_does_not_wait_for_what_only_the_bot_needs() -> None:
    heavy = ("aiohttp", "asyncio", "polars", "prometheus_client", "rich", "structlog", "typer", "uvloop")

    loaded = run(f"import sys, botkit, botkit.indicators; print([m for m in {heavy} if m in sys.modules])")

    assert loaded == "[]"


@pytest.mark.parametrize("where", ["here", "in a thread"])
def test_money_is_not_compared_with_the_market_by_accident(where: str) -> None:
    compare = """
import botkit, decimal, threading

def compare():
    try:
        print(decimal.Decimal("0.1") < 0.1)
    except decimal.FloatOperation:
        print("refused")

"""
    call = "compare()" if where == "here" else "thread = threading.Thread(target=compare); thread.start()"

    assert run(compare + call) == "refused"
