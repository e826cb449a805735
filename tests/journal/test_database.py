from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from botkit.errors import JournalError
from botkit.journal.chain import GENESIS, Entry, link
from botkit.journal.database import Database, Durability, damaged
from botkit.journal.records import encode_record
from tests.journal.samples import new_order

PAYLOAD = encode_record(new_order())


def entry(seq: int, previous: bytes = GENESIS) -> Entry:
    return (seq, 1, seq * 10, PAYLOAD, link(previous, seq, 1, seq * 10, PAYLOAD))


ONE = entry(1)
TWO = entry(2, ONE[4])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "bot.db")
    yield database
    database.close()


def test_what_was_inserted_comes_back_in_order(database: Database) -> None:
    database.insert([ONE, TWO], Durability.PROCESS)

    assert list(database.entries()) == [ONE, TWO]
    assert list(database.entries(1)) == [TWO]
    assert (database.last(), database.hash_of(2), database.hash_of(3)) == (2, TWO[4], None)


def test_an_empty_one_has_nothing(database: Database) -> None:
    assert list(database.entries()) == []
    assert database.last() == 0


def test_the_kind_is_a_column_for_those_who_look_in(database: Database) -> None:
    database.insert([ONE], Durability.PROCESS)

    assert database._connection.execute("SELECT kind FROM record").fetchall() == [("new_order",)]


def test_of_a_transaction_that_fails_nothing_is_left(database: Database) -> None:
    database.insert([ONE], Durability.PROCESS)
    with pytest.raises(sqlite3.IntegrityError):
        database.insert([TWO, ONE], Durability.PROCESS)
    assert database.last() == 1

    database.insert([TWO], Durability.POWER)

    assert database.last() == 2


def test_entries_after_one_that_is_missing_are_not_given(database: Database) -> None:
    with pytest.raises(JournalError, match="record 5 is missing"):
        list(database.entries(5))


def test_every_epoch_is_greater_whatever_the_clock_says(database: Database) -> None:
    now_ns = 1_800_000_000 * 10**9

    assert [database.begin_epoch(now) for now in (0, 0, now_ns, 0)] == [1, 2, 64_310_400, 64_310_401]


def test_a_sound_file_passes_the_check(database: Database) -> None:
    database.insert([ONE, TWO], Durability.PROCESS)

    database.check()


def test_damage_is_named_with_what_to_do(tmp_path: Path) -> None:
    error = str(damaged(tmp_path / "bot.db", "record 7 is missing"))

    assert "bot.db cannot be relied on: record 7 is missing." in error
    assert "compare open orders and positions at the venue by hand" in error
