from __future__ import annotations

from itertools import combinations, product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.risk.scope import KeyReport, KeyScope, ScopePolicy

STRICT = ScopePolicy()
LAX = ScopePolicy(allow_unbound_ip=True, allow_master_account=True, allow_lead_trader=True)
WORDS = ["read_only", "trade", "withdraw", "transfer", "", "Trade", "read", " trade"]


UNKNOWN = (
    "the key has the permission {!r}, which botkit does not know; make a new one with Read and Trade only"
)


def report(**said: object) -> KeyReport:
    made = KeyReport(
        permissions=("read_only", "trade"),
        ips=("192.0.2.1",),
        is_master=False,
        is_lead_trader=False,
        uid="1001",
        label="bot",
    )
    return msgspec.structs.replace(made, **said)


def policy(**asked: object) -> ScopePolicy:
    return msgspec.structs.replace(STRICT, **asked)


def passes(said: KeyReport, held_to: ScopePolicy = STRICT) -> bool:
    return KeyScope.judge(said, held_to).is_trade_only


def test_to_read_and_to_trade_is_exactly_what_a_bot_needs() -> None:
    scope = KeyScope.judge(report(), STRICT)

    assert scope.is_trade_only
    assert scope == KeyScope(permissions=("read_only", "trade"))


def test_of_all_sets_of_permissions_exactly_one_passes() -> None:
    sets = [words for n in range(len(WORDS) + 1) for words in combinations(WORDS, n)]

    assert len(sets) == 2 ** len(WORDS)
    assert [words for words in sets if passes(report(permissions=words), LAX)] == [("read_only", "trade")]


@pytest.mark.parametrize(
    "words",
    [("trade", "read_only"), ("read_only", "trade", "trade", "read_only")],
    ids=["the other way round", "twice"],
)
def test_permissions_are_a_set(words: tuple[str, ...]) -> None:
    assert passes(report(permissions=words))
    assert KeyScope.judge(report(permissions=words), STRICT).permissions == ("read_only", "trade")


@pytest.mark.parametrize("permissions", [None, ()], ids=["no answer", "an empty answer"])
def test_a_venue_that_does_not_say_is_not_taken_for_one_that_says_no(
    permissions: tuple[str, ...] | None,
) -> None:
    scope = KeyScope.judge(report(permissions=permissions), LAX)

    assert scope.findings == ("the venue did not say what the key may do; without an answer it is not used",)
    assert scope.permissions == ()


@pytest.mark.parametrize(
    ("permissions", "findings"),
    [
        (
            ("read_only", "trade", "withdraw"),
            ["the key can withdraw; make a new one with Read and Trade only, and delete this one"],
        ),
        (("read_only",), ["the key can only read; make a new one with Read and Trade"]),
        (("trade",), ["the key cannot read; make a new one with Read and Trade"]),
        (
            ("read_only", "trade", "transfer", "fly"),
            [
                UNKNOWN.format("fly"),
                UNKNOWN.format("transfer"),
            ],
        ),
    ],
    ids=["too much", "read only", "trade only", "unknown words"],
)
def test_a_refusal_says_what_is_wrong_with_the_key(permissions: tuple[str, ...], findings: list[str]) -> None:
    assert list(KeyScope.judge(report(permissions=permissions), STRICT).findings) == findings


def test_what_a_refused_key_can_do_is_told_all_the_same() -> None:
    scope = KeyScope.judge(report(permissions=("withdraw", "trade")), STRICT)

    assert scope.permissions == ("trade", "withdraw")


EXCEPTIONS: dict[str, dict[str, object]] = {
    "allow_unbound_ip": {"ips": ()},
    "allow_master_account": {"is_master": True},
    "allow_lead_trader": {"is_lead_trader": True},
}


@pytest.mark.parametrize(("name", "asked"), list(product(EXCEPTIONS, EXCEPTIONS)))
def test_an_exception_is_made_only_for_what_was_asked_for_by_name(name: str, asked: str) -> None:
    scope = KeyScope.judge(report(**EXCEPTIONS[name]), policy(**{asked: True}))

    assert scope.is_trade_only == (name == asked)
    finding = scope.warnings if name == asked else scope.findings
    assert len(finding) == 1
    assert f"or set {name} = true" in finding[0]


def test_an_excused_key_is_used_with_a_warning() -> None:
    scope = KeyScope.judge(report(ips=(), is_master=True, is_lead_trader=True), LAX)

    assert scope.is_trade_only
    assert len(scope.warnings) == 3


@pytest.mark.parametrize("ips", [("",), ("192.0.2.1", ""), (" ",)], ids=repr)
def test_an_empty_address_binds_nothing(ips: tuple[str, ...]) -> None:
    assert not passes(report(ips=ips))
    assert passes(report(ips=ips), policy(allow_unbound_ip=True))


ABSENT = ["permissions", "ips", "is_master", "is_lead_trader"]


@pytest.mark.parametrize("absent", ABSENT)
def test_what_was_not_said_is_refused_and_cannot_be_excused(absent: str) -> None:
    scope = KeyScope.judge(report(**{absent: None}), LAX)

    assert len(scope.findings) == 1
    assert scope.findings[0].startswith("the venue did not say ")


@given(
    st.builds(
        KeyReport,
        permissions=st.none() | st.lists(st.sampled_from(WORDS), max_size=4).map(tuple),
        ips=st.none() | st.lists(st.sampled_from(["192.0.2.1", "2001:db8::1"]), max_size=2).map(tuple),
        is_master=st.none() | st.booleans(),
        is_lead_trader=st.none() | st.booleans(),
        uid=st.sampled_from(["", "1001"]),
        label=st.sampled_from(["", "bot"]),
    ),
    st.builds(ScopePolicy),
)
def test_nothing_passes_but_a_complete_answer_with_exactly_two_permissions(
    said: KeyReport, held_to: ScopePolicy
) -> None:
    if passes(said, held_to):
        assert all(getattr(said, name) is not None for name in ABSENT)
        assert set(said.permissions or ()) == {"read_only", "trade"}
        assert said.ips or held_to.allow_unbound_ip
        assert not said.is_master or held_to.allow_master_account
        assert not said.is_lead_trader or held_to.allow_lead_trader
        assert said.uid == held_to.expect_uid or not held_to.expect_uid
        assert said.label == held_to.expect_label or not held_to.expect_label


def test_a_policy_excuses_nothing_unless_told_to() -> None:
    assert msgspec.structs.asdict(ScopePolicy()) == {
        "allow_unbound_ip": False,
        "allow_master_account": False,
        "allow_lead_trader": False,
        "expect_uid": "",
        "expect_label": "",
    }


@pytest.mark.parametrize(
    ("expected", "said", "finding"),
    [
        ({"expect_uid": "1001"}, {}, ""),
        ({"expect_uid": "1002"}, {}, "the key belongs to account 1001, not to 1002 as configured"),
        (
            {"expect_uid": "1002"},
            {"uid": ""},
            "the key belongs to account unknown, not to 1002 as configured",
        ),
        ({"expect_label": "bot"}, {}, ""),
        ({"expect_label": "other"}, {}, "the key is labelled 'bot', not 'other' as configured"),
        ({"expect_label": "other"}, {"label": ""}, "the key is labelled '', not 'other' as configured"),
    ],
    ids=["account", "other account", "no account", "label", "other label", "no label"],
)
def test_a_key_is_the_one_that_was_expected(
    expected: dict[str, str], said: dict[str, str], finding: str
) -> None:
    scope = KeyScope.judge(report(**said), policy(**expected))

    assert scope.findings == ((finding,) if finding else ())
