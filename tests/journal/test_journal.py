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
from tests.journal.disasters import full, image, tail_of
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


def settled(path: Path) -> int:
    """Return how many records another program sees in the file."""
    with closing(sqlite3.connect(path)) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM record")
        return int(count)


def tail_size(path: Path) -> int:
    return tail_of(path).stat().st_size


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

    with Journal.open(tmp_path / "new.db", now_ns + 10**9) as new:
        assert new.epoch > deleted
        assert new.epoch < 36**6


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
    assert modes == dict.fromkeys(("bot.db", "bot.db-wal", "bot.db-shm", "bot.db-tail", "bot.db.lock"), 0o600)


def test_what_was_committed_is_in_the_tail_until_it_is_settled(journal: Journal, path: Path) -> None:
    empty = tail_size(path)
    journal.append(new_order(), 1)
    journal.append(new_order(2), 2)
    journal.commit()
    assert (journal.pending, journal.unsettled, settled(path)) == (0, 2, 0)
    assert tail_size(path) > empty

    journal.settle()

    assert (journal.pending, journal.unsettled, settled(path)) == (0, 0, 2)
    assert tail_size(path) == empty


def test_settling_leaves_what_is_not_committed_alone(journal: Journal, path: Path) -> None:
    journal.append(new_order(), 1)

    journal.settle()

    assert (journal.pending, settled(path)) == (1, 0)


@pytest.mark.parametrize("look", [lambda journal: list(journal.replay()), Journal.verify, Journal.close])
def test_reading_and_closing_settle(path: Path, look: Callable[[Journal], object]) -> None:
    with Journal.open(path, 0) as journal:
        journal.append(new_order(), 1)
        journal.commit()

        look(journal)

        assert settled(path) == 1


def test_the_tail_is_bounded_though_nobody_settles(journal: Journal, path: Path) -> None:
    for number in range(1, 514):
        journal.append(new_order(number), 1)
        journal.commit()
        assert journal.unsettled <= 512

    assert (journal.unsettled, settled(path)) == (1, 512)


def test_a_tail_that_cannot_be_written_is_an_error_and_nothing_is_lost(journal: Journal, path: Path) -> None:
    journal.append(LONG_NOTE, 1)
    journal.append(new_order(), 2)
    with (
        full(path),
        pytest.raises(JournalError, match=r"cannot be written: .* \(records waiting: 2\)") as failure,
    ):
        journal.commit()
    assert "free some space" in str(failure.value)
    assert (journal.pending, journal.unsettled) == (2, 0)
    assert list(journal.replay()) == []

    journal.commit()

    assert list(journal.replay()) == [(1, LONG_NOTE), (2, new_order())]
    assert journal.verify() == 2


def test_what_could_not_be_committed_is_not_there_after_a_crash(path: Path, tmp_path: Path) -> None:
    with Journal.open(path, 0) as journal:
        for number in (1, 2):
            journal.append(new_order(number), number)
            journal.commit()
        journal.append(LONG_NOTE, 3)
        with full(path, room=100), pytest.raises(JournalError):
            journal.commit()
        crashed = image(path, tmp_path / "crashed")

    assert replayed(crashed) == [new_order(1), new_order(2)]


def test_commits_go_on_while_the_file_is_locked_until_too_many_wait(journal: Journal, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        for number in range(1, 513):
            journal.append(new_order(number), number)
            journal.commit()
        with pytest.raises(JournalError, match=r"take over its tail: .* locked \(records in it: 512\)"):
            journal.settle()
        journal.append(new_order(513), 513)
        with pytest.raises(JournalError, match=r"cannot be written: .* locked \(records waiting: 1\)"):
            journal.commit()
        assert (journal.pending, journal.unsettled) == (1, 512)

    journal.commit()

    assert list(journal.replay()) == [(number, new_order(number)) for number in range(1, 514)]


def test_a_full_disk_under_sqlite_loses_nothing(journal: Journal) -> None:
    connection = journal._database._connection
    ((pages,),) = connection.execute("PRAGMA page_count")
    connection.execute(f"PRAGMA max_page_count = {pages}")
    journal.append(LONG_NOTE, 1)
    journal.commit()
    with pytest.raises(JournalError, match=r"take over its tail: .* full \(records in it: 1\)"):
        journal.settle()
    journal.append(new_order(), 2)
    journal.commit()

    connection.execute("PRAGMA max_page_count = 10000")

    assert list(journal.replay()) == [(1, LONG_NOTE), (2, new_order())]
    assert journal.verify() == 2


def test_a_change_of_state_is_written_as_soon_as_another_program_lets_go(
    journal: Journal, path: Path
) -> None:
    journal.append(new_order(), 1)
    journal.commit()
    journal.append(KILLED, 2)
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"cannot be written: .* locked \(records waiting: 1\)"):
            journal.commit()
        assert (journal.pending, journal.unsettled) == (1, 1)

    journal.commit()

    assert list(journal.replay()) == [(1, new_order()), (2, KILLED)]


def test_closing_a_journal_that_cannot_be_settled_says_so_and_leaves_it_to_the_next_start(path: Path) -> None:
    journal = Journal.open(path, 0)
    journal._database._connection.execute("PRAGMA query_only = ON")
    journal.append(new_order(), 1)

    with pytest.raises(JournalError, match="They are safe there"):
        journal.close()

    assert replayed(path) == [new_order()]


def test_closing_a_journal_that_cannot_be_written_says_what_is_lost(path: Path) -> None:
    journal = Journal.open(path, 0)
    journal.append(new_order(), 1)

    with full(path), pytest.raises(JournalError, match="records waiting: 1"):
        journal.close()

    assert replayed(path) == []


@pytest.mark.parametrize(
    ("durability", "order"), [(Durability.PROCESS, 1), (Durability.POWER, 2)], ids=["process", "power"]
)
def test_a_change_of_state_waits_for_the_disk_and_the_rest_as_configured(
    path: Path, durability: Durability, order: int
) -> None:
    """In SQLite's words 1 is NORMAL and 2 is FULL."""
    with Journal.open(path, 0, durability) as journal:
        levels: list[int] = []

        def note_level(statement: str) -> None:
            if statement.startswith("COMMIT"):
                ((level,),) = journal._database._connection.execute("PRAGMA synchronous")
                levels.append(level)

        journal._database._connection.set_trace_callback(note_level)
        for record in (new_order(), KILLED, new_order(2)):
            journal.append(record, 1)
            journal.commit()
            if record is not KILLED:
                journal.settle()
            assert journal.unsettled == 0

    assert levels == [order, 2, order]


def test_a_change_of_state_takes_along_what_waits_before_it(journal: Journal, path: Path) -> None:
    journal.append(new_order(), 1)
    journal.commit()
    journal.append(KILLED, 2)

    journal.commit()

    assert (journal.unsettled, settled(path)) == (0, 2)


def test_a_checkpoint_moves_the_log_into_the_file_from_any_thread(journal: Journal, path: Path) -> None:
    journal.append(LONG_NOTE, 1)
    journal.commit()
    journal.settle()
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
