from __future__ import annotations

import msgspec

from botkit.strategy.state import State


class Counted(State):
    count: int = 0
    seen: list[str] = msgspec.field(default_factory=list)


def test_a_state_changes_in_place_and_reads_back() -> None:
    state = Counted()
    state.count += 1
    state.seen.append("a")

    assert msgspec.json.decode(msgspec.json.encode(state), type=Counted) == Counted(count=1, seen=["a"])


def test_a_state_of_an_older_version_gets_the_defaults_of_new_fields() -> None:
    assert msgspec.json.decode(b'{"count":3}', type=Counted) == Counted(count=3)
