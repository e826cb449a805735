from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from botkit.observe.health import FILE_NAME, Heartbeat, main


@pytest.fixture
def beaten(tmp_path: Path) -> Path:
    path = tmp_path / FILE_NAME
    Heartbeat(path).beat(1_800_000_000_000_000_000, "active")
    return path


def grow_old(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_young_heartbeat_is_healthy(beaten: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--file", str(beaten)]) == 0
    assert capsys.readouterr().out == f"{beaten} is fresh\n"


def test_an_old_heartbeat_is_not_and_says_how_old(beaten: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grow_old(beaten, 61)

    assert main(["--file", str(beaten), "--max-age", "60"]) == 1
    assert capsys.readouterr().err == f"the last beat is 61 s old (active): {beaten}\n"
    assert main(["--file", str(beaten), "--max-age", "90"]) == 0


def test_what_the_bot_believes_the_time_to_be_does_not_matter(beaten: Path) -> None:
    Heartbeat(beaten).beat(0, "active")

    assert main(["--file", str(beaten)]) == 0


def test_a_missing_heartbeat_is_unhealthy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--file", str(tmp_path / "none.json")]) == 1
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_another_file_is_no_heartbeat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("{}")

    assert main(["--file", str(tmp_path / "x.json")]) == 1
    assert "is no heartbeat" in capsys.readouterr().err


def test_a_beat_replaces_the_one_before_and_leaves_nothing_else(beaten: Path) -> None:
    Heartbeat(beaten).beat(5, "killed")

    assert beaten.read_bytes() == b'{"ns":5,"state":"killed"}'
    assert list(beaten.parent.iterdir()) == [beaten]


def test_a_beat_that_cannot_be_written_is_only_missed(beaten: Path) -> None:
    beaten.with_name(f"{FILE_NAME}.new").mkdir()
    grow_old(beaten, 31)

    Heartbeat(beaten).beat(5, "active")

    assert main(["--file", str(beaten)]) == 1


def test_without_a_file_named_the_youngest_in_the_state_folder_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for bot, age_s in (("old", 100), ("new", 1)):
        (tmp_path / bot).mkdir()
        Heartbeat(tmp_path / bot / FILE_NAME).beat(0, "active")
        grow_old(tmp_path / bot / FILE_NAME, age_s)
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path))

    assert main([]) == 0
    assert "new/heartbeat.json is fresh" in capsys.readouterr().out

    grow_old(tmp_path / "new" / FILE_NAME, 40)
    assert main([]) == 1


def test_a_state_folder_without_a_heartbeat_is_unhealthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path))

    assert main([]) == 1


def test_it_runs_as_a_container_runs_it(tmp_path: Path, repository: Path) -> None:
    Heartbeat(tmp_path / FILE_NAME).beat(0, "active")
    environment = {**os.environ, "BOTKIT_STATE": str(tmp_path), "PYTHONPATH": str(repository)}

    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "botkit.observe.health"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
