"""Lock one: what the API key may do, judged three-valued and fail-closed.

A bot needs exactly two rights, to read and to trade. A right that is absent, a
word that nobody knows and an answer that did not come are all refusals: unknown
is never no.
"""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["KeyReport", "KeyScope", "ScopePolicy"]

READ: Final = "read_only"
TRADE: Final = "trade"
WITHDRAW: Final = "withdraw"
_NEEDED: Final = frozenset({READ, TRADE})


class KeyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue says about the key that asks. None means that it did not say.

    Attributes:
        permissions: The venue's words, translated by the venue to `read_only`, `trade`,
            `withdraw`; words it does not know are passed on as they are.
        ips: Addresses the key is bound to; empty if it is not bound.
        is_master: It belongs to a master account, which can move funds and mint keys.
        is_lead_trader: Others copy its trades.
        uid: The account's id at the venue.
        label: The key's note at the venue.

    """

    permissions: tuple[str, ...] | None
    ips: tuple[str, ...] | None
    is_master: bool | None
    is_lead_trader: bool | None
    uid: str = ""
    label: str = ""


class ScopePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which exceptions the operator has asked for by name, and what to expect.

    Attributes:
        allow_unbound_ip: Accept a key that works from any address.
        allow_master_account: Accept a key of a master account.
        allow_lead_trader: Accept an account whose trades others copy.
        expect_uid: Refuse any other account; empty to accept any.
        expect_label: Refuse a key with another label; empty to accept any.

    """

    allow_unbound_ip: bool = False
    allow_master_account: bool = False
    allow_lead_trader: bool = False
    expect_uid: str = ""
    expect_label: str = ""


class KeyScope(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a key.

    Attributes:
        permissions: The rights it has, sorted; empty if the venue did not say.
        findings: Why it is refused, each a sentence with its remedy; empty if it passed.
        warnings: What was excused by the policy.

    """

    permissions: tuple[str, ...]
    findings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_trade_only(self) -> bool:
        """Tell whether the key may be used."""
        return not self.findings

    @classmethod
    def judge(cls, report: KeyReport, policy: ScopePolicy) -> KeyScope:
        """Compare what the venue said with what a bot should have."""
        findings: list[str] = []
        warnings: list[str] = []
        findings += _permission_findings(report.permissions)
        for finding, excused in _account_findings(report, policy):
            (warnings if excused else findings).append(finding)
        findings += _identity_findings(report, policy)
        return cls(
            permissions=tuple(sorted(set(report.permissions or ()))),
            findings=tuple(findings),
            warnings=tuple(warnings),
        )


def _permission_findings(permissions: tuple[str, ...] | None) -> list[str]:
    if not permissions:
        return ["the venue did not say what the key may do; without an answer it is not used"]
    granted = set(permissions)
    findings: list[str] = []
    if WITHDRAW in granted:
        findings.append("the key can withdraw; make a new one with Read and Trade only, and delete this one")
    findings += [
        f"the key has the permission {word!r}, which botkit does not know; "
        "make a new one with Read and Trade only"
        for word in sorted(granted - _NEEDED - {WITHDRAW})
    ]
    if READ not in granted:
        findings.append("the key cannot read; make a new one with Read and Trade")
    if TRADE not in granted:
        findings.append("the key can only read; make a new one with Read and Trade")
    return findings


def _account_findings(report: KeyReport, policy: ScopePolicy) -> list[tuple[str, bool]]:
    findings: list[tuple[str, bool]] = []
    if report.ips is None:
        findings.append(("the venue did not say which addresses the key is bound to", False))
    elif not all(map(str.strip, report.ips or ("",))):  # an empty address binds nothing
        text = "the key is bound to no IP address; bind it at the venue, or set allow_unbound_ip = true"
        findings.append((text, policy.allow_unbound_ip))
    if report.is_master is None:
        findings.append(("the venue did not say whether this is a master account", False))
    elif report.is_master:
        text = (
            "the key belongs to the master account, where Trade also moves funds and makes keys; "
            "use a sub-account's key, or set allow_master_account = true"
        )
        findings.append((text, policy.allow_master_account))
    if report.is_lead_trader is None:
        findings.append(("the venue did not say whether others copy this account's trades", False))
    elif report.is_lead_trader:
        text = "others copy this account's trades; use another account, or set allow_lead_trader = true"
        findings.append((text, policy.allow_lead_trader))
    return findings


def _identity_findings(report: KeyReport, policy: ScopePolicy) -> list[str]:
    findings: list[str] = []
    if policy.expect_uid and report.uid != policy.expect_uid:
        found = report.uid or "unknown"
        findings.append(f"the key belongs to account {found}, not to {policy.expect_uid} as configured")
    if policy.expect_label and report.label != policy.expect_label:
        findings.append(f"the key is labelled {report.label!r}, not {policy.expect_label!r} as configured")
    return findings
