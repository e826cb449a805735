"""An order book as the strategy sees it: sorted, owned by the engine, read by many."""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botkit.model.market import BookUpdate, Level

__all__ = ["OrderBook"]


class OrderBook:
    """Bids and offers of one instrument, best first.

    Prices are the venue's own doubles: the same text reads as the same double
    every time, so they are sound keys within one venue.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.updated_ns = 0
        self._bids = _Ladder(descending=True)
        self._asks = _Ladder(descending=False)

    def apply(self, update: BookUpdate) -> None:
        """Take in a snapshot or a change."""
        if update.is_snapshot:
            self._bids.clear()
            self._asks.clear()
        for price, size in update.bids:
            self._bids.put(price, size)
        for price, size in update.asks:
            self._asks.put(price, size)
        self.updated_ns = update.recv_ns

    @property
    def is_empty(self) -> bool:
        """Tell whether a side is missing, so that there is no price to be had."""
        return not self._bids.prices or not self._asks.prices

    @property
    def best_bid(self) -> float | None:
        """Return the highest bid, None if there is none."""
        return self._bids.best

    @property
    def best_ask(self) -> float | None:
        """Return the lowest offer, None if there is none."""
        return self._asks.best

    @property
    def mid(self) -> float | None:
        """Return the price halfway between the best bid and offer, None if a side is empty."""
        bid, ask = self.best_bid, self.best_ask
        return None if bid is None or ask is None else (bid + ask) / 2

    def bids(self, depth: int = 5) -> list[Level]:
        """Return the best `depth` bids, best first."""
        return list(islice(self._bids.levels(), depth))

    def asks(self, depth: int = 5) -> list[Level]:
        """Return the best `depth` offers, best first."""
        return list(islice(self._asks.levels(), depth))


class _Ladder:
    """One side of a book: sizes by price, and the prices in order."""

    def __init__(self, *, descending: bool) -> None:
        self.prices: list[float] = []
        self._sizes: dict[float, float] = {}
        self._descending = descending

    def clear(self) -> None:
        self.prices.clear()
        self._sizes.clear()

    def put(self, price: float, size: float) -> None:
        if size > 0:
            if price not in self._sizes:
                insort(self.prices, price)
            self._sizes[price] = size
        elif self._sizes.pop(price, None) is not None:
            del self.prices[bisect_left(self.prices, price)]

    @property
    def best(self) -> float | None:
        if not self.prices:
            return None
        return self.prices[-1] if self._descending else self.prices[0]

    def levels(self) -> Iterator[Level]:
        prices = reversed(self.prices) if self._descending else iter(self.prices)
        return ((price, self._sizes[price]) for price in prices)
