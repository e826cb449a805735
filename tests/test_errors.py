from __future__ import annotations

import inspect
import pickle

import pytest

from botkit import errors
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


def drawn_tree() -> list[tuple[int, str]]:
    """Return depth and name of every error in the module's picture, from the top."""
    picture = [line for line in (inspect.getdoc(errors) or "").split("\n") if line.startswith("    ")]
    branches = " │├└─"
    return [
        ((len(line) - len(line.lstrip(branches))) // 4 - 1, line.strip(branches).split()[0])
        for line in picture
    ]


def real_tree(error: type[BaseException] = BotkitError, depth: int = 0) -> list[tuple[int, str]]:
    below = [each for each in error.__subclasses__() if each.__module__ == errors.__name__]
    return [(depth, error.__name__), *(entry for each in below for entry in real_tree(each, depth + 1))]


def test_the_picture_shows_the_tree_as_it_is() -> None:
    assert drawn_tree() == real_tree()


def test_every_error_is_public() -> None:
    assert sorted(errors.__all__) == sorted(name for _, name in real_tree())


SAMPLES = [
    ConfigError("no such strategy", remedy="Choose one of ema, quoter.", where="live.toml:3"),
    InvalidSettings((ConfigError("first"), ConfigError("second", where="live.toml:9"))),
    StrategyError("it cannot be imported"),
    SecretError("everybody can read it", remedy="chmod 600"),
    StillKilled("this bot was killed: it lost too much", remedy="say why it may trade again"),
    KeyScopeError(("the key can withdraw", "the key is bound to no IP address")),
    VenueRejected("insufficient balance", code="51008"),
    VenueBusy("too many requests", code="50011", retry_after_s=0.5),
    VenueUnreachable("no answer in 5 s"),
    LoginRefused("invalid key", code="50111", remedy="Look at the passphrase."),
    ProtocolError("no JSON"),
    JournalError("the disk is full"),
    InvariantError("a fill of nothing"),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_comes_home_from_another_process_as_it_left(error: BotkitError) -> None:
    there = pickle.loads(pickle.dumps(error))

    assert type(there) is type(error)
    assert str(there) == str(error)
    assert there.args == error.args
    assert vars(there).keys() == vars(error).keys()


def test_every_error_has_a_sample() -> None:
    assert {type(error).__name__ for error in SAMPLES} | {"BotkitError", "VenueError"} == set(errors.__all__)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConfigError("no tick"), "no tick"),
        (ConfigError("no tick", remedy="Add one."), "no tick\n  Add one."),
        (ConfigError("no tick", remedy="Add one.", where="a.toml:3"), "a.toml:3: no tick\n  Add one."),
        (InvalidSettings((ConfigError("a", where="x:1"), ConfigError("b"))), "x:1: a\nb"),
        (KeyScopeError(("too much", "too little")), "the API key is refused:\n  - too much\n  - too little"),
        (VenueRejected("no"), "no"),
        (VenueRejected("no", code="51008"), "no (code 51008)"),
        (LoginRefused("no", code="50111"), "no (code 50111)"),
        (LoginRefused("no", code="50111", remedy="Try again."), "no (code 50111)\n  Try again."),
    ],
)
def test_an_error_says_what_happened_and_what_to_do(error: BotkitError, text: str) -> None:
    assert str(error) == text


def test_a_busy_venue_is_left_alone_for_a_second_if_it_does_not_say_how_long() -> None:
    assert VenueBusy("later").retry_after_s == 1.0


def test_what_a_venue_said_is_kept_apart_from_its_code() -> None:
    error: VenueError = VenueRejected("insufficient balance", code="51008")

    assert (error.message, error.code) == ("insufficient balance", "51008")
