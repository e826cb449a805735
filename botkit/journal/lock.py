"""The lock beside a journal: one bot, one journal, one process.

Two processes with one journal would hand out the same order ids. The kernel
drops the lock with the process that holds it, however that ends, so a lock
file that lies around means nothing.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import msgspec

from botkit.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["JournalLock"]


class _Holder(msgspec.Struct, frozen=True):
    pid: int
    since_ns: int


class JournalLock:
    """Exclusive use of a journal, held from `acquire` to `release`."""

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def acquire(cls, journal: Path, now_ns: int) -> JournalLock:
        """Take the lock of `journal`, or say who has it.

        Raises:
            JournalError: If another process holds it.
            OSError: If the lock file cannot be written.

        """
        path = journal.with_name(journal.name + ".lock")
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(file, 0)
            os.pwrite(file, msgspec.json.encode(_Holder(os.getpid(), now_ns)), 0)
        except BlockingIOError:
            holder = _holder(file)
            os.close(file)
            raise JournalError(
                f"the journal {journal} is in use{holder}.\n"
                "  Stop the other bot first, or give this one a journal of its own: "
                "two bots with one journal would use the same order ids"
            ) from None
        except OSError:
            os.close(file)
            raise
        return cls(file)

    def release(self) -> None:
        """Let go, once."""
        os.close(self._file)


def _holder(file: int) -> str:
    try:
        holder = msgspec.json.decode(os.pread(file, 200, 0), type=_Holder)
    except msgspec.DecodeError:
        return ""  # it has the lock and has not signed yet
    return f" by process {holder.pid}"
