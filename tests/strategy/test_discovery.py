from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from botkit.errors import StrategyError
from botkit.strategy.discovery import KnownStrategy, find_strategy, known_strategies
from botkit.strategy.strategy import Strategy

IDLE = '''
from botkit import Strategy


class Idle(Strategy):
    """Does nothing.

    At length.
    """
'''
TWO = "from botkit import Strategy\n\nclass One(Strategy): ...\n\nclass Two(One): ...\n"


@pytest.fixture(autouse=True)
def _forgets_modules() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "idle.py").write_text(IDLE)
    (tmp_path / "two.py").write_text(TWO)
    return tmp_path


def install(folder: Path, entry_points: str) -> None:
    """Make `folder` look like site-packages with a distribution that registers `entry_points`."""
    metadata = folder / "ideas-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: ideas\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[botkit.strategies]\n{entry_points}\n")


def refusal(reference: str, folder: Path) -> StrategyError:
    with pytest.raises(StrategyError) as refused:
        find_strategy(reference, folder)
    return refused.value


def test_a_strategy_is_found_by_its_file(folder: Path) -> None:
    found = find_strategy(str(folder / "idle.py"))

    assert issubclass(found, Strategy)
    assert found.__name__ == "Idle"


def test_one_of_several_is_found_by_its_class(folder: Path) -> None:
    assert find_strategy(f"{folder}/two.py:Two").__name__ == "Two"


def test_a_strategy_is_found_by_the_name_of_its_file(folder: Path) -> None:
    assert find_strategy("idle", folder).__name__ == "Idle"


def test_a_strategy_is_found_by_its_dotted_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "my_ideas").mkdir()
    (folder / "my_ideas" / "__init__.py").touch()
    (folder / "my_ideas" / "lazy.py").write_text(IDLE)
    monkeypatch.syspath_prepend(folder)

    assert find_strategy("my_ideas.lazy:Idle").__module__ == "my_ideas.lazy"
    assert find_strategy("my_ideas.lazy").__module__ == "my_ideas.lazy"


def test_a_strategy_is_found_by_the_name_that_a_package_registered(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path_factory.mktemp("packages")
    (packages / "ideas.py").write_text(IDLE)
    install(packages, "lazybones = ideas:Idle")
    monkeypatch.syspath_prepend(packages)

    assert find_strategy("lazybones", folder).__module__ == "ideas"


def test_the_same_file_is_the_same_class(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    assert find_strategy("idle.py") is find_strategy(str(folder / "idle.py"))


def test_a_file_hides_no_module_that_is_installed(folder: Path) -> None:
    (folder / "json.py").write_text(IDLE)

    assert find_strategy(str(folder / "json.py")).__name__ == "Idle"
    assert "JSONDecoder" in vars(sys.modules["json"])


def test_classes_that_are_only_imported_or_private_are_not_counted(folder: Path) -> None:
    (folder / "mixed.py").write_text(
        "from botkit import Strategy\nclass _Shared(Strategy): ...\nclass Real(_Shared): ...\nthreshold = 5\n"
    )

    assert find_strategy("mixed", folder).__name__ == "Real"


def test_parameters_with_late_annotations_are_understood(folder: Path) -> None:
    (folder / "late.py").write_text(
        "from __future__ import annotations\n"
        "from decimal import Decimal\n"
        "from botkit import Params, State, Strategy\n"
        "class Late(Strategy):\n"
        "    class Params(Params):\n"
        "        size: Decimal = Decimal(1)\n"
        "    class State(State):\n"
        "        held: Decimal = Decimal(0)\n"
    )

    found = find_strategy("late", folder)

    assert found.Params().model_dump() == {"size": 1}


@pytest.mark.parametrize(
    ("reference", "problem", "remedy"),
    [
        ("idel", "there is no strategy idel", "did you mean idle?"),
        ("xyzzy", "there is no strategy xyzzy", "there are: idle, two"),
        ("{}/idel.py", "there is no file", "did you mean idle.py?"),
        ("{}/nowhere/idle.py", "there is no file", ""),
        ("{}/two.py:Tow", "there is no strategy Tow in", "did you mean Two?"),
        ("{}/two.py", "there are several strategies in", "name one, such as {}/two.py:One"),
        ("no_such_package.ideas:Idle", "there is no module no_such_package", "write a path to its file"),
        ("json:JSONDecoder", "there is no strategy JSONDecoder in json", ""),
        ("json.decoder", "there is no strategy in json.decoder", "write a subclass of botkit.Strategy"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(
    folder: Path, reference: str, problem: str, remedy: str
) -> None:
    refused = refusal(reference.format(folder), folder)

    assert refused.problem.startswith(problem)
    assert refused.remedy.startswith(remedy.format(folder))
    assert bool(refused.remedy) is bool(remedy)


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("import botkit\nx = 1 / 0\n", 2, "ZeroDivisionError: division by zero"),
        ("import botkit\n\ndef f():\n    return {}['k']\n\nf()\n", 4, "KeyError: 'k'"),
        ("import no_such_library\n", 1, "ModuleNotFoundError: No module named 'no_such_library'"),
        ("from botkit import Strategi\n", 1, "ImportError: cannot import name 'Strategi'"),
        ("import botkit\n\nclass A(botkit.Strategy\n", 3, "SyntaxError: '(' was never closed"),
        ("import json\njson.loads('{')\n", 2, "JSONDecodeError:"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
    ],
    ids=["its own", "in a function of its own", "missing", "unknown name", "syntax", "in a library", "exit"],
)
def test_a_file_that_does_not_import_names_its_own_line(
    folder: Path, source: str, line: int, said: str
) -> None:
    broken = folder / "broken.py"
    broken.write_text(source)

    refused = refusal("broken", folder)

    assert refused.where == f"{broken}:{line}"
    assert refused.problem.startswith(f"{broken} cannot be imported: {said}")
    assert str(broken) not in sys.modules


def test_a_module_that_imports_something_missing_is_not_called_missing_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "needy.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(folder)

    refused = refusal("needy:Idle", folder)

    assert refused.problem.startswith("needy cannot be imported: ModuleNotFoundError")
    assert refused.where == f"{folder / 'needy.py'}:1"


def test_an_async_hook_is_refused_at_load_with_its_line(folder: Path) -> None:
    (folder / "late.py").write_text(
        "from botkit import Bar, Strategy\n"
        "class Late(Strategy):\n"
        "    async def on_bar(self, bar: Bar) -> None:\n"
        "        pass\n"
    )

    refused = refusal("late", folder)

    assert "Late.on_bar is `async def`" in refused.problem
    assert "self.run(coroutine, name)" in refused.remedy
    assert refused.where == f"{folder / 'late.py'}:3"


def test_a_class_that_is_refused_without_a_line_gets_that_of_the_class(folder: Path) -> None:
    (folder / "wrong.py").write_text(
        "from botkit import Strategy\n\n\nclass Wrong(Strategy):\n    Params = dict\n"
    )

    refused = refusal("wrong", folder)

    assert refused.where == f"{folder / 'wrong.py'}:4"


def test_a_name_that_two_have_is_nobodys(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, "idle = two:One")
    monkeypatch.syspath_prepend(folder)

    refused = refusal("idle", folder)

    assert refused.problem == "two strategies are called idle"
    assert refused.remedy == f"write {folder / 'idle.py'} or two:One"


def test_known_strategies_are_listed_with_their_first_sentence(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path_factory.mktemp("packages")
    install(packages, "lazybones = ideas:Idle")
    (packages / "ideas.py").write_text(IDLE.replace('"""Does nothing.', '"""Rests.').replace("At length", ""))
    monkeypatch.syspath_prepend(packages)
    (folder / "two.py").unlink()
    (folder / "_shared.py").write_text("")
    (folder / "notes.txt").write_text("")

    assert known_strategies(folder) == [
        KnownStrategy(name="idle", reference=str(folder / "idle.py"), summary="Does nothing."),
        KnownStrategy(name="lazybones", reference="ideas:Idle", summary="Rests."),
    ]


def test_a_broken_file_does_not_hide_the_others(folder: Path) -> None:
    (folder / "broken.py").write_text("1 / 0")

    broken, idle, two = known_strategies(folder)

    assert "ZeroDivisionError" in broken.problem
    assert idle.problem == ""
    assert "several strategies" in two.problem


def test_everything_listed_is_found_by_its_reference(folder: Path) -> None:
    (folder / "two.py").unlink()

    assert [find_strategy(known.reference).__name__ for known in known_strategies(folder)] == ["Idle"]


def test_a_strategy_without_a_docstring_has_no_summary(folder: Path) -> None:
    (folder / "idle.py").write_text("from botkit import Strategy\nclass Idle(Strategy): ...\n")

    assert known_strategies(folder)[0].summary == ""


def test_a_folder_that_is_not_there_has_no_strategies(tmp_path: Path) -> None:
    assert known_strategies(tmp_path / "nowhere") == []
