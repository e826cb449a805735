"""The words for what is wrong, and the silence about what may be secret."""

from __future__ import annotations

import pytest

from botkit.config.load import read_settings
from botkit.errors import InvalidSettings
from tests.configurations import CONFIGURATION, changed

SECRET = "hunter2-F4K3-hunter2"


def only_complaint(text: str) -> str:
    with pytest.raises(InvalidSettings) as caught:
        read_settings(text, file="sample.toml")
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "max_open_orders = 10",
            "max_open_orders = 0",
            "12: risk.max_open_orders should be at least 1, not 0",
        ),
        (
            "max_open_orders = 10",
            "max_open_orders = 1001",
            "12: risk.max_open_orders should be at most 1000, not 1001",
        ),
        (
            "max_open_orders = 10",
            "max_open_orders = 1.5",
            "12: risk.max_open_orders should be a whole number, not 1.5",
        ),
        (
            "max_open_orders = 10",
            "price_collar_bps = nan",
            "12: risk.price_collar_bps should be more than 0, not NaN",
        ),
        (
            "max_open_orders = 10",
            "max_data_age_s = 1e9",
            "12: risk.max_data_age_s should be at most 3600, not 1E+9",
        ),
        ('"0.05"', '"1/20"', '15: risk.instruments.BTC-USDT.max_order_size should be a number, not "1/20"'),
        (
            '"0.05"',
            "inf",
            "15: risk.instruments.BTC-USDT.max_order_size should be a finite number, not Infinity",
        ),
        ('state = "state"', "state = 7", "3: bot.state should be a path in quotes, not 7"),
        (
            'name = "sample"',
            'name = "My bot"',
            (
                "2: bot.name should be at most 32 lower-case letters, digits, - and _, a letter first, "
                'not "My bot"'
            ),
        ),
        (
            'state = "state"',
            'order_prefix = "b-k"',
            '3: bot.order_prefix should be 1 to 4 letters and digits, a letter first, not "b-k"',
        ),
        (
            'address = "emulator"',
            'address = "emulator"\nname = "okex"',
            "7: venue.name should be 'okx', not \"okex\"",
        ),
        (
            'address = "emulator"',
            'address = "eu"',
            (
                "6: venue.address should be emulator, a region (global, eea, us), or the URL of an emulator on this "
                'machine, not "eu"'
            ),
        ),
        (
            'account = "emulator:trader"',
            'account = "emulator:trader"\nallow_unbound_ip = "maybe"',
            "10: key.allow_unbound_ip should be true or false",
        ),
    ],
    ids=[
        "too few",
        "too many",
        "fraction",
        "not a number",
        "too old",
        "no number",
        "infinite",
        "path",
        "name",
        "prefix",
        "venue",
        "address",
        "switch",
    ],
)
def test_a_wrong_value_is_told_what_was_expected_and_what_was_given(old: str, new: str, said: str) -> None:
    assert only_complaint(changed(f"{old}\n", f"{new}\n")) == f"sample.toml:{said}"


def test_a_wrong_name_of_a_section_is_told_what_a_name_is() -> None:
    assert only_complaint(CONFIGURATION.replace("strategy.ema", "strategy.Ema")) == (
        "sample.toml:19: the name in [strategy.Ema] should be at most 32 lower-case letters, digits, - and _, "
        'a letter first, not "Ema"'
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "max_open_orders",
            "max_open_order",
            "risk.max_open_order is not a setting of botkit\n  did you mean max_open_orders?",
        ),
        (
            'state = "state"',
            "colour = 1",
            "bot.colour is not a setting of botkit\n  known here: name, state, order_prefix",
        ),
        ("[risk]\n", "[rusk]\n", "rusk is not a section of botkit\n  did you mean risk?"),
        (
            "[strategy.ema.params]",
            "[strategy.ema.parms]",
            "strategy.ema.parms is not a setting of botkit\n  did you mean params?",
        ),
        (
            "[risk]\n",
            "[risk.limits]\n",
            "risk.limits is not a setting of botkit\n  known here: instruments, max_open_orders, max_orders_per_s, price_collar_bps, max_data_age_s",
        ),
    ],
    ids=["near", "far", "section", "inside a named section", "a section that is none"],
)
def test_an_unknown_name_is_told_the_nearest_or_all_that_there_are(old: str, new: str, said: str) -> None:
    assert only_complaint(changed(old, new)).partition(": ")[2] == said


def test_a_misspelt_key_is_not_missing_as_well() -> None:
    assert "did you mean address?" in only_complaint(changed("address", "adress"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('account = "emulator:trader"', "", "key should name account, or key, secret and passphrase"),
        ('account = "emulator:trader"', 'key = "env:K"', "key should also name secret and passphrase"),
        (
            'address = "emulator"',
            'address = "eea"',
            'venue should say environment = "demo" or "live": real money is never assumed',
        ),
        (
            'address = "emulator"',
            'address = "eea"\nenvironment = "demo"',
            "key.account is of an emulator; for venue.address = 'eea' key, secret and passphrase are needed",
        ),
    ],
    ids=["no key", "half a key", "whose money", "fake key for a real venue"],
)
def test_settings_that_do_not_go_together_are_refused(old: str, new: str, said: str) -> None:
    assert said in only_complaint(changed(f"{old}\n", f"{new}\n"))


def test_an_allow_list_is_never_empty() -> None:
    text = CONFIGURATION[: CONFIGURATION.index("[risk.instruments")] + (
        'instruments = {}\n[strategy.ema]\nuse = "ema_cross"\n'
    )

    assert only_complaint(text) == (
        "sample.toml:14: risk.instruments should not be empty\n"
        "  add [risk.instruments.SYMBOL] with its limits; what has no limit is not traded"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('account = "emulator:trader"', f'key = "env:K"\nsecret = "{SECRET}"\npassphrase = "env:P"'),
        ('account = "emulator:trader"', f'account = "emulator:trader"\nsecert = "{SECRET}"'),
        ('account = "emulator:trader"', f'account = "{SECRET}"'),
        ('account = "emulator:trader"', f'key = "env:K"\nsecret = "keyring:{SECRET}"\npassphrase = "env:P"'),
        ('account = "emulator:trader"', f'account = "emulator:trader"\nexpect_uid = ["{SECRET}"]'),
        ('address = "emulator"', f'address = "http://me:{SECRET}@127.0.0.1:1"'),
        ('address = "emulator"', f'address = "{SECRET}"'),
        ("fast = 5", f'fast = 5\nsecret = "{SECRET}"'),
        ("fast = 5", f'fast = 5\napi_key = "{SECRET}"'),
        ("fast = 5", f'fast = 5\nnested = {{ passphrase = "{SECRET}" }}'),
        ('state = "state"', f'secret = "{SECRET}"'),
        ("[bot]", f'secret = "{SECRET}"\n[bot]'),
    ],
    ids=[
        "inline",
        "misspelt",
        "wrong key",
        "unknown scheme",
        "wrong type",
        "in a URL",
        "wrong section's value",
        "parameter",
        "parameter by another name",
        "nested parameter",
        "in another section",
        "in no section",
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_repeated(old: str, new: str) -> None:
    text = changed(f"{old}\n", f"{new}\n")

    assert SECRET not in only_complaint(text)


def test_a_strategy_may_take_a_reference_to_a_secret() -> None:
    settings = read_settings(changed("fast = 5", 'fast = 5\nsecret = "file:feed.secret"'))

    assert settings.strategy["ema"].params["secret"] == "file:feed.secret"


def test_a_long_value_is_not_repeated() -> None:
    assert only_complaint(changed('name = "sample"', f'name = "{"long text " * 9}"')).endswith(
        "a letter first"
    )
