from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from botkit.errors import SecretError
from botkit.venues.secret_sources import resolve_secret
from botkit.venues.secrets import Secret

VALUE = "FAKE-not-a-real-secret-0123456789"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "okx.secret"
    path.write_text(VALUE + "\n")
    path.chmod(0o600)
    return path


def test_a_private_file_gives_its_content_without_the_last_newline(secret_file: Path) -> None:
    assert resolve_secret(f"file:{secret_file}").reveal() == VALUE.encode()


@pytest.mark.parametrize(
    ("content", "value"),
    [("a\n", b"a"), ("a\r\n", b"a"), ("a", b"a"), ("a\n\n", b"a\n"), (" a ", b" a ")],
    ids=["newline", "windows newline", "bare", "two newlines", "blanks"],
)
def test_one_newline_and_nothing_else_is_taken_off(secret_file: Path, content: str, value: bytes) -> None:
    secret_file.write_bytes(content.encode())

    assert resolve_secret(f"file:{secret_file}").reveal() == value


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o777], ids=oct)
def test_a_file_open_to_others_is_refused_with_the_command_that_closes_it(
    secret_file: Path, mode: int
) -> None:
    secret_file.chmod(mode)

    with pytest.raises(SecretError, match="open to others") as refusal:
        resolve_secret(f"file:{secret_file}")
    assert refusal.value.remedy == f"chmod 600 '{secret_file}'"


def test_a_file_that_only_its_owner_can_read_is_enough(secret_file: Path) -> None:
    secret_file.chmod(0o400)

    assert resolve_secret(f"file:{secret_file}").reveal() == VALUE.encode()


def test_a_symbolic_link_is_refused(secret_file: Path) -> None:
    link = secret_file.with_name("link")
    link.symlink_to(secret_file)

    with pytest.raises(SecretError, match="is a symbolic link"):
        resolve_secret(f"file:{link}")


def test_a_file_in_a_folder_open_to_all_is_refused(secret_file: Path) -> None:
    secret_file.parent.chmod(0o777)

    with pytest.raises(SecretError, match="anybody may replace files") as refusal:
        resolve_secret(f"file:{secret_file}")
    assert f"chmod o-w '{secret_file.parent}'" in refusal.value.remedy


def test_another_users_file_is_refused(secret_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: secret_file.stat().st_uid + 1)

    with pytest.raises(SecretError, match="belongs to another user"):
        resolve_secret(f"file:{secret_file}")


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)

    with pytest.raises(SecretError, match="not a regular file"):
        resolve_secret(f"file:{tmp_path / 'pipe'}")


@pytest.mark.parametrize(
    ("prepare", "problem"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file"),
        (lambda path: path.write_text("\n"), "is empty"),
        (lambda path: path.write_text("x" * 5000), "more than 4096 bytes"),
    ],
    ids=["missing", "empty", "too long"],
)
def test_a_file_without_a_secret_is_an_error(
    secret_file: Path, prepare: Callable[[Path], object], problem: str
) -> None:
    prepare(secret_file)

    with pytest.raises(SecretError, match=problem):
        resolve_secret(f"file:{secret_file}")


def test_a_home_that_nobody_has_is_an_error() -> None:
    with pytest.raises(SecretError, match="no such home directory"):
        resolve_secret("file:~no-such-user/okx.secret")


def test_the_environment_gives_a_secret_and_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_TEST_SECRET", VALUE)

    with capture_logs() as records:
        secret = resolve_secret("env:BOTKIT_TEST_SECRET")

    assert secret.reveal() == VALUE.encode()
    assert [(r["log_level"], r["variable"]) for r in records] == [("warning", "BOTKIT_TEST_SECRET")]
    assert VALUE not in str(records)


def test_a_variable_that_is_not_set_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOTKIT_TEST_SECRET", raising=False)

    with pytest.raises(SecretError, match="BOTKIT_TEST_SECRET") as refusal:
        resolve_secret("env:BOTKIT_TEST_SECRET", where="venue.key")
    assert refusal.value.where == "venue.key"


def test_a_credential_comes_from_the_credentials_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "okx").write_text(VALUE + "\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert resolve_secret("cred:okx").reveal() == VALUE.encode()


@pytest.mark.parametrize(
    ("name", "problem"),
    [("absent", "No such file"), ("../okx", "without a path"), ("/etc/okx", "without a path")],
    ids=["absent", "outside", "absolute"],
)
def test_a_credential_outside_its_directory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    with pytest.raises(SecretError, match=problem):
        resolve_secret(f"cred:{name}")


def test_without_a_credentials_directory_there_are_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    with pytest.raises(SecretError, match="no credentials directory"):
        resolve_secret("cred:okx")


@pytest.mark.parametrize(
    "reference",
    [
        VALUE,
        f"{VALUE}:{VALUE}",
        f"env:{VALUE}",
        f"env:{VALUE.replace('-', '_')}",
        f"file:{VALUE}",
        f"cred:{VALUE}",
        f"{VALUE}:",
        "",
    ],
    ids=["bare", "scheme", "variable", "valid variable", "file", "credential", "nothing named", "empty"],
)
def test_a_secret_in_place_of_a_reference_is_refused_and_not_repeated(
    reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    with pytest.raises(SecretError) as refusal:
        resolve_secret(reference, where="venue.secret")

    assert "venue.secret: " in str(refusal.value)
    assert "not_a_real_secret" not in str(refusal.value).replace("-", "_")
    assert "not_a_real_secret" not in repr(refusal.value).replace("-", "_")


def test_a_further_scheme_is_resolved_by_whoever_brought_it() -> None:
    secret = Secret(VALUE)

    found = resolve_secret("emulator:trader", further={"emulator": {"trader": secret}.__getitem__})

    assert found is secret


def test_an_error_of_a_further_scheme_keeps_its_own_place() -> None:
    def absent(label: str) -> Secret:
        raise SecretError(f"no account is called {label}", where="accounts.json")

    with pytest.raises(SecretError, match=r"^accounts\.json: no account is called trader"):
        resolve_secret("emulator:trader", where="venue.key", further={"emulator": absent})
