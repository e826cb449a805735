"""What is shipped and how it is installed: the distribution, the locks, the image, the commands."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]

PIN = re.compile(r"^(?P<name>[a-z0-9-]+)(\[[a-z0-9,-]+\])?==(?P<version>[^ ]+)", re.MULTILINE)


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def pins(name: str) -> dict[str, str]:
    return {pin["name"]: pin["version"] for pin in PIN.finditer(read(name))}


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return (keyword, arguments) of every instruction, continuation lines joined."""
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(keyword, arguments) for keyword, _, arguments in (line.partition(" ") for line in joined)]


IMAGE = instructions(read("Dockerfile"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the distribution and return the names in it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    (built,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(built).namelist())


def test_the_distribution_holds_the_whole_package(wheel: set[str]) -> None:
    modules = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "botkit").rglob("*.py")}

    assert modules - wheel == set()
    assert "botkit/py.typed" in wheel


def test_the_distribution_holds_nothing_but_the_package(wheel: set[str]) -> None:
    assert {name.partition("/")[0] for name in wheel} == {"botkit", f"botkit-{PROJECT['version']}.dist-info"}


def test_the_command_is_the_package() -> None:
    assert PROJECT["scripts"] == {"botkit": "botkit.cli:main"}


@pytest.mark.parametrize("lock", ["requirements/core.txt", "requirements/dev.txt"])
def test_a_lock_pins_every_dependency(lock: str) -> None:
    wanted = {re.split(r"[<>=!~;\[ ]", requirement)[0] for requirement in PROJECT["dependencies"]}

    assert wanted | {"hatchling"} <= pins(lock).keys()


@pytest.mark.parametrize("lock", ["requirements/core.txt", "requirements/dev.txt"])
def test_a_lock_has_hashes_for_every_pin_and_no_address(lock: str) -> None:
    text = read(lock)

    for pinned in re.split(r"\n(?=[a-z0-9])", text[PIN.search(text).start() :]):  # type: ignore[union-attr]
        assert "--hash=sha256:" in pinned, pinned.splitlines()[0]
    assert re.findall(r"://|--(?:extra-)?index|--find-links|@ file|^-e", text, re.MULTILINE) == []


def test_the_bot_runs_on_the_versions_it_was_tested_with() -> None:
    assert pins("requirements/core.txt").items() <= pins("requirements/dev.txt").items()


def test_the_image_is_built_in_stages() -> None:
    stages = [arguments for keyword, arguments in IMAGE if keyword == "FROM"]

    assert len(stages) == 2
    assert all(stage.startswith("python:3.11-slim") for stage in stages)


def test_the_image_installs_locked_files_only() -> None:
    installs = [
        json.loads(arguments) for keyword, arguments in IMAGE if keyword == "RUN" and "pip" in arguments
    ]

    assert len(installs) == 2
    for install in installs:
        assert "--require-hashes" in install or {"--no-deps", "--no-build-isolation"} <= set(install)


def test_the_image_does_not_run_as_root() -> None:
    last_user = [arguments for keyword, arguments in IMAGE if keyword == "USER"][-1]

    assert int(last_user.partition(":")[0]) > 0
    assert IMAGE.index(("USER", last_user)) < [keyword for keyword, _ in IMAGE].index("ENTRYPOINT")


def test_the_image_runs_the_bot_without_a_shell() -> None:
    """A shell in between would keep SIGTERM to itself."""
    commands = {keyword: arguments for keyword, arguments in IMAGE if keyword in {"ENTRYPOINT", "CMD"}}

    assert json.loads(commands["ENTRYPOINT"]) == ["botkit"]
    assert json.loads(commands["CMD"]) == ["--help"]


def test_the_image_says_whether_it_is_healthy() -> None:
    (check,) = [arguments for keyword, arguments in IMAGE if keyword == "HEALTHCHECK"]

    assert json.loads(check.partition("CMD ")[2]) == ["python", "-m", "botkit.observe.health"]


def test_the_image_takes_only_what_it_is_allowed_to_see() -> None:
    ignored, *rules = [line for line in read(".dockerignore").splitlines() if not line.startswith("#")]
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source
        for keyword, arguments in IMAGE
        if keyword == "COPY" and "--from" not in arguments
        for source in shlex.split(arguments)[:-1]
    }

    assert ignored == "*"
    assert copied == allowed


@pytest.mark.parametrize("target", ["setup", "demo", "test", "check", "bench", "lock"])
def test_every_task_has_its_command(target: str) -> None:
    assert re.search(rf"^{target}:", read("Makefile"), re.MULTILINE)


def test_ci_runs_what_a_developer_runs() -> None:
    script = REPOSITORY / ".ci" / "run"

    assert script.stat().st_mode & 0o111
    assert script.read_text().splitlines()[-1] == "exec make check"
    assert "set -euo pipefail" in script.read_text()


def test_the_changelog_has_a_place_for_the_next_change() -> None:
    headings = re.findall(r"^## \[(.+?)\]", read("CHANGELOG.md"), re.MULTILINE)

    assert headings[0] == "Unreleased"
