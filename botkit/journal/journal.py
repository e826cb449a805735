"""The journal: one SQLite file per bot, written before anything is done, never changed after.

    append(record) ... append(record)    in order, in memory
    commit()                             all of them on file, in one transaction
    act                                  only now

What `commit` returned from survives `kill -9` of this process. Surviving a loss
of power costs an fsync, twenty times as much, and is spent where it matters: on
the boot epoch, because an order id must never come twice, and on every change
of the trading state, because a bot that was killed must not come back to life.
`Durability.POWER` spends it on every commit.

Source: https://www.sqlite.org/pragma.html#pragma_synchronous, https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from botkit.errors import JournalError
from botkit.journal.chain import GENESIS, link
from botkit.journal.lock import JournalLock
from botkit.journal.records import KINDS, Record, Step, decode_record, encode_record, records_of
from botkit.model.duration import NS_PER_S
from botkit.model.events import StateChanged

__all__ = ["Durability", "Journal"]

_APPLICATION: Final = 0x626F746B  # "botk", so that `file` and we know the file
_VERSION: Final = 1
_TAIL: Final = 1000  # records checked at every opening; a full check reads the whole file

# A checkpoint copies the log into the file and waits for the disk, which nobody wants between a
# quote and an order: `checkpoint()` does it when it suits, and SQLite only if that never comes.
_LOG_PAGES: Final = 16_000

# Another program may have locked the file, a database browser say. While we wait nothing trades.
_PATIENCE_S: Final = 0.1

_SCHEMA: Final = f"""
    BEGIN EXCLUSIVE;
    CREATE TABLE boot (epoch INTEGER PRIMARY KEY, wall_ns INTEGER NOT NULL) STRICT;
    CREATE TABLE record (
        seq INTEGER PRIMARY KEY,
        epoch INTEGER NOT NULL,
        wall_ns INTEGER NOT NULL,
        kind TEXT NOT NULL,
        payload BLOB NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
    PRAGMA application_id = {_APPLICATION};
    PRAGMA user_version = {_VERSION};
    COMMIT;
"""
_INSERT: Final = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)"
_SELECT: Final = "SELECT seq, epoch, wall_ns, payload, hash FROM record WHERE seq > ? ORDER BY seq"

# Order ids hold four base-36 digits of epoch. If somebody deletes a journal, counting must not
# start over, or new orders would meet the fills of old ones: so epochs keep up with the calendar.
_CALENDAR_START_NS: Final = 1_735_689_600 * NS_PER_S  # 2025-01-01; the digits last until 2056
_CALENDAR_STEP_NS: Final = 600 * NS_PER_S

_Row = tuple[int, int, int, str, bytes, bytes]


class Durability(Enum):
    """What a commit survives: the end of this process, or also the loss of power."""

    PROCESS = "NORMAL"
    POWER = "FULL"


class Journal:
    """The record of one bot, open for writing by one process."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        lock: JournalLock,
        durability: Durability = Durability.PROCESS,
    ) -> None:
        self._path = path
        self._connection = connection
        self._lock = lock
        self._durability = durability
        self._epoch = 0
        self._seq = 0
        self._hash = GENESIS
        self._rows: list[_Row] = []
        self._needs_disk = False

    @classmethod
    def open(cls, path: Path, now_ns: int, durability: Durability = Durability.PROCESS) -> Journal:
        """Open the journal, make it if there is none, and begin a new boot epoch.

        Args:
            path: The file; its folder is made if need be.
            now_ns: Wall time.
            durability: What each commit survives.

        Raises:
            JournalError: If another process uses it, it was written by a later botkit, it is
                damaged, or it cannot be written.

        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = JournalLock.acquire(path, now_ns)
        except OSError as error:
            raise JournalError(f"the journal {path} cannot be opened: {error}") from error
        try:
            connection = _connect(path)
        except BaseException:
            lock.release()
            raise
        journal = cls(path, connection, lock, durability)
        try:
            journal._begin(now_ns)
        except BaseException:
            connection.close()
            lock.release()
            raise
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def epoch(self) -> int:
        """Return the number of this boot, greater than that of any before it."""
        return self._epoch

    @property
    def pending(self) -> int:
        """Return how many records were appended and are not on file yet."""
        return len(self._rows)

    def append(self, record: Record, now_ns: int) -> int:
        """Add a record in memory; return its number. Nothing may be done about it before `commit`."""
        kind = KINDS.get(type(record))
        if kind is None:
            raise TypeError(f"a {type(record).__name__} is not journaled")
        payload = encode_record(record)
        seq = self._seq + 1
        digest = link(self._hash, seq, self._epoch, now_ns, payload)
        self._rows.append((seq, self._epoch, now_ns, kind, payload, digest))
        self._seq, self._hash = seq, digest
        self._needs_disk = self._needs_disk or isinstance(record, StateChanged)
        return seq

    def commit(self) -> None:
        """Put every appended record on file, all or none.

        Raises:
            JournalError: If that fails. The records stay in memory for another try; until one
                succeeds, nothing may be sent.

        """
        if not self._rows:
            return
        try:
            if self._needs_disk:
                self._connection.execute("PRAGMA synchronous = FULL")
            self._write()
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):  # often SQLite has rolled back by itself
                self._connection.execute("ROLLBACK")
            raise JournalError(
                f"the journal {self._path} cannot be written: {error} (records waiting: {len(self._rows)}).\n"
                "  Nothing is sent until they are written; free some space on the disk or mend it"
            ) from error
        self._rows.clear()
        if self._needs_disk:
            self._needs_disk = False
            self._connection.execute(f"PRAGMA synchronous = {self._durability.value}")

    def record(self, step: Step) -> None:
        """Append what of a step is kept, and commit it. Act on the step's effects only after this.

        Raises:
            JournalError: As `commit`.

        """
        records = records_of(step)
        if records:
            now_ns = step.event.recv_ns
            for record in records:
                self.append(record, now_ns)
            self.commit()

    def replay(self) -> Iterator[tuple[int, Record]]:
        """Yield every committed record with the time it was appended at, in order.

        Raises:
            JournalError: At the first record that is damaged, missing or unknown.

        """
        for _, _, wall_ns, payload, _ in self._chain(0):
            yield wall_ns, decode_record(payload)

    def verify(self) -> int:
        """Check the whole file; return how many records it has.

        Raises:
            JournalError: If a record was changed, moved or removed, or the file is damaged.

        """
        count = sum(1 for _ in self._chain(0))
        with _reading(self._path):
            (verdict,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise _damaged(self._path, verdict)
        return count

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file. Waits for the disk; may run in another thread.

        Raises:
            JournalError: If it fails; what was committed is safe in the log all the same.

        """
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            raise JournalError(f"the log of the journal {self._path} cannot be moved: {error}") from error

    def close(self) -> None:
        """Commit what is pending and let the file go, once.

        Raises:
            JournalError: If records are lost because they cannot be written.

        """
        try:
            self.commit()
        finally:
            self._connection.close()
            self._lock.release()

    def _begin(self, now_ns: int) -> None:
        with _reading(self._path):
            _prepare(self._connection, self._path)
            ((last,),) = self._connection.execute("SELECT coalesce(max(seq), 0) FROM record")
            for seq, _, _, _, digest in self._chain(max(last - _TAIL, 0)):
                self._seq, self._hash = seq, digest
            self._epoch = self._next_epoch(now_ns)
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("INSERT INTO boot VALUES (?, ?)", (self._epoch, now_ns))
            # What a crash left in the log goes into the file while there is time.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute(f"PRAGMA synchronous = {self._durability.value}")

    def _next_epoch(self, now_ns: int) -> int:
        last: int
        ((last,),) = self._connection.execute("SELECT coalesce(max(epoch), 0) FROM boot")
        by_calendar = (now_ns - _CALENDAR_START_NS) // _CALENDAR_STEP_NS
        return max(last + 1, by_calendar)

    def _write(self) -> None:
        if len(self._rows) == 1:
            self._connection.execute(_INSERT, self._rows[0])  # a transaction by itself
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(_INSERT, self._rows)
        self._connection.execute("COMMIT")

    def _chain(self, after: int) -> Iterator[tuple[int, int, int, bytes, bytes]]:
        """Yield the rows after number `after`, each proved to follow the one before."""
        previous = GENESIS
        with _reading(self._path):
            if after:
                found = self._connection.execute("SELECT hash FROM record WHERE seq = ?", (after,)).fetchone()
                if found is None:
                    raise _damaged(self._path, f"record {after} is missing")
                (previous,) = found
            for row in self._connection.execute(_SELECT, (after,)):
                seq, epoch, wall_ns, payload, digest = row
                after += 1
                if seq != after:
                    raise _damaged(self._path, f"record {after} is missing")
                if digest != link(previous, seq, epoch, wall_ns, payload):
                    raise _damaged(self._path, f"record {seq} was changed after it was written")
                previous = digest
                yield row


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a file it cannot read into what the operator should do."""
    try:
        yield
    except sqlite3.OperationalError as error:  # the disk, the file's rights, another program
        raise JournalError(
            f"the journal {path} cannot be used: {error}.\n"
            "  See to the disk, to whom the file belongs and to programs that look into it, and start again"
        ) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error


def _connect(path: Path) -> sqlite3.Connection:
    try:
        # For its owner only; SQLite gives the log beside it the same rights.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE_S)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"the journal {path} cannot be opened: {error}") from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file; refuse a file that is not ours or not of our time."""
    ((application,),) = connection.execute("PRAGMA application_id")
    ((version,),) = connection.execute("PRAGMA user_version")
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
    if tables and application != _APPLICATION:
        raise JournalError(f"{path} is a database, but not a journal.\n  Name another file")
    if version > _VERSION:
        raise JournalError(
            f"the journal {path} has format {version}, and this botkit knows formats up to {_VERSION}.\n"
            "  Install the version that wrote it"
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    if not tables:
        connection.executescript(_SCHEMA)


def _damaged(path: Path, problem: str) -> JournalError:
    return JournalError(
        f"the journal {path} cannot be relied on: {problem}.\n"
        "  Keep the file, put a backup in its place or move it away, "
        "and compare open orders and positions at the venue by hand before the next start"
    )
