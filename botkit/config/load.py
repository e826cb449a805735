"""From a TOML file to settings: read, override from the environment, check, complain of everything at once.

    BOTKIT_<SECTION>__<KEY>   wins over the file, and the file over the default

A variable's value is text, JSON where a section is meant, and a TOML value where
a strategy's parameter is. `BOTKIT_STATE` is short for `BOTKIT_BOT__STATE`.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from botkit.config.complaints import Complaint, complaints, inline_secrets, unknown_section
from botkit.config.origin import KeyPath, Origin, key_lines
from botkit.config.settings import Settings
from botkit.errors import ConfigError, InvalidSettings

__all__ = ["load_settings", "read_settings"]

_PREFIX: Final = "BOTKIT_"
_NESTED: Final = "__"
_STATE: Final = "BOTKIT_STATE"
# Until Python 3.14 the position of a syntax error is in its text only.
_AT: Final = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


class _Environment(Settings, BaseSettings):
    """The settings as pydantic-settings looks for them in the environment; never instantiated."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter=_NESTED, extra="forbid")


def load_settings(path: Path) -> Settings:
    """Return the settings in the file at `path`, overridden by the environment.

    Raises:
        ConfigError: If the file cannot be read, is no TOML, or a variable is no JSON.
        InvalidSettings: If settings are wrong; it names all of them.

    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no file {path}", remedy=_alternatives(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not text in UTF-8", remedy=_alternatives(path)) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", remedy=_alternatives(path)) from error
    return read_settings(text, file=str(path))


def read_settings(text: str, *, file: str = "configuration") -> Settings:
    """Return the settings in a TOML text, overridden by the environment.

    Args:
        text: TOML.
        file: What errors call the text.

    Raises:
        ConfigError: If it is no TOML, or a variable is no JSON.
        InvalidSettings: If settings are wrong; it names all of them.

    """
    written = _parse(text, file)
    overrides = _overrides()
    origin = Origin(file, key_lines(text), _origins(overrides))
    found = list(inline_secrets(written)) + list(inline_secrets(overrides)) + list(_strays())
    try:
        settings = Settings.model_validate(_merged(written, overrides))
    except ValidationError as error:
        found += complaints(error)
    else:
        settings._origin = origin  # noqa: SLF001  # the one who knows it
        if not found:
            return settings
    raise _all(found, origin)


def _parse(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        position = f":{at['line']}:{at['column']}" if at and at["line"] else f":{text.count(chr(10)) + 1}"
        problem = _AT.sub("", str(error))
        raise ConfigError(
            f"this is not TOML: {problem[:1].lower()}{problem[1:]}",
            remedy="text is written in quotes, a section as [name], a comment after #",
            where=file + position,
        ) from error


def _all(found: list[Complaint], origin: Origin) -> InvalidSettings:
    ordered = sorted(found, key=lambda complaint: origin.line(complaint.path))
    return InvalidSettings(
        tuple(
            ConfigError(
                complaint.problem,
                remedy=complaint.remedy,
                where=complaint.where or origin.where(complaint.path),
            )
            for complaint in ordered
        )
    )


def _overrides() -> dict[str, object]:
    """Return what the environment sets, nested as in the file."""
    try:
        overrides: dict[str, object] = EnvSettingsSource(_Environment)()
    except SettingsError as error:
        raise ConfigError(
            f"an environment variable is not what a section needs: {error}",
            remedy=f"a whole section is written as JSON; one setting is {_PREFIX}SECTION{_NESTED}KEY",
        ) from error
    if _STATE in os.environ:
        overrides = _merged({"bot": {"state": os.environ[_STATE]}}, overrides)
    risk, strategies = overrides.get("risk"), overrides.get("strategy")
    if isinstance(risk, dict) and isinstance(risk.get("instruments"), dict):
        # Names of variables have no case, symbols do.
        risk["instruments"] = {symbol.upper(): limits for symbol, limits in risk["instruments"].items()}
    if isinstance(strategies, dict):
        overrides["strategy"] = _with_typed_params(strategies, ("strategy",), _variables())
    return overrides


def _with_typed_params(
    table: Mapping[str, object], above: KeyPath, variables: Mapping[str, str]
) -> dict[str, object]:
    """Return `table` with parameters read as TOML: what type one has, only the strategy knows."""
    typed = dict(table)
    for key, value in table.items():
        path = (*above, key)
        if isinstance(value, dict):
            typed[key] = _with_typed_params(value, path, variables)
        elif "params" in above and isinstance(value, str) and _variable(path) in variables:
            typed[key] = _toml_value(value)
    return typed


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except tomllib.TOMLDecodeError:
        return text


def _origins(overrides: Mapping[str, object]) -> dict[KeyPath, str]:
    """Return each path that the environment sets, with its variable."""
    variables = _variables()
    found: dict[KeyPath, str] = {}
    for path in _paths(overrides):
        covering = (_variable(path[:length]) for length in range(len(path), 0, -1))
        found[path] = next((variables[name] for name in covering if name in variables), _STATE)
    return found


def _variables() -> dict[str, str]:
    """Return the names of the variables for botkit, by what they are without regard to case."""
    return {name.upper(): name for name in os.environ if name.upper().startswith(_PREFIX)}


def _variable(path: KeyPath) -> str:
    return _PREFIX + _NESTED.join(map(str, path)).upper()


def _paths(table: Mapping[str, object], above: KeyPath = ()) -> Iterator[KeyPath]:
    for key, value in table.items():
        path = (*above, key)
        if isinstance(value, dict):
            yield from _paths(value, path)
        else:
            yield path


def _strays() -> Iterator[Complaint]:
    """Yield variables meant for a section that does not exist; pydantic-settings looks past them."""
    for name, spelt in _variables().items():
        section, nested, _ = name.removeprefix(_PREFIX).lower().partition(_NESTED)
        if nested and section not in Settings.model_fields:
            yield unknown_section(section, where=f"environment variable {spelt}")


def _merged(lower: Mapping[str, object], upper: Mapping[str, object]) -> dict[str, object]:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _alternatives(path: Path) -> str:
    there = sorted(str(found) for folder in (path.parent, Path("configs")) for found in folder.glob("*.toml"))
    there = [name for name in dict.fromkeys(there) if Path(name).name != "pyproject.toml"]
    if not there:
        return "there is no configuration here; docs/configuration.md shows how to write one"
    near = difflib.get_close_matches(str(path), there, n=1)
    return f"did you mean {near[0]}?" if near else f"configurations here: {', '.join(there)}"
