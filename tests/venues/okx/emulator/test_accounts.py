from __future__ import annotations

from decimal import Decimal

import pytest

from botkit.errors import ConfigError
from botkit.venues.okx.emulator.accounts import BUILT_IN, Accounts, Key, parse_accounts

FILE = """
[[users]]
uid = "100000000000000001"
balances = { USDT = "250" }

[[users.keys]]
label = "mine"
key = "fake-key"
secret = "fake-secret"
passphrase = "fake-phrase"
perm = ["read_only"]
ip = ["10.0.0.0/8"]
"""


def a_key(**terms: object) -> Key:
    return Key(label="k", key="k", secret="s", passphrase="p", **terms)  # type: ignore[arg-type]  # one of its fields


@pytest.mark.parametrize(
    ("ip", "address", "allowed"),
    [
        ((), "203.0.113.9", True),
        (("127.0.0.1",), "127.0.0.1", True),
        (("127.0.0.1",), "127.0.0.2", False),
        (("10.0.0.0/8",), "10.200.3.4", True),
        (("::1",), "::1", True),
        (("2001:db8::/32",), "2001:db8::5", True),
        (("127.0.0.1",), "::1", False),
        (("127.0.0.1",), "::ffff:127.0.0.1", True),
    ],
    ids=[
        "unbound",
        "the address",
        "another address",
        "in a network",
        "IPv6",
        "in an IPv6 network",
        "other family",
        "IPv4 on a dual-stack socket",
    ],
)
def test_a_key_works_from_where_it_is_bound_to(ip: tuple[str, ...], address: str, allowed: bool) -> None:
    assert a_key(ip=ip).allows_from(address) is allowed


def test_every_key_may_read() -> None:
    assert a_key(perm=("trade",)).may("read_only")
    assert not a_key(perm=("read_only",)).may("trade")


def test_only_the_traders_have_keys_that_a_bot_should_have() -> None:
    good = [
        key.label
        for user in BUILT_IN
        for key in user.keys
        if set(key.perm) == {"read_only", "trade"} and key.ip and not user.is_master
    ]

    assert good == ["trader", "trader-2"]


def test_there_is_a_key_for_each_thing_that_can_be_wrong() -> None:
    keys = {key.label: (user, key) for user in BUILT_IN for key in user.keys}

    assert "withdraw" in keys["withdraw"][1].perm
    assert keys["readonly"][1].perm == ("read_only",)
    assert keys["unbound"][1].ip == ()
    assert keys["master"][0].is_master
    assert "teleport" in keys["unknown-perm"][1].perm


def test_built_in_credentials_say_that_they_are_fake() -> None:
    for user in BUILT_IN:
        for key in user.keys:
            assert all("fake" in text.lower() for text in (key.key, key.secret, key.passphrase))


def test_no_two_users_share_an_id_or_a_key() -> None:
    keys = [key.key for user in BUILT_IN for key in user.keys]

    assert len({user.uid for user in BUILT_IN}) == len(BUILT_IN)
    assert len(set(keys)) == len(keys)


def test_users_are_found_by_key() -> None:
    accounts = Accounts(BUILT_IN)

    found = accounts.find("fake-key-of-trader")

    assert found is not None
    assert found[1].label == "trader"
    assert accounts.find("nobody's") is None


def test_accounts_are_read_from_a_file() -> None:
    (user,) = parse_accounts(FILE)

    assert user.balances == {"USDT": Decimal(250)}
    assert user.keys[0].perm == ("read_only",)
    assert not user.is_master


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("users = ", "Invalid value"),
        ("[[users]]\nuid = 5\nkeys = []", "Expected `str`, got `int`"),
        ("[[users]]\nuid = '5'\nkeys = []\nbalance = 1", "unknown field `balance`"),
        (FILE.replace("10.0.0.0/8", "10.0.0.1/8"), "has host bits set"),
        (FILE + FILE, "two users have the uid '100000000000000001'"),
        (FILE + FILE.replace("001", "002"), "two users have the key 'fake-key'"),
    ],
    ids=["not TOML", "wrong type", "unknown field", "no network", "uid twice", "key twice"],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        parse_accounts(text, where="accounts.toml")
    assert refused.value.where == "accounts.toml"
