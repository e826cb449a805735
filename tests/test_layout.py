"""The shape of the code base: what a reader relies on, measured rather than promised.

Borders between packages are import-linter's contracts, in pyproject.toml; here they are only
proven to bite. Every list of exceptions below is meant to shrink.
"""

from __future__ import annotations

import ast
import io
import re
import shutil
import subprocess
import sys
import sysconfig
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

MODULE_LINES = 600
FUNCTION_LINES = 60
CLASS_METHODS = 25
STRATEGY_LINES = 80

# A function belongs to the noun it serves; these are drawers, not nouns.
DRAWERS = {"base", "common", "core", "helpers", "manager", "misc", "util", "utils"}

# A mode is which feed and which broker are put together, and only these put them together.
COMPOSES_MODES = ("botkit/runtime/", "botkit/cli/")
MODE_FLAGS = re.compile(r"dry_run|is_live|is_paper|is_backtest|is_backtesting|paper_mode|live_mode|bypass")

# Tests of no single module: of the work tree, or of many modules together.
TESTS_OF_THE_TREE = {"tests/test_conftest.py", "tests/test_layout.py", "tests/test_packaging.py"}
TESTS_ACROSS_MODULES = ("tests/scenarios/", "tests/conformance/", "tests/fuzz/")

# Modules without a test module of their own, each with its reason.
UNTESTED_ALONE: dict[str, str] = {}

# An address of a package index in a tracked file would send every clone there, mirror or not.
REGISTRY = re.compile(r"\b(pypi|pythonhosted|npmjs|crates|docker)\.(org|com|io)\b", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w.~])/(root|work|opt/pypi|home/\w+|Users/\w+)/")


def tracked_files() -> list[str]:
    if shutil.which("git") is None or not (REPOSITORY / ".git").exists():
        return []
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in sorted(listed.stdout.splitlines()) if (REPOSITORY / name).is_file()]


def python_files(*folders: str) -> list[str]:
    return sorted(
        path.relative_to(REPOSITORY).as_posix()
        for folder in folders
        for path in (REPOSITORY / folder).rglob("*.py")
    )


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def mirrored(module: str) -> str:
    """Return the path of the test module that `module` must have."""
    folder, _, name = module.removeprefix("botkit/").rpartition("/")
    return f"tests/{folder}/test_{name}" if folder else f"tests/test_{name}"


MODULES = python_files("botkit")
TESTS = python_files("tests")


def test_no_module_is_a_drawer() -> None:
    assert [name for name in MODULES if DRAWERS & set(Path(name).with_suffix("").parts)] == []


def test_every_module_has_its_test_module() -> None:
    wanted = {
        name: mirrored(name)
        for name in MODULES
        if Path(name).stem not in {"__init__", "__main__"} and name not in UNTESTED_ALONE
    }

    assert {name: test for name, test in wanted.items() if test not in TESTS} == {}


def test_no_exemption_outlives_its_reason() -> None:
    assert [name for name in UNTESTED_ALONE if name not in MODULES or mirrored(name) in TESTS] == []


def test_every_test_module_has_its_module() -> None:
    """`test_y.py` and its sisters `test_y_<aspect>.py` test `y.py`; `test_init.py` tests `__init__.py`."""
    stems: dict[str, set[str]] = {}
    for name in MODULES:
        folder, _, file = mirrored(name).rpartition("/")
        stems.setdefault(folder, set()).add(file.removesuffix(".py").replace("__", ""))

    strays = [
        name
        for name in TESTS
        if Path(name).name.startswith("test_")
        and name not in TESTS_OF_THE_TREE
        and not name.startswith((*TESTS_ACROSS_MODULES, "tests/strategies/"))
        and not any(
            f"{Path(name).stem}_".startswith(f"{stem}_")
            for stem in stems.get(Path(name).parent.as_posix(), ())
        )
    ]
    assert strays == []


def test_no_module_is_too_long() -> None:
    assert {name: n for name in MODULES if (n := read(name).count("\n")) > MODULE_LINES} == {}


def test_no_strategy_is_too_long() -> None:
    strategies = python_files("strategies")

    assert {name: n for name in strategies if (n := read(name).count("\n")) > STRATEGY_LINES} == {}


def test_no_function_is_too_long() -> None:
    too_long = {
        f"{name}:{node.lineno} {node.name}": lines
        for name in MODULES
        for node in ast.walk(ast.parse(read(name)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := lines_without_docstring(node)) > FUNCTION_LINES
    }
    assert too_long == {}


def test_no_class_has_too_many_methods() -> None:
    too_wide = {
        f"{name}:{node.lineno} {node.name}": methods
        for name in MODULES
        for node in ast.walk(ast.parse(read(name)))
        if isinstance(node, ast.ClassDef)
        and (methods := sum(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) for n in node.body))
        > CLASS_METHODS
    }
    assert too_wide == {}


def test_no_module_asks_which_mode_it_runs_in() -> None:
    flags = [
        f"{name}:{token.start[0]} {token.string}"
        for name in MODULES
        if not name.startswith(COMPOSES_MODES)
        for token in tokenize.generate_tokens(io.StringIO(read(name)).readline)
        if token.type == tokenize.NAME and MODE_FLAGS.fullmatch(token.string)
    ]
    assert flags == []


def test_no_module_imports_a_package_it_lives_in() -> None:
    """A package's `__init__` imports its modules, so importing it back is a cycle."""
    cycles = [
        f"{name}:{node.lineno} {node.module}.{alias.name}"
        for name in MODULES
        if Path(name).stem not in {"__init__", "__main__"}
        for node in ast.walk(ast.parse(read(name)))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if Path(node.module.replace(".", "/")) in Path(name).parents
        and not (REPOSITORY / node.module.replace(".", "/") / alias.name).with_suffix(".py").exists()
        and not (REPOSITORY / node.module.replace(".", "/") / alias.name).is_dir()
    ]
    assert cycles == []


def real_sleeps(source: str) -> Iterator[int]:
    """Yield the lines that wait for the machine's clock; `sleep(0)` waits for nothing."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="asyncio" | "time"), attr="sleep"), args=[delay]
            ):
                if not (isinstance(delay, ast.Constant) and delay.value == 0):
                    yield node.lineno
            case ast.ImportFrom(module="asyncio" | "time", names=names) if any(
                n.name == "sleep" for n in names
            ):
                yield node.lineno


def test_no_test_sleeps() -> None:
    assert [f"{name}:{line}" for name in TESTS for line in real_sleeps(read(name))] == []


@pytest.mark.parametrize(
    ("owner", "delay", "found"),
    [("asyncio", "0.1", 1), ("time", "seconds", 1), ("asyncio", "0", 0), ("clock", "5", 0)],
)
def test_a_sleep_is_found(owner: str, delay: str, found: int) -> None:
    assert len(list(real_sleeps(f"{owner}.sleep({delay})"))) == found


def test_a_sleep_imported_by_name_is_found() -> None:
    assert list(real_sleeps("from time import monotonic, sleep")) == [1]


@pytest.mark.parametrize("forbidden", [REGISTRY, MACHINE_PATH], ids=["package index", "machine path"])
def test_no_tracked_file_knows_where_it_was_made(forbidden: re.Pattern[str]) -> None:
    found = []
    for name in tracked_files():
        try:
            text = read(name)
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{n}" for n, line in enumerate(text.splitlines(), 1) if forbidden.search(line)]
    assert found == []


# One module a contract must refuse, planted in a tree that is otherwise in order.
PLANTS = {
    "layers": ("botkit/model/planted.py", "import botkit.engine.step"),
    "layers, neighbours": ("botkit/risk/planted.py", "import botkit.sim.matching"),
    "layers, unnamed": ("botkit/planted.py", ""),
    "purity": ("botkit/sim/planted.py", "import time"),
    "purity, at one remove": ("botkit/engine/planted.py", "import botkit.clock"),
    "purity, of a venue": ("botkit/venues/okx/planted.py", "import websockets"),
    "cycles": ("botkit/engine/planted.py", "import botkit.engine.step"),
    "strategies": ("strategies/planted.py", "import botkit.strategy.hooks"),
}
SOUND_TREE = {
    **{f"botkit/{layer}/__init__.py": "" for layer in ("cli", "runtime", "testing", "journal", "observe")},
    **{
        f"botkit/{layer}/__init__.py": ""
        for layer in ("model", "risk", "sim", "engine", "strategy", "venues")
    },
    "botkit/__init__.py": "import botkit.strategy.hooks",
    "botkit/clock.py": "import time",
    "botkit/config.py": "import os",
    "botkit/errors.py": "",
    "botkit/engine/step.py": "import botkit.model.order",
    "botkit/indicators.py": "import botkit.strategy.hooks",
    "botkit/model/order.py": "import botkit.errors",
    "botkit/sim/matching.py": "",
    "botkit/strategy/hooks.py": "import datetime",
    "botkit/venues/link.py": "import asyncio",
    "botkit/venues/ratelimit.py": "",
    "botkit/venues/okx/__init__.py": "",
    "botkit/venues/okx/venue.py": "import aiohttp, botkit.venues.link",
    "botkit/venues/okx/emulator/__init__.py": "",
    "botkit/venues/okx/emulator/server.py": "import asyncio",
    "strategies/sample.py": "import botkit, botkit.indicators",
}


def broken_contracts(tree: Path, *contracts: str) -> str:
    """Run this project's contracts over `tree` and return what they say, nothing if all are kept."""
    linter = Path(sysconfig.get_path("scripts")) / "lint-imports"
    chosen = [f"--contract={contract}" for contract in contracts]
    done = subprocess.run(
        [
            sys.executable,
            linter,
            "--no-logo",
            "--no-cache",
            f"--config={REPOSITORY / 'pyproject.toml'}",
            *chosen,
        ],
        cwd=tree,
        env={"PYTHONPATH": str(tree), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture
def sound_tree(tmp_path: Path) -> Path:
    for name, source in SOUND_TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    return tmp_path


def test_a_sound_tree_keeps_the_contracts(sound_tree: Path) -> None:
    assert broken_contracts(sound_tree) == ""


@pytest.mark.parametrize("plant", PLANTS)
def test_a_violation_breaks_its_contract(sound_tree: Path, plant: str) -> None:
    name, source = PLANTS[plant]
    (sound_tree / name).write_text(source)
    if plant == "cycles":
        (sound_tree / "botkit/engine/step.py").write_text("import botkit.engine.planted")

    said = broken_contracts(sound_tree, plant.partition(",")[0])

    assert "0 kept, 1 broken" in said
    assert "planted" in said
