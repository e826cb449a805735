"""Every error botkit raises on purpose, named for who must act.

    BotkitError
    ├── ConfigError             the operator: a setting, a file, a strategy
    │   ├── InvalidSettings     settings that cannot be used, all of them at once
    │   ├── StrategyError       a strategy that cannot be found, loaded or built
    │   ├── StillKilled         the bot was killed, and nobody has said that it may trade again
    │   ├── SecretError         a secret that cannot be had, or is kept carelessly
    │   └── KeyScopeError       the API key may do too much, too little, or will not say
    ├── VenueError              the venue's answer, or its absence
    │   ├── VenueRejected       it said no; asking again changes nothing
    │   ├── VenueBusy           it said later
    │   ├── VenueUnreachable    it said nothing: the outcome is unknown
    │   └── LoginRefused        it does not accept the key, passphrase, signature or clock
    ├── ProtocolError           bytes that the venue's protocol does not allow
    ├── JournalError            the record of intents cannot be read or written
    └── InvariantError          we are wrong: stop trading

Exceptions carry fields; `str()` tells the operator what happened and, on a
second sentence, what to do.
"""

from __future__ import annotations

__all__ = [
    "BotkitError",
    "ConfigError",
    "InvalidSettings",
    "InvariantError",
    "JournalError",
    "KeyScopeError",
    "LoginRefused",
    "ProtocolError",
    "SecretError",
    "StillKilled",
    "StrategyError",
    "VenueBusy",
    "VenueError",
    "VenueRejected",
    "VenueUnreachable",
]


class BotkitError(Exception):
    """Any error that botkit raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        # Python would call the class with `args` alone, which keyword arguments are not part of, and
        # an error raised in a worker process would be lost on its way home.
        return _as_it_was, (type(self), self.args, self.__dict__)


class ConfigError(BotkitError):
    """Something the operator wrote cannot be used.

    Attributes:
        problem: What is wrong, one sentence.
        remedy: What to do about it; empty when the problem says it all.
        where: The place, as `file:line` or a key; empty if there is none.

    """

    def __init__(self, problem: str, *, remedy: str = "", where: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        self.where = where
        super().__init__(problem, remedy, where)

    def __str__(self) -> str:
        text = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{text}\n  {self.remedy}" if self.remedy else text


class InvalidSettings(ConfigError):
    """Settings of one configuration cannot be used.

    Attributes:
        problems: Every one of them, in the order of the file.

    """

    def __init__(self, problems: tuple[ConfigError, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class StrategyError(ConfigError):
    """A strategy cannot be found, imported or built from its parameters."""


class StillKilled(ConfigError):
    """The bot was killed in an earlier run, and nobody has said since that it may trade again."""


class SecretError(ConfigError):
    """A secret is missing, unreadable, or kept where others can read it."""


class KeyScopeError(ConfigError):
    """The API key's rights are not exactly the ones a bot should have.

    Attributes:
        findings: Each reason for the refusal, as a sentence with its remedy.

    """

    def __init__(self, findings: tuple[str, ...]) -> None:
        self.findings = findings
        super().__init__("the API key is refused:\n" + "\n".join(f"  - {finding}" for finding in findings))


class VenueError(BotkitError):
    """A venue's answer that is not the one asked for.

    Attributes:
        code: The venue's own code, empty when there was no answer.
        message: The venue's own words, or ours when it said nothing.

    """

    def __init__(self, message: str, *, code: str = "") -> None:
        self.code = code
        self.message = message
        super().__init__(message, code)

    def __str__(self) -> str:
        return f"{self.message} (code {self.code})" if self.code else self.message


class VenueRejected(VenueError):
    """The venue refused, and will refuse the same request again."""


class VenueBusy(VenueError):
    """The venue did not execute the request and asks to come back later.

    Attributes:
        retry_after_s: Seconds to wait before the next try.

    """

    def __init__(self, message: str, *, code: str = "", retry_after_s: float = 1.0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, code=code)


class VenueUnreachable(VenueError):
    """No usable answer came: whether the request was executed is unknown."""


class LoginRefused(VenueError):
    """The venue does not accept who we say we are, or what time we say it is.

    Attributes:
        remedy: What the operator can do about it.

    """

    def __init__(self, message: str, *, code: str = "", remedy: str = "") -> None:
        self.remedy = remedy
        super().__init__(message, code=code)

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}\n  {self.remedy}" if self.remedy else text


class ProtocolError(BotkitError):
    """Bytes arrived that the venue's protocol does not allow."""


class JournalError(BotkitError):
    """The journal cannot be read or written; without it nothing is sent."""


class InvariantError(BotkitError):
    """Something that cannot happen did: botkit is wrong and must stop trading."""


def _as_it_was(kind: type[BotkitError], args: tuple[object, ...], fields: dict[str, object]) -> BotkitError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error
