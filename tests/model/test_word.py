"""Words are looked up by what they are, and written as what they say."""

from __future__ import annotations

import msgspec

from botkit.model.side import Side
from botkit.model.word import Word


class Fruit(Word):
    APPLE = "apple"
    PEAR = "pear"


def test_a_word_finds_its_own_row_in_a_table() -> None:
    table = {Fruit.APPLE: 1, Fruit.PEAR: 2}

    assert table[Fruit("pear")] == 2


def test_equal_spelling_in_two_sets_is_two_words() -> None:
    class Tree(Word):
        APPLE = "apple"

    assert {Fruit.APPLE: 1}.get(Tree.APPLE) is None  # type: ignore[call-overload]  # the point of the test


def test_a_word_is_written_as_its_value_and_read_back_as_itself() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Side.BUY), type=Side) is Side.BUY
