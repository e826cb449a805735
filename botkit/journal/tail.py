"""The tail of a journal: what was committed and is not in SQLite yet, one raw append per commit.

    header   what this is, and during which run of the machine it was written
    commit   length, its complement, and that many bytes: entry, entry, ...
    entry    length of the payload, seq, epoch, wall_ns, hash, payload

The complement tells a file that ends early, because its last append never
returned, from one that was damaged; the hashes tell the rest. Clearing leaves
the header, and with it the first page, which makes the next append cheaper.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from botkit.journal.chain import Entry

__all__ = ["Leftover", "Tail", "pack", "unpack"]

_HEADER: Final = Struct("<16s48s")
_MAGIC: Final = b"botkit tail 1\n\0\0"
_COMMIT: Final = Struct("<II")
_ENTRY: Final = Struct("<Iqqq16s")
_ONES: Final = 0xFFFF_FFFF

# Source: https://man7.org/linux/man-pages/man4/random.4.html
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def pack(entries: Iterable[Entry]) -> bytes:
    """Return the entries as one commit."""
    body = b"".join(
        [
            _ENTRY.pack(len(payload), seq, epoch, wall_ns, digest) + payload
            for seq, epoch, wall_ns, payload, digest in entries
        ]
    )
    return _COMMIT.pack(len(body), len(body) ^ _ONES) + body


def unpack(data: bytes) -> tuple[list[Entry], str]:
    """Return the entries of every whole commit up to the first damage, and what is damaged, if anything.

    A last commit that was cut short is left out whole and is no damage.
    """
    entries: list[Entry] = []
    at = 0
    while len(data) - at >= _COMMIT.size:
        length, complement = _COMMIT.unpack_from(data, at)
        if length ^ complement != _ONES:
            return entries, f"its tail is damaged at byte {at}"
        at += _COMMIT.size
        if length > len(data) - at:
            break
        found = _entries(data[at : at + length])
        if found is None:
            return entries, f"its tail is damaged after byte {at}"
        entries += found
        at += length
    return entries, ""


def _entries(body: bytes) -> list[Entry] | None:
    """Return the entries of one commit, or nothing if they do not fill it exactly."""
    entries: list[Entry] = []
    at = 0
    while len(body) - at >= _ENTRY.size:
        length, seq, epoch, wall_ns, digest = _ENTRY.unpack_from(body, at)
        at += _ENTRY.size
        entries.append((seq, epoch, wall_ns, body[at : at + length], digest))
        at += length
    return entries if at == len(body) else None


class Leftover(NamedTuple):
    """What an earlier process left in a tail.

    Attributes:
        entries: Of every whole commit, up to the first damage.
        damage: What is damaged, empty if nothing.
        machine_went_down: Whether the machine was started anew since. Then pages may be missing as
            chance had it, and what is damaged or does not follow is what a loss of power may take.
            A process that ends leaves nothing of that kind.

    """

    entries: list[Entry]
    damage: str = ""
    machine_went_down: bool = False


class Tail:
    """The open file. What `append` returned from outlives the process, not a loss of power."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._size = _HEADER.size
        self._may_be_longer = True  # than `_size`, by what is of no use any more

    @classmethod
    def beside(cls, journal: Path) -> Tail:
        """Open the tail of `journal`, for its owner only.

        Raises:
            OSError: If that cannot be done.

        """
        path = journal.with_name(journal.name + "-tail")
        return cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600))

    def read(self) -> Leftover:
        """Return what was left here.

        Raises:
            OSError: If it cannot be read.

        """
        data = os.pread(self._file, os.fstat(self._file).st_size, 0)
        if len(data) < _HEADER.size:
            return Leftover([])  # its making was cut short
        magic, boot = _HEADER.unpack_from(data)
        if magic != _MAGIC:
            return Leftover([], "its tail is no tail, or that of a later botkit")
        return Leftover(*unpack(data[_HEADER.size :]), boot != _boot())

    def start(self) -> None:
        """Begin anew, when what was read is safe elsewhere.

        Raises:
            OSError: If it cannot be written.

        """
        os.ftruncate(self._file, 0)
        self._write(_HEADER.pack(_MAGIC, _boot()))
        os.fsync(self._file)  # no loss of power leaves a file that does not say what it is
        self._may_be_longer = False

    def append(self, entries: Iterable[Entry]) -> None:
        """Put one commit on file, all of it or nothing.

        Raises:
            OSError: If it cannot be written.

        """
        data = pack(entries)
        if self._may_be_longer:
            os.ftruncate(self._file, self._size)
        self._may_be_longer = True
        self._write(data)
        self._size += len(data)
        self._may_be_longer = False

    def clear(self) -> None:
        """Drop everything, because it is in SQLite. If that fails, the next `append` tries again."""
        self._size = _HEADER.size
        self._may_be_longer = True
        with suppress(OSError):
            os.ftruncate(self._file, self._size)
            self._may_be_longer = False

    def close(self) -> None:
        """Let go, once."""
        os.close(self._file)

    def _write(self, data: bytes) -> None:
        if os.write(self._file, data) != len(data):  # the disk is full, or a limit has been reached
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _boot() -> bytes:
    """Return what names this run of the machine; where it has no name, all runs are taken for one."""
    try:
        return _BOOT.read_bytes().strip().ljust(48, b"\0")
    except OSError:
        return bytes(48)
