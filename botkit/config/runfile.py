"""How a bot finds the emulator that runs in the same folder: the emulator leaves a note.

The note is written when the emulator answers and taken away when it ends. One
that was left by a killed emulator is recognised: nobody answers at its address.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from botkit.config.settings import EMULATOR
from botkit.errors import ConfigError, VenueUnreachable
from botkit.venues.address import Address
from botkit.venues.okx.emulator.accounts import BUILT_IN
from botkit.venues.secrets import Credentials, Secret

__all__ = ["ExchangeAccount", "ExchangeRun", "announced", "find_exchange", "local_folder"]

_NAME: Final = "exchange.json"
_START_ONE: Final = "start one with: botkit exchange"
_ANSWERS_WITHIN_S: Final = 1.0


class ExchangeAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account of an emulator; its secrets protect nothing.

    Attributes:
        label: What configurations call it.
        perm: What its key may do, in the venue's words.
        ip: Addresses its key is bound to.

    """

    label: str
    key: str
    secret: str
    passphrase: str
    perm: str | tuple[str, ...] = ()
    ip: str | tuple[str, ...] = ()


class ExchangeRun(msgspec.Struct, frozen=True, kw_only=True):
    """An emulator that runs on this machine.

    Attributes:
        rest: URL of its REST interface; the others are of its WebSockets.
        pid: Its process, 0 if it did not say.

    """

    rest: str
    ws_public: str
    ws_private: str
    ws_business: str
    accounts: tuple[ExchangeAccount, ...] = ()
    pid: int = 0

    def credentials(self, label: str, *, where: str = "") -> Credentials:
        """Return what the account's owner would log in with.

        Args:
            label: The account.
            where: What named it, for the error's text.

        Raises:
            ConfigError: If the emulator has no such account.

        """
        for account in self.accounts:
            if account.label == label:
                return Credentials(
                    key=Secret(account.key),
                    secret=Secret(account.secret),
                    passphrase=Secret(account.passphrase),
                )
        labels = ", ".join(account.label for account in self.accounts)
        raise ConfigError(f"the emulator has no account {label!r}", remedy=f"it has: {labels}", where=where)


def local_folder() -> Path:
    """Return where notes for this machine are kept: `BOTKIT_STATE`, or `.botkit` in the working directory."""
    return Path(os.environ.get("BOTKIT_STATE") or ".botkit")


@contextlib.contextmanager
def announced(description: Mapping[str, object], folder: Path | None = None) -> Iterator[Path]:
    """Leave a note about an emulator while it runs.

    Of two emulators in one folder the later one is found.

    Args:
        description: Its URLs and accounts, as `Emulator.describe` returns them.
        folder: Where; the usual place if None.

    Raises:
        ConfigError: If the note cannot be written.

    """
    path = (folder or local_folder()) / _NAME
    note = msgspec.json.encode({**description, "pid": os.getpid()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes it for the owner only; a reader sees the old note or the new one, never half.
        descriptor, unfinished = tempfile.mkstemp(prefix=_NAME, dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(note)
        Path(unfinished).replace(path)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}",
            remedy="run it where you may write, or set BOTKIT_STATE to such a folder",
        ) from error
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            if path.read_bytes() == note:
                path.unlink()


def find_exchange(address: str = EMULATOR, *, folder: Path | None = None, where: str = "") -> ExchangeRun:
    """Return the emulator that runs here, or the one at a URL.

    One that left no note here is taken to have the built-in accounts.

    Args:
        address: `emulator`, or the URL of its REST interface.
        folder: Where its note is; the usual place if None.
        where: What named the address, for the error's text.

    Raises:
        ConfigError: If the note cannot be read.
        VenueUnreachable: If none is running here.

    """
    noted = _noted((folder or local_folder()) / _NAME, where)
    if address != EMULATOR:
        return noted if noted is not None and noted.rest == address else _at(address)
    if noted is None:
        raise VenueUnreachable(f"no emulator is running here; {_START_ONE}")
    if not _answers(noted.rest):
        raise VenueUnreachable(f"the emulator that ran here is gone, {noted.rest} is silent; {_START_ONE}")
    return noted


def _noted(path: Path, where: str) -> ExchangeRun | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ExchangeRun)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", remedy=_START_ONE, where=where) from error


def _at(url: str) -> ExchangeRun:
    sockets = f"ws{url.removeprefix('http')}/ws/v5"
    return ExchangeRun(
        rest=url,
        ws_public=f"{sockets}/public",
        ws_private=f"{sockets}/private",
        ws_business=f"{sockets}/business",
        accounts=tuple(
            ExchangeAccount(label=key.label, key=key.key, secret=key.secret, passphrase=key.passphrase)
            for user in BUILT_IN
            for key in user.keys
        ),
    )


def _answers(url: str) -> bool:
    address = Address.parse(url)
    try:
        with socket.create_connection((address.host, address.port), timeout=_ANSWERS_WITHIN_S):
            return True
    except OSError:
        return False
