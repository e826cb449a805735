"""Lines of keys: whatever TOML can hold, however it is written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.config.origin import KeyPath, Origin, dotted, key_lines

EXAMPLE = """\
# a comment with [brackets] and an = sign
name = "botkit # not a comment"
"quoted key" = 1
a.b . "c.d" = { x = 1, y = { z = "}" } }  # inline

[risk]
list = [ 1, "]",
  2, # two ]
  { deep = [
    3,
  ] },
]
text = '''
[not.a.header]
not_a_key = 1
'''
after = 2024-11-09T12:00:00Z

[risk . instruments . BTC-USDT]
max = 1_000.5

[[run]]
first = true
[run.inner]
k = 1

[[run]]
[[run.leg]]
size = -inf
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 2),
        (("quoted key",), 3),
        (("a",), 4),
        (("a", "b"), 4),
        (("a", "b", "c.d", "y", "z"), 4),
        (("risk",), 6),
        (("risk", "list"), 7),
        (("risk", "list", 0), 7),
        (("risk", "list", 2), 8),
        (("risk", "list", 3, "deep", 0), 10),
        (("risk", "text"), 13),
        (("risk", "after"), 17),
        (("risk", "instruments"), 19),
        (("risk", "instruments", "BTC-USDT"), 19),
        (("risk", "instruments", "BTC-USDT", "max"), 20),
        (("run",), 22),
        (("run", 0), 22),
        (("run", 0, "first"), 23),
        (("run", 0, "inner"), 24),
        (("run", 0, "inner", "k"), 25),
        (("run", 1), 27),
        (("run", 1, "leg", 0), 28),
        (("run", 1, "leg", 0, "size"), 29),
    ],
    ids=lambda value: dotted(value) if isinstance(value, tuple) else "",
)
def test_a_key_has_the_line_it_is_written_on(path: KeyPath, line: int) -> None:
    assert key_lines(EXAMPLE)[path] == line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "# only a comment",
        "a = 1",
        "a = 1\r\nb = 2\r\n",
        "[a]\n[b]",
        'a = """x""""\nb = 1',
        "a = ''''x'''\nb=1",
    ],
    ids=[
        "empty",
        "blank",
        "comment",
        "no newline",
        "Windows",
        "no keys",
        "quote at the end",
        "quote at the start",
    ],
)
def test_every_path_is_found_and_no_other(text: str) -> None:
    assert set(key_lines(text)) == set(paths(tomllib.loads(text)))


def test_a_line_is_counted_in_a_file_from_windows() -> None:
    assert key_lines("a = 1\r\n\r\nb = 2\r\n")[("b",)] == 3


KEYS = st.one_of(st.sampled_from(["a", "b", "c-d", "1"]), st.text(min_size=1, max_size=4))
SCALARS = st.one_of(
    st.integers(-9, 9),
    st.booleans(),
    st.floats(),
    st.datetimes(),
    st.text(max_size=8),
    st.sampled_from(["'''", '"""', "]", "}", "# no", "a = 1", "[a]", "\\", "a\nb", "a\r\nb", '"']),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)


@given(DOCUMENTS, st.data())
def test_whatever_toml_holds_every_path_has_a_line_and_it_shows_the_key(
    document: dict[str, object], data: st.DataObject
) -> None:
    text = "\n".join(written(document, (), data))
    read = tomllib.loads(text)

    lines = key_lines(text)

    assert set(lines) == set(paths(read))
    for path, line in lines.items():
        if isinstance(path[-1], str):
            assert quoted(path[-1]) in text.split("\n")[line - 1]


def paths(value: object, above: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of everything in a parsed document."""
    items: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    for key, inner in items:
        yield (*above, key)
        yield from paths(inner, (*above, key))


def written(table: dict[str, object], above: tuple[str, ...], data: st.DataObject) -> Iterator[str]:
    """Yield the lines of a document, in one of the ways in which a person may write it."""
    nested: list[tuple[str, Any]] = []
    for key, value in table.items():
        is_tables = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
        if (isinstance(value, dict) or is_tables) and data.draw(st.booleans()):
            nested.append((key, value))
        else:
            comment = data.draw(st.sampled_from(["", "  # [a] b = 1", "\n", "\r"]))
            yield f"{quoted(key)} = {inline(value, data)}{comment.replace(chr(13), chr(13) + chr(10))}"
    for key, value in nested:
        path = (*above, key)
        header = " . ".join(map(quoted, path))
        is_array = isinstance(value, list)
        for inner in value if is_array else [value]:
            yield f"[[{header}]]" if is_array else f"[ {header} ]"
            yield from written(inner, path, data)


def inline(value: object, data: st.DataObject) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return text_literal(value, data)
        case list():
            gap = data.draw(st.sampled_from(["", " ", "\n", " # ]\n"]))
            return "[" + gap + f",{gap}".join(inline(item, data) for item in value) + gap + "]"
        case dict():
            return (
                "{" + ", ".join(f"{quoted(key)}= {inline(item, data)}" for key, item in value.items()) + "}"
            )
        case _:
            return str(value)


def text_literal(value: str, data: st.DataObject) -> str:
    forms = [quoted(value)]
    if value.isprintable() and "'" not in value:
        forms += [f"'{value}'", f"'''\n{value}'''"]
    if value.isprintable() and "\\" not in value and '"' not in value:
        forms += [f'"""{value}\n"""', f'"""{value}""""']
    return data.draw(st.sampled_from(forms))


def quoted(text: str) -> str:
    """Return a basic string: escaped so that it is one line and valid."""
    plain = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(plain.get(c, c if c.isprintable() else f"\\U{ord(c):08x}") for c in text) + '"'


def test_a_path_is_shown_as_toml_writes_it() -> None:
    assert dotted(("risk", "BTC-USDT", "a b", 0, "x")) == 'risk.BTC-USDT."a b"[0].x'


def test_a_setting_is_where_it_was_written() -> None:
    origin = Origin("live.toml", {("bot",): 1, ("bot", "name"): 2}, {("bot", "state"): "BOTKIT_STATE"})

    assert origin.where(("bot", "name")) == "live.toml:2"
    assert origin.where(("bot", "state")) == "environment variable BOTKIT_STATE"
    assert origin.where(("bot", "state", 0)) == "environment variable BOTKIT_STATE"


def test_a_setting_that_was_not_written_is_where_it_would_belong() -> None:
    origin = Origin("live.toml", {("bot",): 1})

    assert origin.where(("bot", "name")) == "live.toml:1"
    assert origin.where(("venue", "address")) == "live.toml"


def test_a_setting_of_no_file_is_its_name() -> None:
    assert Origin().where(("bot", "name")) == "bot.name"


def test_problems_sort_by_the_nearest_line() -> None:
    origin = Origin("live.toml", {("bot",): 3})

    assert origin.line(("bot", "nam")) == 3
    assert origin.line(("venue",)) == 0
