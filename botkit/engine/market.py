"""What the engine knows of the market: the last word on each instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botkit.model.book import OrderBook

if TYPE_CHECKING:
    from botkit.model.market import Bar, BookUpdate, MarkPrice, Quote, Trade

__all__ = ["Market"]


class Market:
    """Last quote, trade, bar, mark and book by symbol; bars of the past are not kept."""

    def __init__(self) -> None:
        self.quotes: dict[str, Quote] = {}
        self.trades: dict[str, Trade] = {}
        self.bars: dict[str, Bar] = {}
        self.marks: dict[str, MarkPrice] = {}
        self._books: dict[str, OrderBook] = {}

    def quote(self, symbol: str) -> Quote | None:
        """Return the last best bid and offer, None if there was none."""
        return self.quotes.get(symbol)

    def book(self, symbol: str) -> OrderBook:
        """Return the order book, an empty one if nothing was heard."""
        book = self._books.get(symbol)
        if book is None:
            book = self._books[symbol] = OrderBook(symbol)
        return book

    def apply_book(self, update: BookUpdate) -> OrderBook:
        """Take in a book or a change; return the book."""
        book = self.book(update.symbol)
        book.apply(update)
        return book

    def reference(self, symbol: str) -> tuple[float | None, int]:
        """Return where the market is and when that was heard; (None, 0) if it is not known.

        A two-sided quote or book beats a trade, a trade beats the close of a bar,
        if it is not older than what it beats.
        """
        price: float | None = None
        heard_ns = 0
        bar = self.bars.get(symbol)
        if bar is not None:
            price, heard_ns = bar.close, bar.recv_ns
        trade = self.trades.get(symbol)
        if trade is not None and trade.recv_ns >= heard_ns:
            price, heard_ns = trade.price, trade.recv_ns
        book = self._books.get(symbol)
        if book is not None and book.updated_ns >= heard_ns and book.mid is not None:
            price, heard_ns = book.mid, book.updated_ns
        quote = self.quotes.get(symbol)
        if quote is not None and quote.recv_ns >= heard_ns and quote.bid > 0 and quote.ask > 0:
            price, heard_ns = quote.mid, quote.recv_ns
        return price, heard_ns
