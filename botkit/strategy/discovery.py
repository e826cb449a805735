"""Where strategies are found: a file, a dotted name, or a name that an installed package registered.

    strategies/ema_cross.py         the strategy in that file
    strategies/many.py:EmaCross     one of several
    my_package.ideas:EmaCross       of an importable module
    ema_cross                       a file of the strategies folder, or an entry point

Another distribution registers its own under the entry-point group `botkit.strategies`.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Final, TypeGuard

import msgspec

from botkit.errors import StrategyError
from botkit.strategy.strategy import Strategy

__all__ = ["ENTRY_POINTS", "KnownStrategy", "find_strategy", "known_strategies"]

ENTRY_POINTS: Final = "botkit.strategies"
"""The group that other distributions register strategies under."""

_FOLDER: Final = Path("strategies")


class KnownStrategy(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy that a configuration can name.

    Attributes:
        name: Its short name: the file's or the entry point's.
        reference: What `find_strategy` finds it by, even if two share the short name.
        summary: The first line of its docstring; empty if it has none or does not load.
        problem: Why it does not load; empty if it does.

    """

    name: str
    reference: str
    summary: str = ""
    problem: str = ""


def find_strategy(reference: str, folder: Path = _FOLDER) -> type[Strategy]:
    """Return the strategy class that `reference` names.

    Args:
        reference: A path, a dotted name or a short name, as in this module's docstring.
        folder: Where files are looked for by their short names.

    Raises:
        StrategyError: If there is no such strategy, with the nearest names that there are; or
            it cannot be imported, with the line that failed.

    """
    place, _, name = reference.rpartition(":")
    if not name.isidentifier() or not place:  # no class named, or the colon of a drive
        place, name = reference, ""
    if place.endswith(".py"):
        return _strategy_in(_import_file(Path(place)), name, place)
    if name or "." in place:
        return _strategy_in(_import_module(place), name, place)
    return _find_by_short_name(place, folder)


def known_strategies(folder: Path = _FOLDER) -> list[KnownStrategy]:
    """Return the strategies of the folder and of installed packages, by name; broken ones say why."""
    files = {name: str(path) for name, path in _files(folder).items() if not name.startswith("_")}
    installed = {name: entry.value for name, entry in _installed().items()}
    described = [_describe(*item) for item in (*files.items(), *installed.items())]
    return sorted(described, key=lambda known: (known.name, known.reference))


def _describe(name: str, reference: str) -> KnownStrategy:
    try:
        strategy = find_strategy(reference)
    except StrategyError as error:
        return KnownStrategy(name=name, reference=reference, problem=str(error))
    summary, _, _ = (strategy.__doc__ or "").strip().partition("\n")
    return KnownStrategy(name=name, reference=reference, summary=summary)


def _find_by_short_name(name: str, folder: Path) -> type[Strategy]:
    files, installed = _files(folder), _installed()
    if name in files and name in installed:
        remedy = f"write {files[name]} or {installed[name].value}"
        raise StrategyError(f"two strategies are called {name}", remedy=remedy)
    if name in files:
        return find_strategy(str(files[name]))
    if name in installed:
        return find_strategy(installed[name].value)
    raise StrategyError(f"there is no strategy {name}", remedy=_nearest(name, [*files, *installed]))


def _files(folder: Path) -> dict[str, Path]:
    found = pkgutil.iter_modules([str(folder)])
    return {each.name: folder / f"{each.name}.py" for each in found if not each.ispkg}


def _installed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}


def _import_file(path: Path) -> ModuleType:
    # Named by its path: no file can hide a module that is installed, or another file.
    name = str(path.resolve())
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or path.stem not in _files(path.parent):
        neighbours = [each.name for each in _files(path.parent).values()]
        raise StrategyError(f"there is no file {path}", remedy=_nearest(path.name, neighbours))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # while it runs, its classes look their annotations up here
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the author's code may raise anything
        del sys.modules[name]
        raise _broken(str(path), error) from error
    return module


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # the author's code may raise anything
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            remedy = "write a path to its file, or install the package that has it"
            raise StrategyError(f"there is no module {error.name}", remedy=remedy) from error
        raise _broken(name, error) from error


def _broken(what: str, error: BaseException) -> StrategyError:
    where = _failing_line(error)
    if isinstance(error, StrategyError):
        return StrategyError(error.problem, remedy=error.remedy, where=error.where or where)
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return StrategyError(f"{what} cannot be imported: {type(error).__name__}: {said}", where=where)


def _failing_line(error: BaseException) -> str:
    """Return file and line of what failed in the file that was to be imported, not of what it called."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in {__file__, importlib.__file__} and not frame.filename.startswith("<frozen")
    ]
    lines = [frame.lineno for frame in frames if frame.filename == frames[0].filename]
    return f"{frames[0].filename}:{lines[-1]}" if frames else ""


def _strategy_in(module: ModuleType, name: str, place: str) -> type[Strategy]:
    own = {
        key: each
        for key, each in vars(module).items()
        if _is_strategy(each) and each.__module__ == module.__name__ and not key.startswith("_")
    }
    if name:
        named = getattr(module, name, None)
        if _is_strategy(named):
            return named
        raise StrategyError(f"there is no strategy {name} in {place}", remedy=_nearest(name, own))
    if not own:
        raise StrategyError(f"there is no strategy in {place}", remedy="write a subclass of botkit.Strategy")
    if len(own) > 1:
        remedy = f"name one, such as {place}:{min(own)}"
        raise StrategyError(f"there are several strategies in {place}: {', '.join(own)}", remedy=remedy)
    return next(iter(own.values()))


def _is_strategy(each: object) -> TypeGuard[type[Strategy]]:
    return isinstance(each, type) and issubclass(each, Strategy) and each is not Strategy


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are: {', '.join(names)}" if names else ""
