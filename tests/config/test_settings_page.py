"""docs/configuration.md and the settings say the same."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from botkit.config.load import read_settings
from botkit.config.settings import Settings
from botkit.venues.secret_sources import SOURCES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
HEADINGS = {
    ("bot",): "[bot]",
    ("venue",): "[venue]",
    ("key",): "[key]",
    ("risk",): "[risk]",
    ("risk", "instruments", "*"): "[risk.instruments.SYMBOL]",
    ("strategy", "*"): "[strategy.NAME]",
    ("log",): "[log]",
}


def sections(
    model: type[BaseModel], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    for name, each in model.model_fields.items():
        kind = each.annotation
        inner, at = (
            (get_args(kind)[1], (*path, name, "*")) if get_origin(kind) is dict else (kind, (*path, name))
        )
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield at, inner
            yield from sections(inner, at)


SECTIONS = dict(sections(Settings))
KEYS = [(path, name) for path, model in SECTIONS.items() for name in model.model_fields]
IDS = [".".join((*path, name)) for path, name in KEYS]


def rows(path: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the cells of a section's table by key."""
    _, _, after = PAGE.partition(f"# `{HEADINGS[path]}`\n")
    body = re.split(r"^#", after, maxsplit=1, flags=re.MULTILINE)[0]
    found = [line.strip("| ").split(" | ") for line in body.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells for cells in found}


def test_the_page_has_every_section_and_no_other() -> None:
    assert set(SECTIONS) == set(HEADINGS)
    assert set(re.findall(r"^##+ `(\[[^\]]+\])`", PAGE, re.MULTILINE)) == set(HEADINGS.values())


@pytest.mark.parametrize(("path", "name"), KEYS, ids=IDS)
def test_the_page_explains_the_key(path: tuple[str, ...], name: str) -> None:
    assert name in rows(path)


@pytest.mark.parametrize("path", SECTIONS, ids=".".join)
def test_the_page_explains_no_key_that_is_not_there(path: tuple[str, ...]) -> None:
    known = {*SECTIONS[path].model_fields, *(f"{scheme}:{what}" for scheme, what in REFERENCES)}

    assert set(rows(path)) <= known


REFERENCES = [("file", "PATH"), ("cred", "NAME"), ("env", "NAME")]


def test_the_page_explains_every_place_of_a_secret() -> None:
    assert {scheme for scheme, _ in REFERENCES} == set(SOURCES)
    assert {f"{scheme}:{what}" for scheme, what in REFERENCES} <= set(rows(("key",)))


@pytest.mark.parametrize(("path", "name"), KEYS, ids=IDS)
def test_the_page_has_the_default(path: tuple[str, ...], name: str) -> None:
    setting = SECTIONS[path].model_fields[name]
    cell = rows(path)[name][-1]

    if setting.is_required():
        assert "must" in cell or path == ("risk", "instruments", "*")
    elif isinstance(setting.default, bool):
        assert f"`{str(setting.default).lower()}`" in cell
    elif isinstance(setting.default, str | Path):
        assert f'`"{setting.default}"`' in cell or f'"{setting.default}"' in cell
    elif isinstance(setting.default, int | float):
        assert f"`{setting.default:g}`" in cell


@pytest.mark.parametrize(("path", "name"), KEYS, ids=IDS)
def test_the_page_has_every_choice(path: tuple[str, ...], name: str) -> None:
    for choice in choices(SECTIONS[path].model_fields[name]):
        assert f'`"{choice}"`' in " ".join(rows(path)[name])


def choices(setting: FieldInfo) -> list[str]:
    return [
        str(choice)
        for kind in unwrapped(setting.annotation)
        if get_origin(kind) is Literal
        for choice in get_args(kind)
    ]


def unwrapped(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return unwrapped(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        return [inner for each in get_args(kind) for inner in unwrapped(each)]
    return [kind]


def test_the_example_of_the_page_is_valid() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    assert read_settings(example).bot.name == "first"
