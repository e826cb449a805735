"""Exit codes and sentences for every kind of error."""

from __future__ import annotations

import inspect
import json
import stat
from pathlib import Path

import msgspec
import pytest
import typer

from botkit import errors
from botkit.cli.exits import ExitCode, failure_of, print_failure
from botkit.errors import (
    BotkitError,
    ConfigError,
    InvalidSettings,
    InvariantError,
    JournalError,
    KeyScopeError,
    LoginRefused,
    ProtocolError,
    SecretError,
    StillKilled,
    StrategyError,
    VenueBusy,
    VenueError,
    VenueRejected,
    VenueUnreachable,
)

EXAMPLES: dict[type[BotkitError], tuple[BotkitError, ExitCode]] = {
    BotkitError: (BotkitError("x"), ExitCode.UNEXPECTED),
    ConfigError: (ConfigError("x"), ExitCode.CONFIGURATION),
    InvalidSettings: (InvalidSettings((ConfigError("x"),)), ExitCode.CONFIGURATION),
    StrategyError: (StrategyError("x"), ExitCode.CONFIGURATION),
    SecretError: (SecretError("x"), ExitCode.CONFIGURATION),
    StillKilled: (StillKilled("x"), ExitCode.KILLED),
    KeyScopeError: (KeyScopeError(("x",)), ExitCode.KEY_SCOPE),
    VenueError: (VenueError("x"), ExitCode.VENUE),
    VenueRejected: (VenueRejected("x"), ExitCode.VENUE),
    VenueBusy: (VenueBusy("x"), ExitCode.VENUE),
    VenueUnreachable: (VenueUnreachable("x"), ExitCode.VENUE),
    LoginRefused: (LoginRefused("x"), ExitCode.VENUE),
    ProtocolError: (ProtocolError("x"), ExitCode.VENUE),
    JournalError: (JournalError("x"), ExitCode.CONFIGURATION),
    InvariantError: (InvariantError("x"), ExitCode.UNEXPECTED),
}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what is written about bugs out of the work tree."""
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_every_error_of_the_tree_has_an_example() -> None:
    tree = {each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, BotkitError)}

    assert tree == set(EXAMPLES)


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_an_error_has_its_exit_code(kind: type[BotkitError]) -> None:
    error, code = EXAMPLES[kind]

    failure = failure_of(error)

    assert failure.exit_code is code
    assert "x" in failure.message


def test_a_mistyped_command_is_the_operator_s() -> None:
    failure = failure_of(typer.BadParameter("x"))

    assert (failure.error, failure.exit_code) == ("usage", 2)
    assert failure.problems[0].remedy == "botkit --help shows what can be written"


def test_what_nobody_expected_is_a_bug() -> None:
    assert failure_of(ZeroDivisionError("x")).exit_code is ExitCode.UNEXPECTED


def test_a_group_ends_as_its_first_cause() -> None:
    group = ExceptionGroup("tasks", [ExceptionGroup("inner", [VenueUnreachable("a")]), ConfigError("b")])

    assert failure_of(group).error == "venue_unreachable"


def test_a_bug_explains_what_else_failed() -> None:
    group = ExceptionGroup("tasks", [VenueUnreachable("a"), ZeroDivisionError("b")])

    assert failure_of(group).error == "unexpected"


def test_a_bug_is_one_line_and_its_traceback_is_kept_for_its_owner(state: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        1 / 0  # noqa: B018  # the line that is looked for
    failure = failure_of(caught.value)

    log = state / "botkit-crash.log"
    assert failure.problems[0].problem == "ZeroDivisionError: division by zero"
    assert str(log) in failure.message
    assert "1 / 0" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_the_traceback_of_the_next_bug_is_kept_as_well(state: Path) -> None:
    failure_of(ZeroDivisionError("first"))
    failure_of(ZeroDivisionError("second"))

    text = (state / "botkit-crash.log").read_text()
    assert "first" in text
    assert "second" in text


def test_a_bug_is_told_even_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BOTKIT_STATE", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))

    assert "could not be written anywhere" in failure_of(ZeroDivisionError("x")).message


def test_several_problems_are_told_one_by_one() -> None:
    problems = (ConfigError("first", where="a.toml:1"), ConfigError("second", remedy="mend it"))

    failure = failure_of(InvalidSettings(problems))

    assert failure.message == "a.toml:1: first\nsecond\n  mend it"
    assert json.loads(msgspec.json.encode(failure))["problems"] == [
        {"problem": "first", "where": "a.toml:1"},
        {"problem": "second", "remedy": "mend it"},
    ]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConfigError("wrong", remedy="mend it", where="a.toml:1"), "error: a.toml:1: wrong\n  mend it\n"),
        (
            InvalidSettings((ConfigError("first", where="a.toml:1"), ConfigError("second"))),
            "2 errors:\na.toml:1: first\nsecond\n",
        ),
        (LoginRefused("no such key", code="50119", remedy="ask"), "error: no such key (code 50119)\n  ask\n"),
        (LoginRefused("no such key", remedy="ask"), "error: no such key\n  ask\n"),
        (
            KeyScopeError(("it can [withdraw]", "it is unbound")),
            "error: the API key is refused:\n  - it can [withdraw]\n  - it is unbound\n",
        ),
    ],
    ids=["one", "several", "login", "login without a code", "scope"],
)
def test_a_failure_is_printed_for_people_on_stderr(
    error: BotkitError, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_failure(failure_of(error))

    assert capsys.readouterr() == ("", text)


def test_a_long_line_is_not_folded_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_failure(failure_of(ConfigError("word " * 60)))

    assert capsys.readouterr().err.count("\n") == 1


def test_what_a_venue_says_does_not_draw(capsys: pytest.CaptureFixture[str]) -> None:
    print_failure(failure_of(LoginRefused("\x1b[2Jno\r such key", remedy="ask\n  again")))

    assert capsys.readouterr().err == "error: ?[2Jno? such key\n  ask\n  again\n"


def test_an_unreachable_venue_is_told_with_what_to_do() -> None:
    assert "venue.address" in failure_of(VenueUnreachable("no answer")).problems[0].remedy
