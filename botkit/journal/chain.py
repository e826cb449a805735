"""The chain that ties each record to all before it, so that a change or a gap shows."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

__all__ = ["GENESIS", "Entry", "fault", "link"]

GENESIS: Final = bytes(16)
"""What the first record is tied to."""

Entry = tuple[int, int, int, bytes, bytes]
"""A record as it is on file: its number, epoch and wall time in ns, its payload, and its hash."""


def link(previous: bytes, seq: int, epoch: int, wall_ns: int, payload: bytes) -> bytes:
    """Return the hash of a record and everything before it, 16 bytes.

    The kind is not part of it because the payload names it.
    """
    return blake2b(b"%b%d %d %d %b" % (previous, seq, epoch, wall_ns, payload), digest_size=16).digest()


def fault(entry: Entry, after: int, previous: bytes) -> str:
    """Tell what is wrong with an entry that should follow number `after` and its hash; empty if nothing."""
    seq, epoch, wall_ns, payload, digest = entry
    if seq != after + 1:
        return f"record {after + 1} is missing"
    if digest != link(previous, seq, epoch, wall_ns, payload):
        return f"record {seq} was changed after it was written"
    return ""
