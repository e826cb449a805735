from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

from botkit.risk.approval import Approved, Refused
from botkit.risk.gate import RiskGate
from tests.market import amend_order, facts, limits, new_order


@pytest.fixture
def approved() -> Approved:
    verdict = RiskGate(limits()).review(new_order(), facts())
    assert isinstance(verdict, Approved)
    return verdict


def test_an_approval_holds_what_was_reviewed(approved: Approved) -> None:
    assert approved.request == new_order()


def test_an_approval_shows_what_was_approved(approved: Approved) -> None:
    assert repr(approved) == f"<Approved {new_order()}>"


@pytest.mark.parametrize(
    "seal", [None, True, object(), "seal", Approved], ids=["none", "true", "object", "text", "class"]
)
def test_only_the_gate_has_the_seal(seal: object) -> None:
    with pytest.raises(TypeError, match=r"only RiskGate\.review\(\) approves orders"):
        Approved(new_order(), seal=seal)


def test_an_approval_is_not_made_without_a_seal() -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'seal'"):
        Approved(new_order())  # type: ignore[call-arg]  # what is tested


def test_an_approval_made_behind_the_constructors_back_holds_nothing() -> None:
    forged = object.__new__(Approved)

    with pytest.raises(AttributeError):
        _ = forged.request
    with pytest.raises(TypeError, match="sealed: it does not change"):
        forged._request = new_order()


def test_an_approval_cannot_be_given_another_order(approved: Approved) -> None:
    with pytest.raises(TypeError, match="sealed: it does not change"):
        approved._request = amend_order()
    with pytest.raises(TypeError, match="sealed: it does not change"):
        approved.request = amend_order()  # type: ignore[misc]  # what is tested
    assert approved.request == new_order()


def test_there_is_no_kind_of_approval_but_one() -> None:
    with pytest.raises(TypeError, match="sealed: it has no subclasses"):
        type("Lenient", (Approved,), {})


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, pickle.dumps, msgspec.json.encode], ids=lambda f: f.__qualname__
)
def test_an_approval_is_not_copied_or_stored(duplicate: object, approved: Approved) -> None:
    assert callable(duplicate)
    with pytest.raises(TypeError):
        duplicate(approved)


@pytest.mark.parametrize(
    ("remedy", "text"),
    [
        ("", "price_collar: 300 bps, limit 200 bps"),
        ("price it nearer", "price_collar: 300 bps, limit 200 bps; price it nearer"),
    ],
    ids=["bare", "with remedy"],
)
def test_a_refusal_explains_itself(remedy: str, text: str) -> None:
    refused = Refused(
        client_order_id="bk1",
        strategy="test",
        symbol="BTC-USDT",
        rule="price_collar",
        measured="300 bps",
        limit="200 bps",
        remedy=remedy,
    )

    assert str(refused) == text
    assert msgspec.json.decode(msgspec.json.encode(refused), type=Refused) == refused
