"""The end of the process at any instruction: what `commit` returned from is there, and nothing by halves."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from botkit.journal.journal import Durability, Journal
from botkit.journal.records import Record
from botkit.model.events import StateChanged, TradingState
from tests.journal.disasters import image, tail_of
from tests.journal.samples import new_order

KILLED = StateChanged(recv_ns=1, state=TradingState.KILLED, reason="loss")

# Writes one, two, three, one, two ... orders a time and tells after each commit how many there are.
WRITER = """
import sys
from itertools import count
from pathlib import Path
from botkit.journal.journal import Journal
from tests.journal.samples import new_order
journal = Journal.open(Path(sys.argv[1]), 0)
number = sum(1 for _ in journal.replay())
for turn in count():
    for _ in range(turn % 3 + 1):
        number += 1
        journal.append(new_order(number), number)
    journal.commit()
    print(number, flush=True)
    if turn % int(sys.argv[2]) == 0:
        journal.settle()
"""


def write_until_killed(path: Path, repository: Path, commits: int, settle_every: int) -> int:
    """Let a process write, kill it after it told of `commits`; return the last number it told."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(settle_every)], cwd=repository, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(commits)]
        writer.kill()
        # What it told between our decision and its end; the last line may be torn.
        told += [int(line) for line in writer.stdout.read().split(b"\n")[:-1]]
    assert writer.returncode == -9
    return told[-1]


@pytest.mark.parametrize(("commits", "settle_every"), [(1, 1), (20, 1), (20, 7), (300, 2), (300, 1000)])
def test_every_record_whose_commit_returned_survives_kill_9(
    tmp_path: Path, repository: Path, commits: int, settle_every: int
) -> None:
    path = tmp_path / "bot.db"
    epochs = []
    for _ in range(2):
        told = write_until_killed(path, repository, commits, settle_every)

        with Journal.open(path, 0) as journal:
            epochs.append(journal.epoch)
            found = list(journal.replay())
            assert journal.verify() == len(found) >= told
        assert found == [(number, new_order(number)) for number in range(1, len(found) + 1)]
    assert epochs == [2, 4]


@contextmanager
def watched(at: Callable[[str], object]) -> Iterator[None]:
    """Call `at` before every statement to SQLite, and before and after everything done to a tail."""
    with pytest.MonkeyPatch.context() as patch:

        def watch(name: str, do: Callable[..., Any]) -> None:
            def watching(*arguments: Any) -> Any:
                at(f"before {name}")
                result = do(*arguments)
                at(f"after {name}")
                return result

            patch.setattr(os, name, watching)

        def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = sqlite3_connect(*arguments, **options)
            connection.set_trace_callback(at)
            return connection

        sqlite3_connect = sqlite3.connect
        patch.setattr(sqlite3, "connect", connect)
        for name in ("write", "ftruncate", "fsync"):
            watch(name, getattr(os, name))
        yield


class Day:
    """A journal's life, in which the process might have ended at any step; each leaves an image."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[Record] = []  # by commits that returned
        self.asked: list[Record] = []  # of them
        self.images: list[tuple[str, Path, list[Record], list[Record]]] = []
        self._numbers = count(1)

    def end_here(self, step: str) -> None:
        number = len(self.images)
        copy = image(self.path, self.path.with_name(f"image {number}"))
        self.images.append((f"{number}: {step}", copy, list(self.told), list(self.asked)))

    def commit(self, journal: Journal, records: int, *more: Record) -> None:
        batch = [*(new_order(next(self._numbers)) for _ in range(records)), *more]
        for record in batch:
            journal.append(record, 0)
        self.asked += batch
        journal.commit()
        self.told = list(self.asked)

    def live(self, durability: Durability) -> None:
        with Journal.open(self.path, 0, durability) as journal:
            self.commit(journal, 1)
            self.commit(journal, 3)
            journal.settle()
            self.commit(journal, 2)
            self.commit(journal, 1, KILLED)
            self.commit(journal, 2)
            journal.settle()
            self.commit(journal, 1)


def found_in(path: Path) -> list[Record]:
    """Start after a crash, write one more, start once more; return what was there at first."""
    with Journal.open(path, 0) as journal:
        found = [record for _, record in journal.replay()]
        journal.append(KILLED, 0)
    with Journal.open(path, 0) as journal:
        assert [record for _, record in journal.replay()] == [*found, KILLED]
        assert journal.verify() == len(found) + 1
    return found


@pytest.mark.parametrize("durability", Durability)
def test_a_crash_at_any_step_of_a_day_loses_nothing_and_leaves_no_half_commit(
    tmp_path: Path, durability: Durability
) -> None:
    day = Day(tmp_path / "bot.db")
    with watched(day.end_here):
        day.live(durability)

    assert len(day.images) > 30
    for step, copy, told, asked in day.images:
        assert found_in(copy) in (told, asked), step


@pytest.mark.parametrize("later", [1, 4, 9])
def test_a_copy_of_a_running_bots_journal_is_whole_if_the_tail_was_copied_first(
    tmp_path: Path, later: int
) -> None:
    day = Day(tmp_path / "bot.db")
    with watched(day.end_here):
        day.live(Durability.PROCESS)

    for (_, first, told, _), (step, then, _, asked) in zip(day.images, day.images[later:], strict=False):
        copy = image(then, tmp_path / f"copy {then.parent.name}")
        if tail_of(first).exists():
            shutil.copyfile(tail_of(first), tail_of(copy))
        found = found_in(copy)
        assert found == asked[: len(found)], step
        assert len(found) >= len(told), step


def test_a_crash_at_any_step_of_the_start_after_a_crash_loses_nothing(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "first.db", 0) as journal:
        for number in range(1, 6):
            journal.append(new_order(number), number)
            journal.commit()
            if number == 2:
                journal.settle()
        crashed = image(tmp_path / "first.db", tmp_path / "crashed")
    day = Day(crashed)
    with watched(day.end_here):
        Journal.open(crashed, 0).close()

    assert len(day.images) > 10
    for step, copy, _, _ in day.images:
        assert found_in(copy) == [new_order(number) for number in range(1, 6)], step


def test_a_crash_in_the_midst_of_what_sqlite_writes_loses_nothing(tmp_path: Path) -> None:
    """SQLite's log is cut within the transaction that settles; the tail still has it all."""
    path = tmp_path / "bot.db"
    with Journal.open(path, 0) as journal:
        for number in range(1, 4):
            journal.append(new_order(number), number)
            journal.commit()
        before = path.with_name("bot.db-wal").stat().st_size
        tail = tail_of(path).read_bytes()
        journal.settle()
        copy = image(path, tmp_path / "crashed")
    log = copy.with_name("bot.db-wal").read_bytes()
    assert len(log) > before

    for cut in sorted({*range(before, len(log), 700), len(log) - 1, len(log)}):
        copy.with_name("bot.db-wal").write_bytes(log[:cut])
        tail_of(copy).write_bytes(tail)
        again = image(copy, tmp_path / f"cut {cut}")
        assert found_in(again) == [new_order(number) for number in range(1, 4)], cut


def test_a_tail_cut_anywhere_loses_only_the_commit_the_cut_fell_in(tmp_path: Path) -> None:
    path, ends = tmp_path / "bot.db", []
    with Journal.open(path, 0) as journal:
        ends.append(tail_of(path).stat().st_size)
        for numbers in ((1,), (2, 3), (4,)):
            for number in numbers:
                journal.append(new_order(number), number)
            journal.commit()
            ends.append(tail_of(path).stat().st_size)
        crashed = image(path, tmp_path / "crashed")
    tail = tail_of(crashed).read_bytes()

    edges = {end + step for end in ends for step in (-1, 0, 1, 8, 9)}
    for cut in sorted({*range(0, len(tail), 7), *edges} - {at for at in edges if at > len(tail)}):
        copy = image(crashed, tmp_path / f"cut {cut}")
        tail_of(copy).write_bytes(tail[:cut])
        whole = (0, 1, 3, 4)[max(sum(end <= cut for end in ends) - 1, 0)]
        assert found_in(copy) == [new_order(number) for number in range(1, whole + 1)], cut
