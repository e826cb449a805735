"""What a command logs, and where to."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import structlog

from botkit.cli.log import logging_as, logging_to_stderr
from botkit.errors import ConfigError


def test_stdout_is_for_results(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr():
        structlog.get_logger().warning("clock off", offset_s=3)

    out, err = capsys.readouterr()
    assert out == ""
    assert "clock off" in err


def test_what_is_less_serious_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr("error"):
        structlog.get_logger().warning("clock off")

    assert capsys.readouterr() == ("", "")


def test_what_libraries_say_is_logged_too(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr():
        logging.getLogger("somebody").error("cannot")

    assert "cannot" in capsys.readouterr().err


def test_a_file_takes_every_line_until_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "new" / "botkit.log"

    with logging_as("info", console="none", file=path):
        structlog.get_logger().info("run started")
    structlog.get_logger().info("nobody listens any more")

    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["run started"]
    assert capsys.readouterr() == ("", "")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(ConfigError, match="cannot be written") as caught,
        logging_as("info", console="none", file=tmp_path / "file" / "botkit.log"),
    ):
        pass
    assert "bot.state" in caught.value.remedy
