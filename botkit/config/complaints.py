"""What is wrong with a configuration, in the operator's words.

pydantic knows what it expected; this says it as a sentence with a way out, and
never repeats a value that may be a secret.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, get_args, get_origin

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from botkit.config.origin import KeyPath, dotted
from botkit.config.settings import Settings, is_reference

__all__ = ["Complaint", "complaints", "inline_secrets", "unknown_section"]

_SECRET_NAMES: Final = frozenset({"api_key", "key", "passphrase", "password", "secret"})
_LIKE_A_SECRET: Final = re.compile(r"[A-Za-z0-9+/=_-]{20,}|.*@.*")

_EXPECTED: Final = {
    "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
    "decimal_parsing": "should be a number",
    "decimal_type": "should be a number",
    "dict_type": "should be a section",
    "finite_number": "should be a finite number",
    "float_parsing": "should be a number",
    "float_type": "should be a number",
    "greater_than": "should be more than {gt}",
    "greater_than_equal": "should be at least {ge}",
    "int_from_float": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_parsing_size": "should be a whole number of fewer digits",
    "int_type": "should be a whole number",
    "less_than_equal": "should be at most {le}",
    "literal_error": "should be {expected}",
    "model_type": "should be a section",
    "path_type": "should be a path in quotes",
    "string_too_short": "should not be empty",
    "string_type": "should be text in quotes",
    "too_short": "should not be empty",
    "value_error": "{error}",
}

_EXAMPLES: Final[dict[KeyPath, str]] = {
    ("bot",): 'add [bot] with name = "…", which the journal is kept under',
    ("venue",): 'add [venue] with address = "emulator", or a region and an environment',
    ("key",): 'add [key] with account = "emulator:trader", or key, secret and passphrase by reference',
    ("risk",): "add [risk.instruments.SYMBOL] with its limits; what has no limit is not traded",
    ("risk", "instruments"): "add [risk.instruments.SYMBOL] with its limits; what has no limit is not traded",
    ("strategy",): 'add [strategy.NAME] with use = "strategies/….py"',
}


class Complaint(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        path: The setting it is about.
        problem: What is wrong with it.
        remedy: What to do about it; empty when the problem says it all.
        where: The place, if it is not the one of the setting.

    """

    path: KeyPath
    problem: str
    remedy: str = ""
    where: str = ""


def complaints(error: ValidationError) -> list[Complaint]:
    """Return everything that pydantic found."""
    details = error.errors(include_url=False)
    strangers = [_path(detail) for detail in details if detail["type"] == "extra_forbidden"]
    meant = {(*path[:-1], _near(path)) for path in strangers}
    # A key that was misspelt is not missing as well.
    return [
        _complaint(detail) for detail in details if detail["type"] != "missing" or _path(detail) not in meant
    ]


def unknown_section(name: str, *, where: str) -> Complaint:
    """Return the complaint about a section that does not exist."""
    return msgspec.structs.replace(_unknown((name,)), where=where)


def inline_secrets(table: Mapping[str, object], above: KeyPath = ()) -> Iterator[Complaint]:
    """Yield what is named like a secret among a strategy's parameters and is no reference to one."""
    for key, value in table.items():
        path = (*above, key)
        if isinstance(value, dict):
            yield from inline_secrets(value, path)
        elif "params" in above and _is_secret(path) and isinstance(value, str) and not is_reference(value):
            yield Complaint(
                path,
                f"{dotted(path)} should be a reference to a secret and not a secret",
                "a strategy has no use for the venue's keys; botkit signs for it",
            )


def _complaint(detail: ErrorDetails) -> Complaint:
    path, kind = _path(detail), detail["type"]
    example = _EXAMPLES.get(path, "")
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == "missing":
        return Complaint(
            path, f"{f'section [{dotted(path)}]' if example else dotted(path)} is missing", example
        )
    expected = _EXPECTED[kind].format_map(detail.get("ctx", {})) if kind in _EXPECTED else detail["msg"]
    return Complaint(path, f"{_subject(detail)} {expected}{_given(detail)}".lstrip(), example)


def _subject(detail: ErrorDetails) -> str:
    path = dotted(_path(detail))
    return f"the name in [{path}]" if detail["loc"][-1:] == ("[key]",) else path


def _given(detail: ErrorDetails) -> str:
    path, value = _path(detail), detail["input"]
    if path[:1] == ("key",) or _is_secret(path):
        return ""
    match value:
        case bool():
            shown = "true" if value else "false"
        case str() if not _LIKE_A_SECRET.fullmatch(value):
            shown = json.dumps(value, ensure_ascii=False)
        case int() | float() | Decimal():
            shown = str(value)
        case _:
            return ""
    return f", not {shown}" if len(shown) <= 60 else ""


def _is_secret(path: KeyPath) -> bool:
    return bool(path) and path[-1] in _SECRET_NAMES


def _unknown(path: KeyPath) -> Complaint:
    near = _near(path)
    known = _known(path[:-1])
    what = "section" if len(path) == 1 else "setting"
    remedy = f"did you mean {near}?" if near else f"known here: {', '.join(known)}"
    return Complaint(path, f"{dotted(path)} is not a {what} of botkit", remedy)


def _near(path: KeyPath) -> str:
    return next(iter(difflib.get_close_matches(str(path[-1]), _known(path[:-1]), n=1)), "")


def _known(path: KeyPath) -> Iterable[str]:
    """Return the keys that the section at `path` may have."""
    section: object = Settings
    for part in path:
        if isinstance(section, type) and issubclass(section, BaseModel):
            section = section.model_fields[str(part)].annotation
        elif get_origin(section) is dict:
            section = get_args(section)[1]
    return list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []


def _path(detail: ErrorDetails) -> KeyPath:
    return tuple(part for part in detail["loc"] if part != "[key]")
