"""An asyncio trading-bot framework: what a strategy author needs, and nothing else.

Indicators are in `botkit.indicators`.
"""

from __future__ import annotations

import decimal

from botkit.errors import BotkitError, ConfigError, StrategyError
from botkit.model.book import OrderBook
from botkit.model.events import Reconciled, TaskDone, TradingState
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.market import Bar, Funding, Quote, Trade
from botkit.model.order import Order, OrderStatus, OrderType, TimeInForce
from botkit.model.portfolio import Balance, Fill, Liquidity, Position
from botkit.model.side import Side
from botkit.strategy.params import Params, field
from botkit.strategy.state import State
from botkit.strategy.strategy import Strategy

__all__ = [
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

__version__ = "0.1.0"

# `Decimal("0.1") < 0.1` is True and no type checker minds. Money is Decimal and the market is
# float, so comparing one with the other raises: in this thread, and by default in later ones.
decimal.DefaultContext.traps[decimal.FloatOperation] = True
decimal.getcontext().traps[decimal.FloatOperation] = True
