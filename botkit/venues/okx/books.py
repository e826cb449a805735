"""Order books kept in step with OKX's sequence numbers, and nothing else: its checksum is always 0.

    SYNCING --snapshot--> LIVE --gap--> INVALID --restart--> SYNCING
       │                   ▲               ▲
       └--REST snapshot----┘               └-- too many changes before a snapshot, silence

                     SYNCING            LIVE                        INVALID
    snapshot         LIVE, replace      LIVE, replace               drop: in flight from before
    next change      keep for later     LIVE, apply                 drop
    gap              keep for later     INVALID, empty the book     drop

A change follows when its `prevSeqId` is the last `seqId`, and only then; its own
`seqId` may be lower, after maintenance, or the same, when nothing has changed
for a minute. A snapshot has the `prevSeqId` -1. Whoever owns the book subscribes
anew when it is INVALID and calls `restart` once the old subscription has ended.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from botkit.model.duration import NS_PER_MS
from botkit.model.market import BookUpdate
from botkit.venues.okx import wire
from botkit.venues.okx.codec import levels
from botkit.venues.okx.wire import BookRow

__all__ = ["BookState", "BookSync", "decode_book"]

_NO_SEQUENCE: Final = -1
_MOST_KEPT: Final = 1_000


class BookState(Enum):
    """How far a book is to be trusted."""

    SYNCING = "syncing"
    LIVE = "live"
    INVALID = "invalid"


class BookSync:
    """One instrument's book on one channel.

    Attributes:
        state: Only LIVE books are published.
        heard_ns: When the last frame came, changes or none.
        begun_ns: When it began to wait for the snapshot of its subscription.

    """

    def __init__(self, symbol: str, unit: float, now_ns: int = 0) -> None:
        """Begin to wait for a snapshot; `unit` is what one unit of size is in base currency."""
        self.state = BookState.SYNCING
        self.heard_ns = self.begun_ns = now_ns
        self._symbol = symbol
        self._unit = unit
        self._last = _NO_SEQUENCE
        self._is_seeded = False
        self._kept: list[tuple[BookRow, int]] = []

    def take(self, row: BookRow, recv_ns: int) -> list[BookUpdate]:
        """Take in a snapshot or a change; return what has become of the published book."""
        self.heard_ns = recv_ns
        if self.state is BookState.LIVE:
            return self._take_live(row, recv_ns)
        if self.state is BookState.INVALID:
            return []
        if row.prev_seq_id == _NO_SEQUENCE:
            return self._begin(row, recv_ns)
        self._kept.append((row, recv_ns))
        return self.invalidate(recv_ns) if len(self._kept) > _MOST_KEPT else []

    def seed(self, row: BookRow, recv_ns: int) -> list[BookUpdate]:
        """Begin from a REST snapshot, where the channel has sent none.

        A snapshot older than the changes kept since is of no use: nothing is
        returned, the book stays SYNCING, and a newer one must be fetched.
        """
        first = self._kept[0][0] if self._kept else None
        is_too_old = first is not None and first.prev_seq_id is not None and row.seq_id < first.prev_seq_id
        if self.state is not BookState.SYNCING or is_too_old:
            return []
        self._is_seeded = True
        return self._begin(row, recv_ns)

    def invalidate(self, recv_ns: int) -> list[BookUpdate]:
        """Trust the book no more; return what tells everybody, if they trusted it."""
        was_live = self.state is BookState.LIVE
        self.state = BookState.INVALID
        self._kept.clear()
        if not was_live:
            return []
        return [BookUpdate(recv_ns=recv_ns, symbol=self._symbol, bids=(), asks=(), is_snapshot=True)]

    def restart(self, now_ns: int) -> None:
        """Wait for the snapshot of a new subscription."""
        self.state = BookState.SYNCING
        self.heard_ns = self.begun_ns = now_ns
        self._last = _NO_SEQUENCE
        self._is_seeded = False
        self._kept.clear()

    def _begin(self, snapshot: BookRow, recv_ns: int) -> list[BookUpdate]:
        self.state = BookState.LIVE
        self._last = snapshot.seq_id
        updates = [self._update(snapshot, recv_ns, is_snapshot=True)]
        kept, self._kept = self._kept, []
        for row, kept_ns in kept:
            if row.seq_id > snapshot.seq_id:
                updates += self.take(row, kept_ns)
        return updates

    def _take_live(self, row: BookRow, recv_ns: int) -> list[BookUpdate]:
        if row.prev_seq_id == self._last:
            self._last = row.seq_id
            self._is_seeded = False
            return [self._update(row, recv_ns)] if row.bids or row.asks else []
        if row.prev_seq_id == _NO_SEQUENCE:
            self._last = row.seq_id
            return [self._update(row, recv_ns, is_snapshot=True)]
        if self._is_seeded and row.prev_seq_id is not None:
            return self._join(row, recv_ns)
        return self.invalidate(recv_ns)

    def _join(self, row: BookRow, recv_ns: int) -> list[BookUpdate]:
        """Take the first change after a REST snapshot, which lies between two of the channel's numbers."""
        assert row.prev_seq_id is not None
        if row.prev_seq_id <= row.seq_id <= self._last:
            return []  # the snapshot has it already
        self._is_seeded = False
        if row.prev_seq_id < self._last < row.seq_id:
            self._last = row.seq_id
            return [self._update(row, recv_ns)]
        return self.invalidate(recv_ns)

    def _update(self, row: BookRow, recv_ns: int, *, is_snapshot: bool = False) -> BookUpdate:
        return BookUpdate(
            recv_ns=recv_ns,
            venue_ns=row.ts * NS_PER_MS,
            symbol=self._symbol,
            bids=levels(row.bids, self._unit),
            asks=levels(row.asks, self._unit),
            is_snapshot=is_snapshot,
        )


def decode_book(data: bytes) -> BookRow | None:
    """Return the row of `market/books`, to `seed` a book with; None if there is none.

    Raises:
        ProtocolError: If it is no such row.

    """
    rows = wire.decode(data, _ROWS)
    return rows[0] if rows else None


_ROWS: Final = wire.decoder(list[BookRow])
