from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from botkit.errors import JournalError
from botkit.journal.lock import JournalLock

HOLD = """
import sys
from pathlib import Path
from botkit.journal.lock import JournalLock
lock = JournalLock.acquire(Path(sys.argv[1]), 0)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_lock_is_refused_and_names_the_holder(tmp_path: Path) -> None:
    lock = JournalLock.acquire(tmp_path / "bot.db", 0)

    with pytest.raises(JournalError, match=f"in use by process {os.getpid()}.*\n  Stop the other bot"):
        JournalLock.acquire(tmp_path / "bot.db", 0)
    lock.release()


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    JournalLock.acquire(tmp_path / "bot.db", 0).release()

    JournalLock.acquire(tmp_path / "bot.db", 0).release()


def test_a_holder_that_has_not_signed_yet_is_not_named(tmp_path: Path) -> None:
    lock = JournalLock.acquire(tmp_path / "bot.db", 0)
    (tmp_path / "bot.db.lock").write_bytes(b"")

    with pytest.raises(JournalError, match="is in use\\."):
        JournalLock.acquire(tmp_path / "bot.db", 0)
    lock.release()


def test_two_journals_in_one_folder_have_two_locks(tmp_path: Path) -> None:
    first = JournalLock.acquire(tmp_path / "first.db", 0)

    second = JournalLock.acquire(tmp_path / "second.db", 0)

    first.release()
    second.release()


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "bot.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(JournalError, match=f"by process {holder.pid}"):
            JournalLock.acquire(tmp_path / "bot.db", 0)

        holder.kill()
        holder.wait()

        JournalLock.acquire(tmp_path / "bot.db", 0).release()


def test_a_lock_that_cannot_be_signed_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space left"):
            JournalLock.acquire(tmp_path / "bot.db", 0)

    JournalLock.acquire(tmp_path / "bot.db", 0).release()
