from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botkit.journal.chain import GENESIS, Entry, fault, link
from botkit.journal.records import encode_record
from botkit.journal.tail import Leftover, Tail, pack, unpack
from tests.journal.disasters import full, tail_of
from tests.journal.samples import EVERY_KIND, records


def chained(payloads: list[bytes]) -> list[Entry]:
    entries: list[Entry] = []
    previous = GENESIS
    for seq, payload in enumerate(payloads, 1):
        previous = link(previous, seq, 7, seq * 10, payload)
        entries.append((seq, 7, seq * 10, payload, previous))
    return entries


def first_fault(entries: list[Entry]) -> str:
    previous = GENESIS
    for after, entry in enumerate(entries):
        problem = fault(entry, after, previous)
        if problem:
            return problem
        previous = entry[4]
    return ""


SIX = chained([encode_record(record) for record in EVERY_KIND[:6]])
COMMITS = [SIX[:1], SIX[1:4], SIX[4:5], SIX[5:]]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def tail(journal: Path) -> Iterator[Tail]:
    tail = Tail.beside(journal)
    tail.start()
    yield tail
    tail.close()


@given(sizes=st.lists(st.lists(records, min_size=1, max_size=4), max_size=5))
def test_what_was_packed_is_unpacked_in_order(sizes: list[list[object]]) -> None:
    entries = chained([encode_record(record) for batch in sizes for record in batch])  # type: ignore[arg-type]
    rest, data = iter(entries), b""
    for batch in sizes:
        data += pack([next(rest) for _ in batch])

    assert unpack(data) == (entries, "")


def test_a_file_cut_anywhere_holds_every_commit_before_the_cut_and_nothing_of_the_one_it_fell_in() -> None:
    ends, data = [0], b""
    for commit in COMMITS:
        data += pack(commit)
        ends.append(len(data))

    for cut in range(len(data) + 1):
        whole = sum(end <= cut for end in ends) - 1
        expected = [entry for commit in COMMITS[:whole] for entry in commit]
        assert unpack(data[:cut]) == (expected, ""), cut


@settings(max_examples=20)
@given(flip=st.integers(1, 255))
def test_a_byte_changed_anywhere_shows(flip: int) -> None:
    data = b"".join(pack(commit) for commit in COMMITS)
    for at in range(len(data)):
        entries, damage = unpack(data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :])

        assert damage or first_fault(entries), at


def test_zeros_are_damage_and_no_end(tail: Tail) -> None:
    assert unpack(pack(SIX) + bytes(8)) == (SIX, f"its tail is damaged at byte {len(pack(SIX))}")


def test_what_was_appended_is_read_by_the_next(tail: Tail, journal: Path) -> None:
    for commit in COMMITS:
        tail.append(commit)

    assert tail.read() == Leftover(SIX)
    after = Tail.beside(journal)
    assert after.read() == Leftover(SIX)
    after.close()


def test_what_was_cleared_is_gone_and_the_next_takes_its_place(tail: Tail, journal: Path) -> None:
    empty = tail_of(journal).stat().st_size
    tail.append(SIX[:3])

    tail.clear()
    assert tail_of(journal).stat().st_size == empty
    tail.append(SIX[3:])

    assert tail.read().entries == SIX[3:]


@pytest.mark.parametrize("room", [0, 1, 7, 8, 9, 60, 200])
def test_a_commit_that_does_not_fit_leaves_no_trace_before_the_next(
    tail: Tail, journal: Path, room: int
) -> None:
    tail.append(SIX[:1])
    with full(journal, room):
        for _ in range(2):
            with pytest.raises(OSError):  # noqa: PT011 - which one is the system's choice
                tail.append(SIX[1:4])
        assert tail.read() == Leftover(SIX[:1])

    tail.append(SIX[1:4])

    assert tail.read() == Leftover(SIX[:4])


def test_a_tail_that_cannot_be_cleared_now_is_cleared_by_the_next_commit(
    tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    tail.append(SIX[:3])
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", fail)
        tail.clear()
        assert tail.read().entries == SIX[:3]
        with pytest.raises(OSError, match="Input/output"):
            tail.append(SIX[3:])

    tail.append(SIX[3:])

    assert tail.read() == Leftover(SIX[3:])


def test_where_a_run_of_the_machine_has_no_name_all_are_one(
    journal: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("botkit.journal.tail._BOOT", tmp_path / "absent")
    tail = Tail.beside(journal)
    tail.start()
    tail.append(SIX)

    assert tail.read() == Leftover(SIX, machine_went_down=False)
    tail.close()


def test_another_run_of_the_machine_is_told_apart(
    tail: Tail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tail.append(SIX)
    (tmp_path / "boot").write_text("0f0f0f0f-another-run\n")
    monkeypatch.setattr("botkit.journal.tail._BOOT", tmp_path / "boot")

    assert tail.read() == Leftover(SIX, machine_went_down=True)


def test_a_header_that_cannot_be_written_is_an_error(tail: Tail, journal: Path) -> None:
    os.truncate(tail_of(journal), 0)
    with full(journal, 5), pytest.raises(OSError):  # noqa: PT011 - which one is the system's choice
        tail.start()
