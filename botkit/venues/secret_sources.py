"""Where secrets come from: a configuration names the place, never the secret.

    env:NAME     a variable of the environment; children and /proc see it too, so it warns
    file:PATH    a file that only its owner can read
    cred:NAME    a credential that systemd, or whoever set CREDENTIALS_DIRECTORY, laid out

Further schemes are the caller's: a mapping from the scheme to what resolves it.

Source: https://systemd.io/CREDENTIALS/
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import structlog

from botkit.errors import SecretError
from botkit.venues.secrets import Secret

__all__ = ["SOURCES", "Resolver", "resolve_secret"]

Resolver = Callable[[str], Secret]
"""Takes what follows the colon of a reference; raises `SecretError`."""

_MAX_BYTES: Final = 4096
_SOMEBODY_ELSES: Final = stat.S_IRWXG | stat.S_IRWXO
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# People do write the secret itself behind the colon; then it must not be in the error either.
_LIKE_A_SECRET: Final = re.compile(r"[A-Za-z0-9+/=_-]{20,}")

_log = structlog.get_logger(__name__)


def resolve_secret(
    reference: str, *, where: str = "", further: Mapping[str, Resolver] | None = None
) -> Secret:
    """Return the secret that `reference` names.

    Args:
        reference: `scheme:name`, such as `file:/etc/botkit/okx.secret`.
        where: What the reference was the value of, for the error's text.
        further: Schemes beside the ones in `SOURCES`.

    Raises:
        SecretError: If there is no such secret, it is kept carelessly, or this is no reference.

    """
    scheme, colon, name = reference.partition(":")
    source = {**SOURCES, **(further or {})}.get(scheme) if colon and name else None
    if source is None:
        raise SecretError(
            "this is not a reference to a secret, and a secret itself is not accepted",
            remedy="write env:NAME, file:PATH or cred:NAME here; "
            "if a secret stood here, make a new key at the venue and delete this one",
            where=where,
        )
    try:
        return source(name)
    except SecretError as error:
        if error.where or not where:
            raise
        raise SecretError(error.problem, remedy=error.remedy, where=where) from None


def _from_environment(name: str) -> Secret:
    if not _VARIABLE.fullmatch(name) or not os.environ.get(name):
        raise SecretError(
            f"no environment variable is called {_shown(name)}, or it is empty",
            remedy="export it before the start, or better, keep the secret in a file and write file:PATH",
        )
    _log.warning(
        "secret read from the environment", variable=name, remedy="file:PATH or cred:NAME is seen by fewer"
    )
    return Secret(os.environ[name])


def _from_file(name: str) -> Secret:
    try:
        path = Path(name).expanduser()
        # O_NONBLOCK: opening a FIFO would otherwise wait for its writer.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, RuntimeError) as error:
        raise _unreadable(name, error) from None
    with os.fdopen(file, "rb") as stream:
        _check_privacy(path, os.fstat(file))
        return _secret_in(stream.read(_MAX_BYTES + 1), name)


def _check_privacy(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SecretError(f"{path} is not a regular file")
    if status.st_uid != os.geteuid():
        raise SecretError(
            f"{path} belongs to another user (uid {status.st_uid})",
            remedy=f"chown {os.geteuid()} '{path}'",
        )
    if status.st_mode & _SOMEBODY_ELSES:
        raise SecretError(
            f"{path} is open to others (mode {stat.S_IMODE(status.st_mode):04o})",
            remedy=f"chmod 600 '{path}'",
        )
    # Whoever may write to the folder may put another file in this one's place.
    if path.absolute().parent.stat().st_mode & stat.S_IWOTH:
        raise SecretError(
            f"anybody may replace files in {path.absolute().parent}",
            remedy=f"chmod o-w '{path.absolute().parent}', or keep the secret elsewhere",
        )


def _from_credentials(name: str) -> Secret:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise SecretError(
            "there is no credentials directory",
            remedy="run under systemd with LoadCredential=, or set CREDENTIALS_DIRECTORY to their folder",
        )
    if Path(name).name != name:
        raise SecretError("a credential is named without a path", remedy="write cred:NAME")
    try:
        with (Path(folder) / name).open("rb") as stream:
            return _secret_in(stream.read(_MAX_BYTES + 1), name)
    except OSError as error:
        raise _unreadable(name, error) from None


def _secret_in(data: bytes, name: str) -> Secret:
    if len(data) > _MAX_BYTES:
        raise SecretError(f"{_shown(name)} holds more than {_MAX_BYTES} bytes, which no secret does")
    value = data.removesuffix(b"\n").removesuffix(b"\r")
    if not value:
        raise SecretError(f"{_shown(name)} is empty")
    return Secret(value)


def _unreadable(name: str, error: OSError | RuntimeError) -> SecretError:
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        problem, remedy = "is a symbolic link", "write the path of the file itself"
    else:
        reason = (isinstance(error, OSError) and error.strerror) or "there is no such home directory"
        problem = f"cannot be read: {reason}"
        remedy = "put the secret, and nothing else, into that file, then chmod 600 it"
    return SecretError(f"{_shown(name)} {problem}", remedy=remedy)


def _shown(name: str) -> str:
    return "what looks like a secret itself" if _LIKE_A_SECRET.fullmatch(name) else repr(name)


SOURCES: Final[Mapping[str, Resolver]] = {
    "env": _from_environment,
    "file": _from_file,
    "cred": _from_credentials,
}
"""What resolves each scheme that botkit knows by itself."""
