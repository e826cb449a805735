"""What can befall a journal: a crash, and a full disk."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def tail_of(path: Path) -> Path:
    return path.with_name(path.name + "-tail")


def image(path: Path, folder: Path) -> Path:
    """Copy the files of a journal as they are: what a process that ended now would leave behind."""
    folder.mkdir()
    for name in (path.name, f"{path.name}-wal", f"{path.name}-tail"):
        if path.with_name(name).exists():
            shutil.copyfile(path.with_name(name), folder / name)
    return folder / path.name


@contextmanager
def full(path: Path, room: int = 0) -> Iterator[None]:
    """Let no file of this process grow beyond the tail's size and some `room`, in bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (tail_of(path).stat().st_size + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
