from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest
import structlog

from botkit.errors import ConfigError
from botkit.model.side import Side
from botkit.observe.logging import LEVELS, Sink, configure, json_lines, open_log, readable
from botkit.venues.secrets import Credentials, Secret
from tests.market import new_order

VALUE = "FAKE-not-a-real-secret-0123456789"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def output() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def log(output: io.BytesIO) -> structlog.typing.FilteringBoundLogger:
    configure("debug", [json_lines(output)])
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def lines(output: io.BytesIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_fact_is_one_line_of_json(log: structlog.typing.FilteringBoundLogger, output: io.BytesIO) -> None:
    log.bind(venue="okx").warning("session lost", reason="line\nbreak", retry_in_s=1.5)

    (line,) = lines(output)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "event": "session lost",
        "level": "warning",
        "venue": "okx",
        "reason": "line\nbreak",
        "retry_in_s": 1.5,
    }


class Color(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("0.10"), "0.10"),
        (Side.BUY, "buy"),
        (Path("state/bot.db"), "state/bot.db"),
        (ConfigError("no", where="a.toml:3"), "a.toml:3: no"),
        ({1: 2}, {"1": 2}),
        ((1, Color.RED), [1, "red"]),
        (2**70, "1180591620717411303424"),
        ("\ud800", "'\\ud800'"),
        (b"x", "b'x'"),
        (None, None),
    ],
    ids=["decimal", "enum", "path", "error", "keys", "tuple", "huge", "half a surrogate", "bytes", "none"],
)
def test_whatever_is_logged_becomes_a_line(
    log: structlog.typing.FilteringBoundLogger, output: io.BytesIO, value: object, written: object
) -> None:
    log.info("logged", value=value)

    assert lines(output)[0]["value"] == written


def test_a_struct_is_logged_field_by_field(
    log: structlog.typing.FilteringBoundLogger, output: io.BytesIO
) -> None:
    log.info("asked for", order=new_order())

    order = lines(output)[0]["order"]
    assert isinstance(order, dict)
    assert (order["symbol"], order["size"], order["side"]) == ("BTC-USDT", "1", "buy")


@pytest.mark.parametrize("kind", ["json", "text"])
def test_no_secret_is_written_whatever_is_logged(kind: str, output: io.BytesIO) -> None:
    text = io.StringIO()
    sinks: dict[str, Sink] = {"json": json_lines(output), "text": readable(text)}
    configure("debug", [sinks[kind]])
    log = structlog.get_logger()
    secret = Secret(VALUE)
    credentials = Credentials(key=secret, secret=secret, passphrase=secret)

    def fail(given: Secret, plain: str) -> None:
        raise ValueError(f"cannot sign with {given}, passphrase={plain}")

    log.info("typed", secret_thing=secret, credentials=credentials, nested=[{"x": (secret,)}])
    log.info("named", headers={"OK-ACCESS-PASSPHRASE": VALUE}, sign=VALUE)
    log.info("formatted %s", secret)
    log.info("in the text: apiKey=%s", VALUE)
    try:
        fail(secret, VALUE)
    except ValueError:
        log.exception("failed")
        logging.getLogger("somebody").exception("failed with passphrase=%s", VALUE)

    written = output.getvalue().decode() + text.getvalue()
    assert written.count("***") > 8
    assert "ValueError: cannot sign" in written
    assert VALUE not in written


def test_what_is_less_serious_is_not_written(output: io.BytesIO) -> None:
    configure("warning", [json_lines(output)])
    log = structlog.get_logger()

    log.info("not this")
    log.warning("this")

    assert [line["event"] for line in lines(output)] == ["this"]


def test_libraries_are_heard_from_info_upwards_even_when_we_debug(
    log: structlog.typing.FilteringBoundLogger, output: io.BytesIO
) -> None:
    for name in ("websockets.client", "aiohttp.client", "asyncio", "anything"):
        logging.getLogger(name).debug("> %s", '{"op":"login"}')
    logging.getLogger("websockets.client").info("connection %s", "open")
    logging.getLogger("aiohttp.access").critical("broken")

    assert [(line["event"], line["level"], line["library"]) for line in lines(output)] == [
        ("connection open", "info", "websockets.client"),
        ("broken", "error", "aiohttp.access"),
    ]


def test_configuring_again_replaces_what_was_there(output: io.BytesIO) -> None:
    configure("debug", [json_lines(io.BytesIO())])
    configure("debug", [json_lines(output)])

    structlog.get_logger().info("once")
    logging.getLogger("library").info("once")

    assert len(lines(output)) == 2


def test_every_sink_gets_every_record(output: io.BytesIO) -> None:
    text = io.StringIO()
    configure("info", [readable(text), json_lines(output)])

    structlog.get_logger().info("connected", venue="okx")

    assert lines(output)[0]["event"] == "connected"
    assert "connected" in text.getvalue()
    assert "venue=okx" in text.getvalue()


def test_a_stream_that_is_no_terminal_gets_no_colors() -> None:
    text = io.StringIO()
    configure("info", [readable(text)])

    structlog.get_logger().info("connected")

    assert "\x1b" not in text.getvalue()
    assert text.getvalue().endswith("\n")


class FullDisk(io.BytesIO):
    def write(self, data: object) -> int:
        raise OSError(28, "No space left on device")


def test_a_sink_that_fails_stops_neither_the_caller_nor_the_other_sinks(output: io.BytesIO) -> None:
    closed = io.StringIO()
    configure("info", [json_lines(FullDisk()), readable(closed), json_lines(output)])
    closed.close()

    structlog.get_logger().info("connected")

    assert lines(output)[0]["event"] == "connected"


def test_a_log_file_is_its_owners_and_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "state" / "bot.log"
    for event in ("first", "second"):
        with open_log(path) as file:
            configure("info", [json_lines(file)])
            structlog.get_logger().info(event)

    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["first", "second"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_of_the_configuration_is_known(level: str) -> None:
    configure(level, [readable(sys.stderr)])
