"""The SQLite file of a journal: its tables, its epochs, and the rows that are never changed.

Whoever looks into it from outside sees what has been settled, see `Journal`.

Source: https://www.sqlite.org/pragma.html#pragma_synchronous, https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Final

from botkit.errors import JournalError
from botkit.journal.chain import GENESIS, Entry, fault
from botkit.journal.records import kind_of
from botkit.model.duration import NS_PER_S

__all__ = ["Database", "Durability", "damaged"]

_APPLICATION: Final = 0x626F746B  # "botk", so that `file` and we know the file
_VERSION: Final = 1

# A checkpoint copies the log into the file and waits for the disk, which nobody wants between a
# quote and an order: `checkpoint()` does it when it suits, and SQLite only if that never comes.
_LOG_PAGES: Final = 16_000

# Another program may have locked the file, a database browser say.
_PATIENCE_MS: Final = 100

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
_INSERT: Final = "INSERT INTO record (seq, epoch, wall_ns, payload, hash, kind) VALUES (?, ?, ?, ?, ?, ?)"
_SELECT: Final = "SELECT seq, epoch, wall_ns, payload, hash FROM record WHERE seq > ? ORDER BY seq"

# If somebody deletes a journal, counting must not start over, or new orders would meet the fills
# of old ones: so epochs keep up with the calendar, second by second. Order ids have room till 2094.
_CALENDAR_START_NS: Final = 1_735_689_600 * NS_PER_S  # 2025-01-01
_CALENDAR_STEP_NS: Final = NS_PER_S


class Durability(Enum):
    """What is on file survives: the end of this process, or also the loss of power."""

    PROCESS = "process"
    POWER = "power"


# Whoever waits for the disk can wait for another program too; the rest has a tail to wait in.
_PRAGMAS: Final = {
    Durability.PROCESS: ("PRAGMA synchronous = NORMAL", "PRAGMA busy_timeout = 0"),
    Durability.POWER: ("PRAGMA synchronous = FULL", f"PRAGMA busy_timeout = {_PATIENCE_MS}"),
}


class Database:
    """The open file; one thread, one process."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._durability: Durability | None = None

    @classmethod
    def open(cls, path: Path) -> Database:
        """Open the file, for its owner only, and make it if there is none.

        Raises:
            JournalError: If it was written by a later botkit, is no journal or cannot be used.

        """
        try:
            # For its owner only; SQLite gives the log beside it the same rights.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            connection = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE_MS / 1000)
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"the journal {path} cannot be opened: {error}") from error
        try:
            with _reading(path):
                _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return cls(path, connection)

    def begin_epoch(self, now_ns: int) -> int:
        """Return the number of a new boot, when it is on the disk.

        Raises:
            JournalError: If it cannot be written.

        """
        last: int
        with _reading(self._path):
            ((last,),) = self._connection.execute("SELECT coalesce(max(epoch), 0) FROM boot")
            epoch = max(last + 1, (now_ns - _CALENDAR_START_NS) // _CALENDAR_STEP_NS)
            self._survive(Durability.POWER)
            self._connection.execute("INSERT INTO boot VALUES (?, ?)", (epoch, now_ns))
            # What a crash left in the log goes into the file while there is time.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return epoch

    def insert(self, entries: Sequence[Entry], durability: Durability) -> None:
        """Add the entries in one transaction, all or none.

        Raises:
            sqlite3.Error: If that fails.

        """
        execute = self._connection.execute
        try:
            self._survive(durability)
            execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, [(*entry, kind_of(entry[3])) for entry in entries])
            execute("COMMIT")
        except sqlite3.Error:
            with suppress(sqlite3.Error):  # often SQLite has rolled back by itself
                execute("ROLLBACK")
            raise

    def last(self) -> int:
        """Return the number of the last record, 0 if there is none."""
        last: int
        with _reading(self._path):
            ((last,),) = self._connection.execute("SELECT coalesce(max(seq), 0) FROM record")
        return last

    def hash_of(self, seq: int) -> bytes | None:
        """Return the hash of record `seq`, if there is one."""
        with _reading(self._path):
            found = self._connection.execute("SELECT hash FROM record WHERE seq = ?", (seq,)).fetchone()
        return found[0] if found else None

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Yield the entries after number `after`, each proved to follow the one before.

        Raises:
            JournalError: At the first one that is damaged or missing.

        """
        previous = self.hash_of(after) if after else GENESIS
        if previous is None:
            raise damaged(self._path, f"record {after} is missing")
        with _reading(self._path):
            for entry in self._connection.execute(_SELECT, (after,)):
                problem = fault(entry, after, previous)
                if problem:
                    raise damaged(self._path, problem)
                after, previous = entry[0], entry[4]
                yield entry

    def check(self) -> None:
        """Let SQLite check the whole file.

        Raises:
            JournalError: If it finds damage.

        """
        with _reading(self._path):
            (verdict,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise damaged(self._path, verdict)

    @staticmethod
    def checkpoint(path: Path) -> None:
        """Move the write-ahead log into the file, over a connection of its own: any thread may.

        Raises:
            JournalError: If it fails; what was committed is safe in the log all the same.

        """
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            raise JournalError(f"the log of the journal {path} cannot be moved: {error}") from error

    def close(self) -> None:
        """Let go, once."""
        self._connection.close()

    def _survive(self, durability: Durability) -> None:
        if durability is not self._durability:
            for pragma in _PRAGMAS[durability]:
                self._connection.execute(pragma)
            self._durability = durability


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
        raise damaged(path, str(error)) from error


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


def damaged(path: Path, problem: str) -> JournalError:
    """Return the error of a journal that cannot be relied on, with what to do about it."""
    return JournalError(
        f"the journal {path} cannot be relied on: {problem}.\n"
        "  Keep the file and its neighbours, put a backup in their place or move them away, "
        "and compare open orders and positions at the venue by hand before the next start"
    )
