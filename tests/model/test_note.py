from __future__ import annotations

import msgspec
import pytest

from botkit.model.note import Note


def test_a_note_reads_back_as_it_was_written() -> None:
    note = Note(strategy="ema", level="info", text="crossed", fields={"fast": "1.5"})

    assert msgspec.json.decode(msgspec.json.encode(note), type=Note) == note


def test_a_note_names_its_type_for_the_record() -> None:
    encoded = msgspec.json.encode(Note(strategy="ema", level="info", text="crossed"))

    assert encoded == b'{"type":"note","strategy":"ema","level":"info","text":"crossed","fields":{}}'


def test_a_note_does_not_change() -> None:
    note = Note(strategy="ema", level="info", text="crossed")

    with pytest.raises(AttributeError, match="immutable"):
        note.text = "else"  # type: ignore[misc]  # what is tested
