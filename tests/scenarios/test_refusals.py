"""What must not trade does not start: the exit code says why, a sentence what to do, the exchange saw no order."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from botkit.config.runfile import announced
from botkit.venues.okx.emulator import synthetic
from tests.scenarios.place import Done, Place, botkit, environment, open_place

RUN = ("run", "bot.toml", "--for", "2s", "--json")
CHECK = ("keys", "check", "bot.toml", "--json")
VERBS = pytest.mark.parametrize("typed", [RUN, CHECK], ids=["run", "keys check"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with open_place(tmp_path_factory.mktemp("refusals"), seed=3) as place:
        yield place


def has_no_trace_of_a_bot(folder: Path) -> bool:
    return not (folder / "state").exists()


def assert_refused(done: Done, code: int, error: str, *fragments: str) -> None:
    """Assert that people and programs are told the same."""
    assert done.code == code, done.told
    assert (done.said["error"], done.said["exit_code"]) == (error, code)
    for fragment in fragments:
        assert fragment in done.said["message"]
        assert fragment in done.told
    assert "Traceback" not in done.told


# ---- keys: exit code 3


@VERBS
@pytest.mark.parametrize(
    ("label", "why", "what_to_do"),
    [
        ("withdraw", "can withdraw", "make a new one with Read and Trade only, and delete this one"),
        ("readonly", "can only read", "make a new one with Read and Trade"),
        ("unbound", "bound to no IP address", "bind it at the venue, or set allow_unbound_ip = true"),
        ("master", "master account", "use a sub-account's key, or set allow_master_account = true"),
        ("unknown-perm", "'teleport'", "make a new one with Read and Trade only"),
    ],
    ids=["withdraws", "only reads", "bound to no address", "of the master account", "may do who knows what"],
)
def test_a_key_with_other_rights_is_refused(
    place: Place, typed: tuple[str, ...], label: str, why: str, what_to_do: str
) -> None:
    done = botkit(place.folder, *typed, BOTKIT_KEY__ACCOUNT=f"emulator:{label}")

    assert_refused(done, 3, "key_scope", why, what_to_do)
    assert place.account(label).orders() == []
    assert has_no_trace_of_a_bot(place.folder)


def test_an_exception_that_the_operator_names_is_made(place: Place) -> None:
    done = botkit(
        place.folder, *CHECK, BOTKIT_KEY__ACCOUNT="emulator:unbound", BOTKIT_KEY__ALLOW_UNBOUND_IP="true"
    )

    assert done.code == 0, done.told
    assert done.said["accepted"]
    assert any("no IP address" in warning for warning in done.said["warnings"])


@VERBS
def test_a_key_of_another_account_than_the_one_expected_is_refused(
    place: Place, typed: tuple[str, ...]
) -> None:
    done = botkit(place.folder, *typed, BOTKIT_KEY__EXPECT_UID="1234567890")

    assert_refused(done, 3, "key_scope", "not to 1234567890")
    assert place.trader.orders() == []


def test_the_key_that_a_bot_should_have_is_accepted(place: Place) -> None:
    """Otherwise everything here would pass with a program that refuses everything."""
    assert botkit(place.folder, *CHECK).code == 0


# ---- the venue does not accept the login, or does not answer: exit code 4


@VERBS
@pytest.mark.parametrize(
    ("part", "wrong"),
    [("key", "fake-key-of-nobody"), ("secret", "FAKE-SECRET-OF-NOBODY"), ("passphrase", "Fake-Passphrase-1")],
    ids=["key", "secret", "passphrase"],
)
def test_a_login_that_is_not_accepted_says_which_part_to_look_at(
    place: Place, typed: tuple[str, ...], part: str, wrong: str
) -> None:
    [right] = [keys for keys in place.exchange["accounts"] if keys["label"] == "trader"]
    keys = {**{name: right[name] for name in ("key", "secret", "passphrase")}, part: wrong}
    secrets = {f"FAKE_{name.upper()}": value for name, value in keys.items()}
    named = {f"BOTKIT_KEY__{name.upper()}": f"env:FAKE_{name.upper()}" for name in keys}
    text = (place.folder / "bot.toml").read_text().replace('account = "emulator:trader"\n', "")
    (place.folder / "named.toml").write_text(text)

    done = botkit(
        place.folder, *(word.replace("bot.toml", "named.toml") for word in typed), **secrets, **named
    )

    assert_refused(done, 4, "login_refused")
    assert done.said["problems"][0]["remedy"]
    assert wrong not in done.told
    assert place.trader.orders() == []
    assert has_no_trace_of_a_bot(place.folder)


async def told_by(folder: Path, typed: tuple[str, ...], **variables: str) -> Done:
    """Run a command beside what runs in this process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "botkit",
        *typed,
        cwd=folder,
        env={**environment(), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, told = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return Done(process.returncode, json.loads(out.splitlines()[-1]), told.decode())


@pytest.mark.asyncio
@pytest.mark.parametrize("offset_s", [60, -60], ids=["a minute ahead", "a minute behind"])
async def test_a_clock_that_is_wrong_is_refused(tmp_path: Path, place: Place, offset_s: float) -> None:
    """To shift every timestamp would hide it, until a certificate or a log does not fit."""
    emulator = synthetic(3, clock_offset_s=offset_s)
    await emulator.start()
    try:
        keep_configuration(place, tmp_path)
        with announced(emulator.describe(), tmp_path / ".botkit"):
            run, check = await asyncio.gather(told_by(tmp_path, RUN), told_by(tmp_path, CHECK))
    finally:
        await emulator.stop()

    for done in (run, check):
        assert_refused(done, 4, "login_refused", "60 s", "clock")
    assert has_no_trace_of_a_bot(tmp_path)
    assert not any(emulator.floor.history(user.uid) for user in emulator.floor.accounts.users)


def keep_configuration(place: Place, folder: Path) -> None:
    (folder / "bot.toml").write_text((place.folder / "bot.toml").read_text())


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Run something that takes connections and says nothing; yield where."""
    heard: list[asyncio.StreamWriter] = []

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(writer)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in heard:
            writer.close()


@pytest.mark.asyncio
async def test_a_venue_that_says_nothing_is_given_up(tmp_path: Path, place: Place) -> None:
    keep_configuration(place, tmp_path)
    async with silent_server() as address:
        variables = {"BOTKIT_VENUE__ADDRESS": address}
        run, check = await asyncio.gather(
            told_by(tmp_path, RUN, **variables), told_by(tmp_path, CHECK, **variables)
        )

    for done in (run, check):
        assert_refused(done, 4, "venue_unreachable", address.removeprefix("http://"))
    assert has_no_trace_of_a_bot(tmp_path)


@VERBS
def test_a_venue_where_nobody_listens_is_unreachable(place: Place, typed: tuple[str, ...]) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # taken, and nobody listens
        port = reserved.getsockname()[1]
        done = botkit(place.folder, *typed, BOTKIT_VENUE__ADDRESS=f"http://127.0.0.1:{port}")

    assert_refused(done, 4, "venue_unreachable", f"127.0.0.1:{port}")
    assert has_no_trace_of_a_bot(place.folder)


@VERBS
def test_without_an_emulator_the_command_says_how_to_start_one(
    tmp_path: Path, place: Place, typed: tuple[str, ...]
) -> None:
    keep_configuration(place, tmp_path)

    done = botkit(tmp_path, *typed)

    assert_refused(done, 4, "venue_unreachable", "botkit exchange")


# ---- the configuration: exit code 2


@pytest.mark.parametrize(
    ("old", "new", "where", "why"),
    [
        ("max_open_orders = 20", "max_open_orders = = 20", "bot.toml:12", "TOML"),
        ("max_open_orders", "max_orders_open", "bot.toml:12", "max_orders_open"),
        ('max_order_size = "0.05"', 'max_order_size = "-1"', "bot.toml:16", "max_order_size"),
        ('max_order_size = "0.05"\n', "", "bot.toml:15", "max_order_size"),
        ('address = "emulator"', 'address = "global"', "bot.toml", "environment"),
        ("restless.py", "restful.py", "bot.toml:26", "restful.py"),
        ("emulator:trader", "emulator:nobody", "bot.toml:9", "nobody"),
        ("instruments.BTC-USDT", "instruments.BTC-EUR", "bot.toml:15", "BTC-EUR"),
        ("strategy.restless]", 'strategy.restless]\nparams.size = "much"', "bot.toml", "size"),
    ],
    ids=[
        "no TOML",
        "a key misspelt",
        "a limit below zero",
        "a limit left out",
        "nothing said of whose money",
        "a strategy that is not there",
        "an account that is not there",
        "an instrument that is not there",
        "a parameter of another kind",
    ],
)
def test_a_mistake_in_the_configuration_is_told_with_its_line(
    place: Place, old: str, new: str, where: str, why: str
) -> None:
    text = (place.folder / "bot.toml").read_text()
    assert text.count(old) == 1
    folder = place.folder / "mistaken"
    folder.mkdir(exist_ok=True)
    (folder / "bot.toml").write_text(text.replace(old, new))

    done = botkit(folder, *RUN, BOTKIT_STATE=str(place.folder / ".botkit"), BOTKIT_BOT__STATE="state")

    assert_refused(done, 2, "configuration", where, why)
    assert has_no_trace_of_a_bot(folder)
    assert place.trader.orders() == []


def test_a_configuration_that_is_not_there_is_told(place: Place) -> None:
    assert_refused(botkit(place.folder, "run", "bott.toml", "--json"), 2, "configuration", "bott.toml")


def test_a_length_of_time_that_is_none_is_a_mistake_of_usage(place: Place) -> None:
    assert_refused(botkit(place.folder, "run", "bot.toml", "--for", "long", "--json"), 2, "usage", "long")


# ---- one bot at a time


def test_a_second_bot_of_the_same_name_does_not_start(tmp_path: Path) -> None:
    with open_place(tmp_path, seed=3) as place, place.bot() as first:
        first.hear_kind("books")

        second = botkit(place.folder, *RUN)

        assert second.code == 2, second.told
        assert second.said["error"] == "journal"
        assert first.stop() == 0
