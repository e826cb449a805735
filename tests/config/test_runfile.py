"""How a bot finds the emulator that runs here, and notices that it does not."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from botkit.config.runfile import announced, find_exchange, local_folder
from botkit.errors import ConfigError, VenueUnreachable

ACCOUNT = {
    "label": "trader",
    "key": "fake-key",
    "secret": "FAKE-SECRET",
    "passphrase": "Fake-1",
    "perm": "read_only,trade",
    "ip": "127.0.0.1",
}


@pytest.fixture
def url() -> Iterator[str]:
    """Yield an address at which somebody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def description(url: str, **more: object) -> dict[str, object]:
    sockets = {f"ws_{name}": f"ws://127.0.0.1:1/ws/v5/{name}" for name in ("public", "private", "business")}
    return {"rest": url, **sockets, "accounts": [ACCOUNT], **more}


def test_an_emulator_is_found_while_it_runs(tmp_path: Path, url: str) -> None:
    with announced(description(url), tmp_path):
        run = find_exchange(folder=tmp_path)

    assert run.rest == url
    assert run.ws_private == "ws://127.0.0.1:1/ws/v5/private"
    assert run.pid == os.getpid()


def test_an_emulator_that_ended_is_not_found(tmp_path: Path, url: str) -> None:
    with announced(description(url), tmp_path):
        pass

    with pytest.raises(
        VenueUnreachable, match="no emulator is running here; start one with: botkit exchange"
    ):
        find_exchange(folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_emulator_that_was_killed_is_told_from_one_that_runs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = f"http://127.0.0.1:{server.getsockname()[1]}"

    with announced(description(free), tmp_path), pytest.raises(VenueUnreachable, match=f"is gone, {free}"):
        find_exchange(folder=tmp_path)


def test_a_note_is_for_its_owner_only(tmp_path: Path, url: str) -> None:
    with announced(description(url), tmp_path / "new" / "folder") as note:
        assert stat.S_IMODE(note.stat().st_mode) == 0o600


def test_the_later_of_two_emulators_is_found(tmp_path: Path, url: str) -> None:
    later = description(url, ws_public="ws://127.0.0.1:2/later")

    with announced(description(url), tmp_path), announced(later, tmp_path):
        assert find_exchange(folder=tmp_path).ws_public == "ws://127.0.0.1:2/later"


def test_an_emulator_takes_away_only_its_own_note(tmp_path: Path, url: str) -> None:
    with announced(description(url), tmp_path) as note:
        note.write_bytes(b"{}")

    assert note.read_bytes() == b"{}"


def test_an_emulator_that_knows_more_than_we_do_is_found(tmp_path: Path, url: str) -> None:
    with announced(description(url, dashboard="http://127.0.0.1:2"), tmp_path):
        assert find_exchange(folder=tmp_path).rest == url


def test_an_emulator_is_found_by_its_url(tmp_path: Path, url: str) -> None:
    with announced(description(url), tmp_path):
        assert find_exchange(url, folder=tmp_path).rest == url


def test_an_emulator_that_left_no_note_here_is_at_its_url_with_the_built_in_accounts(
    tmp_path: Path, url: str
) -> None:
    with announced(description(url), tmp_path):
        run = find_exchange("http://127.0.0.1:1", folder=tmp_path)

    assert run.rest == "http://127.0.0.1:1"
    assert run.ws_private == "ws://127.0.0.1:1/ws/v5/private"
    assert run.credentials("trader").key.reveal() == b"fake-key-of-trader"


def test_a_broken_note_is_no_emulator(tmp_path: Path) -> None:
    (tmp_path / "exchange.json").write_text("{")

    with pytest.raises(ConfigError, match="cannot be read"):
        find_exchange(folder=tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, url: str) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(ConfigError, match="cannot be written") as caught,
        announced(description(url), tmp_path / "file"),
    ):
        pass
    assert "BOTKIT_STATE" in caught.value.remedy


def test_an_account_is_found_by_its_label(tmp_path: Path, url: str) -> None:
    with announced(description(url), tmp_path):
        credentials = find_exchange(folder=tmp_path).credentials("trader")

    assert credentials.key.reveal() == b"fake-key"
    assert credentials.secret.reveal() == b"FAKE-SECRET"
    assert credentials.passphrase.reveal() == b"Fake-1"


def test_an_account_that_is_not_there_is_told_which_are(tmp_path: Path, url: str) -> None:
    with announced(description(url), tmp_path):
        run = find_exchange(folder=tmp_path)

    with pytest.raises(ConfigError, match="no account 'traider'") as caught:
        run.credentials("traider", where="demo.toml:6")
    assert caught.value.remedy == "it has: trader"
    assert caught.value.where == "demo.toml:6"


def test_notes_are_in_the_working_directory_or_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("BOTKIT_STATE", raising=False)
    usual = local_folder()
    monkeypatch.setenv("BOTKIT_STATE", "elsewhere")

    assert usual == Path(".botkit")
    assert local_folder() == Path("elsewhere")
