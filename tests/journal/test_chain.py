from __future__ import annotations

import pytest

from botkit.journal.chain import GENESIS, fault, link

HASH = link(GENESIS, 1, 1, 5, b"{}")


def test_the_same_record_in_the_same_place_has_the_same_hash() -> None:
    assert link(GENESIS, 1, 1, 5, b"{}") == HASH
    assert len(HASH) == len(GENESIS) == 16


@pytest.mark.parametrize(
    "other",
    [
        link(HASH, 1, 1, 5, b"{}"),
        link(GENESIS, 2, 1, 5, b"{}"),
        link(GENESIS, 1, 2, 5, b"{}"),
        link(GENESIS, 1, 1, 6, b"{}"),
        link(GENESIS, 1, 1, 5, b"[]"),
        link(GENESIS, 11, 1, 5, b"{}"),
        link(GENESIS, 1, 11, 5, b"{}"),
    ],
    ids=["past", "number", "epoch", "time", "content", "longer number", "longer epoch"],
)
def test_whatever_differs_changes_the_hash(other: bytes) -> None:
    assert other != HASH


def test_an_entry_that_follows_has_no_fault() -> None:
    assert fault((1, 1, 5, b"{}", HASH), 0, GENESIS) == ""


def test_a_gap_and_a_change_are_named() -> None:
    assert fault((2, 1, 5, b"{}", HASH), 0, GENESIS) == "record 1 is missing"
    assert fault((1, 1, 5, b"[]", HASH), 0, GENESIS) == "record 1 was changed after it was written"
    assert fault((1, 1, 5, b"{}", HASH), 0, HASH) == "record 1 was changed after it was written"
