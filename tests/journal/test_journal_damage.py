"""Files that were changed, torn, taken away or never a journal: the start says so, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from botkit.errors import JournalError
from botkit.journal.journal import Journal
from botkit.journal.records import Record
from botkit.journal.tail import _HEADER
from tests.journal.disasters import image, tail_of
from tests.journal.samples import new_order

HEADER = _HEADER.size


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "bot.db"


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """Return a journal with two records in SQLite and three commits of one record in the tail."""
    with Journal.open(tmp_path / "bot.db", 0) as journal:
        for number in range(1, 6):
            journal.append(new_order(number), number)
            journal.commit()
            if number == 2:
                journal.settle()
        return image(tmp_path / "bot.db", tmp_path / "crashed")


def replayed(path: Path) -> list[Record]:
    with Journal.open(path, 0) as journal:
        return [record for _, record in journal.replay()]


def change(path: Path, at: int, data: bytes) -> None:
    """Overwrite bytes of a tail; `at` counts from the end of the header."""
    with tail_of(path).open("r+b") as file:
        file.seek(HEADER + at)
        file.write(data)


def write_off_the_machine(path: Path) -> None:
    """Make a tail one that another run of the machine wrote."""
    change(path, -48, b"another run".ljust(48, b"\0"))


def tamper(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_journal_of_a_later_botkit_is_refused(path: Path) -> None:
    Journal.open(path, 0).close()
    tamper(path, "PRAGMA user_version = 2")

    with pytest.raises(
        JournalError, match=r"has format 2, and this botkit knows formats up to 1\.\n  Install"
    ):
        Journal.open(path, 0)


def test_another_programs_database_is_refused_and_left_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    tamper(path, "CREATE TABLE somebody_elses (x)")
    before = path.read_bytes()

    with pytest.raises(JournalError, match="is a database, but not a journal"):
        Journal.open(path, 0)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"not a database, but long enough for one" * 100),
        lambda path: path.mkdir(),
        lambda path: path.parent.joinpath("bot.db.lock").mkdir(),
    ],
    ids=["other file", "folder", "no lock file"],
)
def test_what_cannot_be_a_journal_is_an_error(path: Path, spoil: Callable[[Path], object]) -> None:
    path.parent.mkdir()
    spoil(path)

    with pytest.raises(JournalError, match=str(path)):
        Journal.open(path, 0)


def test_a_refused_journal_is_let_go_again(path: Path) -> None:
    Journal.open(path, 0).close()
    tamper(path, "PRAGMA user_version = 2")
    with pytest.raises(JournalError):
        Journal.open(path, 0)
    tamper(path, "PRAGMA user_version = 1")

    Journal.open(path, 0).close()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE record SET payload = CAST('{}' AS BLOB) WHERE seq = 2", "record 2 was changed"),
        ("UPDATE record SET wall_ns = 7 WHERE seq = 2", "record 2 was changed"),
        ("UPDATE record SET epoch = 7 WHERE seq = 3", "record 3 was changed"),
        ("UPDATE record SET hash = x'00' WHERE seq = 3", "record 3 was changed"),
        ("DELETE FROM record WHERE seq = 2", "record 2 is missing"),
        ("DELETE FROM record WHERE seq = 1", "record 1 is missing"),
    ],
    ids=["content", "time", "epoch", "hash", "gap", "beginning"],
)
def test_a_change_made_behind_our_back_stops_the_start(path: Path, statement: str, problem: str) -> None:
    with Journal.open(path, 0) as journal:
        for number in (1, 2, 3):
            journal.append(new_order(number), 1)
    tamper(path, statement)

    with pytest.raises(JournalError, match=problem):
        Journal.open(path, 0)


def test_a_record_missing_just_before_the_recent_ones_stops_the_start(path: Path) -> None:
    with Journal.open(path, 0) as journal:
        for number in range(1, 1102):
            journal.append(new_order(number), 1)
    tamper(path, "DELETE FROM record WHERE seq = 101")

    with pytest.raises(JournalError, match="record 101 is missing"):
        Journal.open(path, 0)


def test_a_change_long_ago_is_found_by_the_full_check_and_by_replay(path: Path) -> None:
    with Journal.open(path, 0) as journal:
        for number in range(1, 1102):
            journal.append(new_order(number), 1)
    tamper(path, "UPDATE record SET wall_ns = 7 WHERE seq = 50")

    with Journal.open(path, 0) as journal:
        with pytest.raises(JournalError, match="record 50 was changed"):
            journal.verify()
        with pytest.raises(JournalError, match="record 50 was changed"):
            list(journal.replay())


def written(path: Path, count: int) -> bytearray:
    with Journal.open(path, 0) as journal:
        for number in range(count):
            journal.append(new_order(number), 1)
    return bytearray(path.read_bytes())


@pytest.mark.parametrize("torn", [bytes(4096), b"\x05" * 4096], ids=["zeros", "rubbish"])
def test_a_torn_page_of_long_ago_is_found_by_the_full_check_and_by_replay(path: Path, torn: bytes) -> None:
    data = written(path, 3000)
    data[20 * 4096 : 21 * 4096] = torn
    path.write_bytes(data)

    with Journal.open(path, 0) as journal:
        with pytest.raises(JournalError, match="cannot be relied on"):
            journal.verify()
        with pytest.raises(JournalError, match="cannot be relied on"):
            list(journal.replay())


def test_damage_outside_the_records_is_found_too(path: Path) -> None:
    written(path, 10)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'wall_ns INTEGER', 'wall_ns TEXT')")

    with Journal.open(path, 0) as journal, pytest.raises(JournalError, match="non-TEXT value in record"):
        journal.verify()


def test_a_torn_page_at_the_end_stops_the_start(path: Path) -> None:
    data = written(path, 200)
    data[-8 * 4096 : -4 * 4096] = bytes(4 * 4096)
    path.write_bytes(data)

    with pytest.raises(JournalError, match="cannot be relied on"):
        Journal.open(path, 0)


def test_a_locked_journal_cannot_be_opened_and_is_not_called_damaged(path: Path) -> None:
    Journal.open(path, 0).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"cannot be used: database is locked\.\n  See to"):
            Journal.open(path, 0)

    Journal.open(path, 0).close()


def test_a_crashed_journal_is_whole_after_the_start(crashed: Path) -> None:
    assert replayed(crashed) == [new_order(number) for number in range(1, 6)]


def test_a_journal_without_a_tail_opens_as_it_is(path: Path) -> None:
    written(path, 3)
    tail_of(path).unlink()

    assert len(replayed(path)) == 3


@pytest.mark.parametrize("size", [0, 1, HEADER - 1, HEADER])
def test_a_tail_whose_making_was_cut_short_is_made_again(path: Path, size: int) -> None:
    written(path, 3)
    with tail_of(path).open("r+b") as file:
        file.truncate(size)

    with Journal.open(path, 0) as journal:
        journal.append(new_order(9), 9)
        journal.commit()
        crashed = image(path, path.parent / "crashed")

    assert len(replayed(crashed)) == 4


@pytest.mark.parametrize(
    ("at", "data", "problem"),
    [
        (0, b"\xff", "tail is damaged at byte 0"),
        (8, b"\xff", "tail is damaged after byte 8"),
        (12, b"\x09", "record 3 is missing"),
        (100, b"\xff", "record 3 was changed"),
        (-HEADER, b"something else", "its tail is no tail"),
    ],
    ids=["length", "length of a record", "number", "payload", "header"],
)
def test_damage_in_the_middle_of_a_tail_stops_the_start(
    crashed: Path, at: int, data: bytes, problem: str
) -> None:
    before = tail_of(crashed).read_bytes()
    change(crashed, at, data)

    with pytest.raises(JournalError, match=problem):
        Journal.open(crashed, 0)

    change(crashed, -HEADER, before)
    assert len(replayed(crashed)) == 5, "the refused start has changed nothing"


def test_a_tail_beside_another_journal_stops_the_start(crashed: Path, path: Path) -> None:
    with Journal.open(path, 0) as journal:
        for number in (1, 2):
            journal.append(new_order(number), 100)
    tail_of(crashed).rename(tail_of(path))

    with pytest.raises(JournalError, match="record 3 was changed"):
        Journal.open(path, 0)


def test_a_tail_beside_an_older_copy_stops_the_start(crashed: Path, path: Path) -> None:
    written(path, 1)
    tail_of(crashed).rename(tail_of(path))

    with pytest.raises(JournalError, match="record 2 is missing"):
        Journal.open(path, 0)


def test_a_tail_that_says_otherwise_than_the_file_stops_the_start(crashed: Path) -> None:
    unsettled = tail_of(crashed).read_bytes()
    assert len(replayed(crashed)) == 5
    tail_of(crashed).write_bytes(unsettled)
    assert len(replayed(crashed)) == 5, "what SQLite has already is passed over"
    tail_of(crashed).write_bytes(unsettled)
    hash_at = unsettled.index(b'{"type"', HEADER) - HEADER - 16
    change(crashed, hash_at, b"\0")

    with pytest.raises(JournalError, match="record 3 is not as in its tail"):
        Journal.open(crashed, 0)


@pytest.mark.parametrize("at", [0, 8, 12, 100], ids=["length", "length of a record", "number", "payload"])
def test_what_the_machine_did_not_outlive_is_no_damage(crashed: Path, at: int) -> None:
    commit = (tail_of(crashed).stat().st_size - HEADER) // 3
    change(crashed, commit + at, bytes(40))
    write_off_the_machine(crashed)

    assert replayed(crashed) == [new_order(number) for number in (1, 2, 3)]


def test_a_tail_that_the_machine_outlived_is_taken_over_all_the_same(crashed: Path) -> None:
    write_off_the_machine(crashed)

    assert len(replayed(crashed)) == 5


def test_a_gap_that_a_loss_of_power_left_between_file_and_tail_is_no_damage(crashed: Path) -> None:
    tamper(crashed, "DELETE FROM record WHERE seq = 2")
    write_off_the_machine(crashed)

    assert replayed(crashed) == [new_order(1)]
