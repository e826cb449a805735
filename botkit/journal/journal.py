"""The journal: one record per bot of what it meant to do and what became of it, made before it acts.

    append(record) ... append(record)    in order, in memory
    commit()                             all of them on file, in one write to the tail
    act                                  only now
    settle()                             from the tail into SQLite, when there is time

What `commit` returned from survives `kill -9` of this process at any
instruction: `open` takes over the tail that it left. Surviving a loss of power
takes a disk's time, and is spent where it matters: on the boot epoch, because an
order id must never come twice, and on every change of the trading state, because
a bot that was killed must not come back to life. Those go into SQLite at once,
with all that waits before them, so that no loss of power leaves a gap between
the two files. `Durability.POWER` does that with every commit.

The file, `-wal` and `-tail` belong together: copy all three, and of a running bot
the tail first, because what leaves it afterwards is in the others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from botkit.errors import JournalError
from botkit.journal.chain import GENESIS, Entry, fault, link
from botkit.journal.database import Database, Durability, damaged
from botkit.journal.lock import JournalLock
from botkit.journal.records import KINDS, Record, Step, decode_record, encode_record, records_of
from botkit.journal.tail import Tail
from botkit.model.events import StateChanged

__all__ = ["Durability", "Journal"]

_RECENT: Final = 1000  # records checked at every opening; a full check reads the whole file

# Records in the tail before `commit` settles by itself: some milliseconds, if nobody did it earlier.
_MOST_UNSETTLED: Final = 512


class Journal:
    """The record of one bot, open for writing by one process."""

    def __init__(
        self,
        path: Path,
        database: Database,
        tail: Tail,
        durability: Durability = Durability.PROCESS,
    ) -> None:
        self._path = path
        self._database = database
        self._tail = tail
        self._durability = durability
        self._resources = ExitStack()
        self._epoch = 0
        self._seq = 0
        self._hash = GENESIS
        self._pending: list[Entry] = []
        self._unsettled: list[Entry] = []
        self._needs_disk = durability is Durability.POWER

    @classmethod
    def open(cls, path: Path, now_ns: int, durability: Durability = Durability.PROCESS) -> Journal:
        """Open the journal, make it if there is none, take over its tail, and begin a new boot epoch.

        Args:
            path: The file; its folder is made if need be.
            now_ns: Wall time.
            durability: What each commit survives.

        Raises:
            JournalError: If another process uses it, it was written by a later botkit, it is
                damaged, or it cannot be written.

        """
        with ExitStack() as resources:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = JournalLock.acquire(path, now_ns)
                resources.callback(lock.release)
                tail = Tail.beside(path)
                resources.callback(tail.close)
                database = Database.open(path)
                resources.callback(database.close)
                journal = cls(path, database, tail, durability)
                journal._begin(now_ns)
            except (OSError, sqlite3.Error) as error:
                raise JournalError(f"the journal {path} cannot be opened: {error}") from error
            journal._resources = resources.pop_all()
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
        return len(self._pending)

    @property
    def unsettled(self) -> int:
        """Return how many records are on file in the tail, and not in SQLite yet."""
        return len(self._unsettled)

    def append(self, record: Record, now_ns: int) -> int:
        """Add a record in memory; return its number. Nothing may be done about it before `commit`."""
        kind = type(record)
        if kind not in KINDS:
            raise TypeError(f"a {kind.__name__} is not journaled")
        payload = encode_record(record)
        seq = self._seq + 1
        digest = link(self._hash, seq, self._epoch, now_ns, payload)
        self._pending.append((seq, self._epoch, now_ns, payload, digest))
        self._seq, self._hash = seq, digest
        if kind is StateChanged:
            self._needs_disk = True
        return seq

    def commit(self) -> None:
        """Put every appended record on file, all or none.

        One write to the tail; into SQLite and onto the disk if one of them needs that. When 512
        records are unsettled, it settles first.

        Raises:
            JournalError: If that fails. The records stay in memory for another try; until one
                succeeds, nothing may be sent.

        """
        if not self._pending:
            return
        try:
            if self._needs_disk:
                self._store([*self._unsettled, *self._pending], Durability.POWER)
            else:
                if len(self._unsettled) >= _MOST_UNSETTLED:
                    self._store(self._unsettled, Durability.PROCESS)
                self._tail.append(self._pending)
                self._unsettled += self._pending
        except (OSError, sqlite3.Error) as error:
            raise JournalError(
                f"the journal {self._path} cannot be written: {error} "
                f"(records waiting: {len(self._pending)}).\n"
                "  Nothing is sent until they are written; free some space on the disk or mend it"
            ) from error
        self._pending.clear()
        self._needs_disk = self._durability is Durability.POWER

    def record(self, step: Step) -> None:
        """Append what of a step is kept, and commit it. Act on the step's effects only after this.

        Raises:
            JournalError: As `commit`.

        """
        now_ns = step.event.recv_ns
        for record in records_of(step):
            self.append(record, now_ns)
        self.commit()

    def settle(self) -> None:
        """Move what is in the tail into SQLite, in one transaction that does not wait for the disk.

        Call it after acting or when idle, never between an approval and its sending, and at least
        every 50 ms: whoever reads the file from outside sees what has been settled. It may be
        called at any time, costs nothing when nothing is unsettled, and does not wait for a
        program that has locked the file. Safety does not depend on it.

        Raises:
            JournalError: If it fails. Nothing is lost, the records stay in the tail, and commits go
                on until 512 of them wait there.

        """
        if not self._unsettled:
            return
        waiting = len(self._unsettled)
        try:
            self._store(self._unsettled, Durability.PROCESS)
        except sqlite3.Error as error:
            raise JournalError(
                f"the journal {self._path} cannot take over its tail: {error} (records in it: {waiting}).\n"
                f"  They are safe there, but from {_MOST_UNSETTLED} on nothing is sent; "
                "free some space on the disk, or close the program that has locked the file"
            ) from error

    def replay(self) -> Iterator[tuple[int, Record]]:
        """Settle, and yield every committed record with the time it was appended at, in order.

        Raises:
            JournalError: At the first record that is damaged, missing or unknown; or as `settle`.

        """
        self.settle()
        for _, _, wall_ns, payload, _ in self._database.entries():
            yield wall_ns, decode_record(payload)

    def verify(self) -> int:
        """Settle, and check the whole file; return how many records it has.

        Raises:
            JournalError: If a record was changed, moved or removed, or the file is damaged; or as
                `settle`.

        """
        self.settle()
        count = sum(1 for _ in self._database.entries())
        self._database.check()
        return count

    def checkpoint(self) -> None:
        """Move SQLite's write-ahead log into its file. Waits for the disk; may run in another thread.

        It does not settle, which is for the journal's own thread.

        Raises:
            JournalError: If it fails; what was committed is safe in the log all the same.

        """
        Database.checkpoint(self._path)

    def close(self) -> None:
        """Commit what is pending, settle, and let the files go, once.

        Raises:
            JournalError: If records are lost because they cannot be written, or as `settle`.

        """
        with self._resources:
            self.commit()
            self.settle()

    def _store(self, entries: list[Entry], durability: Durability) -> None:
        """Put into SQLite all that is in the tail, and what else is to go with it."""
        self._database.insert(entries, durability)
        if self._unsettled:
            self._unsettled.clear()
            self._tail.clear()

    def _begin(self, now_ns: int) -> None:
        self._seq = self._database.last()
        for entry in self._database.entries(max(self._seq - _RECENT, 0)):
            self._hash = entry[4]
        self._take_over()
        self._epoch = self._database.begin_epoch(now_ns)

    def _take_over(self) -> None:
        """Move what a crash left in the tail into SQLite, where it has to follow."""
        entries, damage, machine_went_down = self._tail.read()
        settled = self._seq
        lacking: list[Entry] = []
        for entry in entries:
            seq, digest = entry[0], entry[4]
            if seq > settled:
                problem = fault(entry, self._seq, self._hash)
            else:  # the crash came between settling and clearing
                problem = (
                    "" if self._database.hash_of(seq) == digest else f"record {seq} is not as in its tail"
                )
            if problem:
                damage = problem
                break
            if seq > settled:
                lacking.append(entry)
                self._seq, self._hash = seq, digest
        if damage and not machine_went_down:
            raise damaged(self._path, damage)
        if lacking:
            self._database.insert(lacking, Durability.POWER)
        self._tail.start()
