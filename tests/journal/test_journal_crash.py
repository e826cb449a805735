"""A real process, killed while it writes: what `commit` returned from is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from botkit.journal.journal import Journal
from tests.journal.samples import new_order

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
"""


def write_until_killed(path: Path, repository: Path, commits: int) -> int:
    """Let a process write, kill it after it told of `commits`; return the last number it told."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], cwd=repository, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(commits)]
        writer.kill()
        # What it told between our decision and its end; the last line may be torn.
        told += [int(line) for line in writer.stdout.read().split(b"\n")[:-1]]
    assert writer.returncode == -9
    return told[-1]


@pytest.mark.parametrize("commits", [1, 20, 300])
def test_every_record_whose_commit_returned_survives_kill_9(
    tmp_path: Path, repository: Path, commits: int
) -> None:
    path = tmp_path / "bot.db"
    epochs = []
    for _ in range(2):
        told = write_until_killed(path, repository, commits)

        with Journal.open(path, 0) as journal:
            epochs.append(journal.epoch)
            found = list(journal.replay())
            assert journal.verify() == len(found) >= told
        assert found == [(number, new_order(number)) for number in range(1, len(found) + 1)]
    assert epochs == [2, 4]
