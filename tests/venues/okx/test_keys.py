"""What a key may do, and nothing that the venue did not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import ProtocolError
from botkit.model.instrument import InstrumentKind
from botkit.risk.scope import KeyReport, KeyScope, ScopePolicy
from botkit.venues.okx.keys import decode_key_report, decode_settings
from tests.venues.okx.frames import encode

GOOD = {
    "perm": "read_only,trade",
    "ip": "192.0.2.1,2001:db8::/32",
    "uid": "2",
    "mainUid": "1",
    "roleType": "0",
    "spotRoleType": "0",
    "label": "botkit",
    "acctLv": "2",
    "posMode": "net_mode",
}


def report(**changes: Any) -> KeyReport:
    return decode_key_report(encode([GOOD | changes]))


def passes(report: KeyReport) -> bool:
    return KeyScope.judge(report, ScopePolicy()).is_trade_only


def test_a_good_key_is_described_in_full() -> None:
    assert report() == KeyReport(
        permissions=("read_only", "trade"),
        ips=("192.0.2.1", "2001:db8::/32"),
        is_master=False,
        is_lead_trader=False,
        uid="2",
        label="botkit",
    )
    assert passes(report())


def test_the_synonym_for_read_only_is_known() -> None:
    assert passes(report(perm="read,trade"))
    assert passes(report(perm="trade,read_only"))


@pytest.mark.parametrize(
    "perm",
    [
        "read_only,withdraw,trade",
        "withdraw",
        "read_only",
        "trade",
        "",
        ",",
        "read_only,trade,",
        "read_only, trade",
        "Read_Only,Trade",
        "read_only,trade,transfer",
        "read_only;trade",
        "read_only,trade\n",
        None,
        True,
        0,
        ["read_only", "trade"],
        {"read_only": True, "trade": True},
    ],
)
def test_anything_but_exactly_read_and_trade_is_refused(perm: object) -> None:
    assert not passes(report(perm=perm))


@pytest.mark.parametrize("perm", ["", None, 5])
def test_an_empty_word_is_no_answer(perm: object) -> None:
    assert report(perm=perm).permissions is None


@pytest.mark.parametrize("missing", ["perm", "ip", "uid", "mainUid", "roleType", "spotRoleType"])
def test_what_the_venue_does_not_say_is_not_assumed(missing: str) -> None:
    said = {name: value for name, value in GOOD.items() if name != missing}

    assert not passes(decode_key_report(encode([said])))


@pytest.mark.parametrize("rows", [[], [GOOD, GOOD]], ids=["none", "two"])
def test_an_answer_about_no_key_or_about_several_says_nothing(rows: list[dict[str, str]]) -> None:
    assert not passes(decode_key_report(encode(rows)))


def test_a_key_without_addresses_is_bound_to_none() -> None:
    assert report(ip="").ips == ()
    assert not passes(report(ip=""))


def test_the_master_account_is_recognised_by_its_id() -> None:
    assert report(uid="1").is_master is True
    assert report(uid="").is_master is None
    assert report(mainUid=7).is_master is None


@pytest.mark.parametrize(
    ("roles", "is_lead"),
    [
        (("0", "0"), False),
        (("0", "2"), False),
        (("1", "0"), True),
        (("0", "1"), True),
        (("0", "3"), None),
        ((0, "0"), None),
    ],
)
def test_a_lead_trader_is_one_in_either_market(roles: tuple[object, object], is_lead: bool | None) -> None:
    assert report(roleType=roles[0], spotRoleType=roles[1]).is_lead_trader is is_lead


@pytest.mark.parametrize("data", [b"", b"{}", b"[5]", b"null", b"[[]]"])
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_key_report(data)


anything = (
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()) | st.just("read_only,trade")
)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), anything))
def test_no_key_passes_that_does_not_say_read_and_trade(changes: dict[str, object]) -> None:
    try:
        found = report(**changes)
    except ProtocolError:
        return

    if passes(found):
        said = {**GOOD, **changes}["perm"]
        assert isinstance(said, str)
        assert set(said.split(",")) in (
            {"read_only", "trade"},
            {"read", "trade"},
            {"read", "read_only", "trade"},
        )


def test_the_documented_key_is_refused_for_it_can_withdraw(shared: Path) -> None:
    answer = json.loads((shared / "okx/fixtures/rest/docs/GET_account_config.json").read_text())

    found = decode_key_report(encode(answer["data"]))

    assert found.permissions == ("read_only", "withdraw", "trade")
    assert (found.ips, found.is_master, found.is_lead_trader, found.label) == ((), True, False, "v5 test")


def test_the_shape_of_two_years_ago_is_read(shared: Path) -> None:
    answer = json.loads((shared / "okx/fixtures/rest/observed/account_config_2024.json").read_text())

    assert decode_key_report(encode(answer["data"])).is_lead_trader is False


@pytest.mark.parametrize(
    ("level", "modes"),
    [
        ("1", {InstrumentKind.SPOT: "cash"}),
        ("2", {InstrumentKind.SPOT: "cash", InstrumentKind.SWAP: "cross"}),
        ("3", {InstrumentKind.SPOT: "cross", InstrumentKind.SWAP: "cross"}),
        ("4", {InstrumentKind.SPOT: "cross", InstrumentKind.SWAP: "cross"}),
        ("5", {}),
        ("", {}),
    ],
)
def test_how_orders_are_margined_follows_from_the_account(
    level: str, modes: dict[InstrumentKind, str]
) -> None:
    settings = decode_settings(encode([GOOD | {"acctLv": level}]))

    assert settings.trade_modes == modes
    assert (settings.level, settings.position_mode) == (level, "net_mode")


def test_an_account_without_settings_is_no_answer() -> None:
    with pytest.raises(ProtocolError, match="no account settings"):
        decode_settings(b"[]")
