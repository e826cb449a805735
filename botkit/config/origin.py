"""Where each setting was written, so that an error can name the line or the variable.

`tomllib` gives values without positions. `key_lines` reads the same text for
the positions without the values, and only text that `tomllib` has accepted: it
follows brackets, quotes and dots, and checks nothing.

Source: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Final

__all__ = ["KeyPath", "Origin", "dotted", "key_lines"]

KeyPath = tuple[str | int, ...]
"""Keys and array indexes from the root, such as `("risk", "instruments", "BTC-USDT")`."""

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY: Final = re.compile(r"""(?:[A-Za-z0-9_.\- \t]|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')+""")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")|'
    r"'''.*?'''(?!')|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")


class Origin:
    """The file and the environment variables that settings came from."""

    def __init__(
        self,
        file: str = "",
        lines: Mapping[KeyPath, int] | None = None,
        variables: Mapping[KeyPath, str] | None = None,
    ) -> None:
        self.file = file
        self._lines = lines or {}
        self._variables = variables or {}

    def where(self, path: KeyPath) -> str:
        """Return `file:line` or the variable's name; for what was not written, where it would belong."""
        for length in range(len(path), 0, -1):
            written = path[:length]
            if variable := self._variables.get(written):
                return f"environment variable {variable}"
            if line := self._lines.get(written):
                return f"{self.file}:{line}"
        return self.file or dotted(path)

    def line(self, path: KeyPath) -> int:
        """Return the line of `path` or of the nearest table around it, 0 if there is none."""
        return next((n for end in range(len(path), 0, -1) if (n := self._lines.get(path[:end]))), 0)


def dotted(path: KeyPath) -> str:
    """Return the path as TOML writes it, such as `risk.instruments."BTC/USDT"` or `list[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part if _BARE.fullmatch(part) else f'"{part}"'
            text += f".{bare}" if text else bare
    return text


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line, counted from 1, on which each key of `text` is first written.

    Tables and array elements have lines as keys do. `text` must be valid TOML.
    """
    return _Reader(text).read()


class _Reader:
    """One pass over the text: `_at` only moves forward."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._lines: dict[KeyPath, int] = {}
        self._array_sizes: dict[KeyPath, int] = {}

    def read(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self._lines

    def _header(self) -> KeyPath:
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        *parents, last = self._key()
        path: KeyPath = ()
        for part in parents:
            path = self._last_element((*path, part))
        path = (*path, last)
        if is_array:
            self._note(path)
            self._array_sizes[path] = self._array_sizes.get(path, 0) + 1
        path = self._last_element(path)
        self._note(path)
        self._at += 2 if is_array else 1
        return path

    def _last_element(self, path: KeyPath) -> KeyPath:
        """Return what a header means by `path`: of an array of tables, the newest one."""
        self._note(path)
        size = self._array_sizes.get(path)
        return path if size is None else (*path, size - 1)

    def _pair(self, table: KeyPath) -> None:
        path = table
        for part in self._key():
            path = (*path, part)
            self._note(path)
        self._at += 1  # the equals sign
        self._value(path)

    def _key(self) -> list[str]:
        self._skip(_BLANK)
        written = _KEY.match(self._text, self._at)
        assert written is not None, "not TOML"
        self._at = written.end()
        # tomllib knows how keys are quoted and escaped; all it needs is a value.
        parts, inner = [], tomllib.loads(f"{written.group()} = {{}}")
        while inner:
            ((part, inner),) = inner.items()
            parts.append(part)
        return parts

    def _value(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        match self._peek():
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case '"' | "'":
                self._skip(_STRING)
            case _:
                self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        index = 0
        while self._more("]"):
            self._note((*path, index))
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        while self._more("}"):
            self._pair(path)

    def _more(self, closing: str) -> bool:
        """Step over the opening bracket or a comma; tell whether anything comes before `closing`."""
        self._skip(_BLANK)
        if self._peek() != closing:
            self._at += 1
            self._skip(_BLANK)
        if self._peek() != closing:
            return True
        self._at += 1
        return False

    def _note(self, path: KeyPath) -> None:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        self._lines.setdefault(path, self._line)

    def _peek(self) -> str:
        return self._text[self._at]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
