from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botkit.errors import JournalError
from botkit.journal.journal import Durability, Journal
from botkit.journal.records import Record
from botkit.model.events import StateChanged, TradingState
from botkit.model.market import Quote
from botkit.model.note import Note
from tests.journal.samples import BTC, EVERY_KIND, new_order, records

LONG_NOTE = Note(strategy="ema", level="info", text="x" * 5000)
KILLED = StateChanged(recv_ns=1, state=TradingState.KILLED, reason="loss")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "bot.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path, 0) as journal:
        yield journal


def replayed(path: Path) -> list[Record]:
    with Journal.open(path, 0) as journal:
        return [record for _, record in journal.replay()]


def tamper(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def synchronous(journal: Journal) -> int:
    ((level,),) = journal._connection.execute("PRAGMA synchronous")
    return int(level)


def test_what_was_committed_is_there_after_a_restart_in_order_and_with_its_time(path: Path) -> None:
    with Journal.open(path, 0) as journal:
        for number, record in enumerate(EVERY_KIND):
            journal.append(record, 100 + number)
        journal.commit()

    with Journal.open(path, 0) as journal:
        assert list(journal.replay()) == [(100 + n, record) for n, record in enumerate(EVERY_KIND)]


def test_what_was_only_appended_is_not_on_file(journal: Journal) -> None:
    journal.append(new_order(), 1)

    assert journal.pending == 1
    assert list(journal.replay()) == []


def test_records_are_numbered_on_over_restarts(path: Path) -> None:
    with Journal.open(path, 0) as journal:
        assert [journal.append(new_order(n), 1) for n in (1, 2)] == [1, 2]

    with Journal.open(path, 0) as journal:
        assert journal.append(new_order(3), 1) == 3


def test_closing_commits(path: Path) -> None:
    with Journal.open(path, 0) as journal:
        journal.append(new_order(), 1)

    assert replayed(path) == [new_order()]


def test_market_events_are_not_taken(journal: Journal) -> None:
    quote = Quote(recv_ns=1, symbol=BTC, bid=1.0, bid_size=1.0, ask=2.0, ask_size=1.0)

    with pytest.raises(TypeError, match="a Quote is not journaled"):
        journal.append(quote, 1)  # type: ignore[arg-type]  # what is tested


@settings(deadline=None)  # a disk takes its time
@given(batches=st.lists(st.lists(records, max_size=4), max_size=6), restarts=st.sets(st.integers(0, 5)))
def test_replay_gives_exactly_what_was_appended(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Record]], restarts: set[int]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "bot.db"
    journal = Journal.open(path, 0)
    for number, batch in enumerate(batches):
        for record in batch:
            journal.append(record, number)
        journal.commit()
        if number in restarts:
            journal.close()
            journal = Journal.open(path, 0)

    with journal:
        expected = [(number, record) for number, batch in enumerate(batches) for record in batch]
        assert list(journal.replay()) == expected
        assert journal.verify() == len(expected)


def test_every_boot_has_a_greater_epoch(path: Path) -> None:
    epochs = []
    for _ in range(3):
        with Journal.open(path, 0) as journal:
            epochs.append(journal.epoch)

    assert epochs == [1, 2, 3]


def test_an_epoch_is_never_used_again_though_the_journal_was_deleted(tmp_path: Path) -> None:
    now_ns = 1_800_000_000 * 10**9
    with Journal.open(tmp_path / "old.db", now_ns) as old:
        deleted = old.epoch

    with Journal.open(tmp_path / "new.db", now_ns + 600 * 10**9) as new:
        assert new.epoch > deleted
        assert new.epoch < 36**4


def test_the_clock_set_back_does_not_take_the_epoch_back(path: Path) -> None:
    with Journal.open(path, 1_800_000_000 * 10**9) as journal:
        before = journal.epoch

    with Journal.open(path, 0) as journal:
        assert journal.epoch == before + 1


def test_a_second_instance_is_refused(journal: Journal, path: Path) -> None:
    with pytest.raises(JournalError, match="in use by process"):
        Journal.open(path, 0)

    journal.append(new_order(), 1)
    journal.commit()
    assert len(list(journal.replay())) == 1


def test_a_journal_is_for_its_owner_only(journal: Journal, path: Path) -> None:
    journal.append(new_order(), 1)
    journal.commit()

    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("bot.db", "bot.db-wal", "bot.db-shm", "bot.db.lock"), 0o600)


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


def test_a_record_missing_just_before_the_tail_stops_the_start(path: Path) -> None:
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


def test_a_full_disk_is_an_error_and_nothing_is_lost(journal: Journal) -> None:
    ((pages,),) = journal._connection.execute("PRAGMA page_count")
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    journal.append(LONG_NOTE, 1)
    journal.append(new_order(), 2)

    with pytest.raises(JournalError, match=r"cannot be written: .* full \(records waiting: 2\)") as failure:
        journal.commit()

    assert "free some space" in str(failure.value)
    assert journal.pending == 2
    assert list(journal.replay()) == []

    journal._connection.execute("PRAGMA max_page_count = 10000")
    journal.commit()

    assert journal.pending == 0
    assert list(journal.replay()) == [(1, LONG_NOTE), (2, new_order())]
    assert journal.verify() == 2


def test_a_disk_that_fills_with_a_single_record_loses_nothing_either(journal: Journal) -> None:
    ((pages,),) = journal._connection.execute("PRAGMA page_count")
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    journal.append(LONG_NOTE, 1)
    with pytest.raises(JournalError, match="records waiting: 1"):
        journal.commit()

    journal._connection.execute("PRAGMA max_page_count = 10000")
    journal.commit()

    assert list(journal.replay()) == [(1, LONG_NOTE)]


def test_a_file_that_another_program_has_locked_is_written_as_soon_as_it_lets_go(
    journal: Journal, path: Path
) -> None:
    journal.append(KILLED, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"cannot be written: .* locked \(records waiting: 1\)"):
            journal.commit()

    journal.commit()

    assert list(journal.replay()) == [(1, KILLED)]


def test_a_locked_journal_cannot_be_opened_and_is_not_called_damaged(path: Path) -> None:
    Journal.open(path, 0).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"cannot be used: database is locked\.\n  See to"):
            Journal.open(path, 0)

    Journal.open(path, 0).close()


def test_closing_a_journal_that_cannot_be_written_says_what_is_lost(path: Path) -> None:
    journal = Journal.open(path, 0)
    journal._connection.execute("PRAGMA query_only = ON")
    journal.append(new_order(), 1)

    with pytest.raises(JournalError, match="records waiting: 1"):
        journal.close()

    Journal.open(path, 0).close()


@pytest.mark.parametrize(
    ("durability", "between"), [(Durability.PROCESS, 1), (Durability.POWER, 2)], ids=["process", "power"]
)
def test_a_change_of_state_waits_for_the_disk_and_the_rest_as_configured(
    path: Path, durability: Durability, between: int
) -> None:
    with Journal.open(path, 0, durability) as journal:
        levels: list[int] = []
        journal._connection.set_trace_callback(
            lambda statement: levels.append(synchronous(journal)) if "INSERT" in statement else None
        )

        for record in (new_order(), KILLED, new_order(2)):
            journal.append(record, 1)
            journal.commit()

    assert levels == [between, 2, between]


def test_a_change_of_state_that_failed_waits_for_the_disk_when_it_is_tried_again(path: Path) -> None:
    with Journal.open(path, 0) as journal:
        journal._connection.execute("PRAGMA query_only = ON")
        journal.append(KILLED, 1)
        with pytest.raises(JournalError):
            journal.commit()
        journal._connection.execute("PRAGMA query_only = OFF")

        journal.commit()

        assert synchronous(journal) == 1
        assert list(journal.replay()) == [(1, KILLED)]


def test_a_checkpoint_moves_the_log_into_the_file_from_any_thread(journal: Journal, path: Path) -> None:
    journal.append(LONG_NOTE, 1)
    journal.commit()
    before = path.stat().st_size
    worker = threading.Thread(target=journal.checkpoint)

    worker.start()
    worker.join()

    assert path.stat().st_size > before
    journal.append(new_order(), 2)
    journal.commit()
    assert list(journal.replay()) == [(1, LONG_NOTE), (2, new_order())]


def test_a_checkpoint_that_fails_is_an_error(journal: Journal, path: Path) -> None:
    path.unlink()
    path.mkdir()

    with pytest.raises(JournalError, match="cannot be moved"):
        journal.checkpoint()
