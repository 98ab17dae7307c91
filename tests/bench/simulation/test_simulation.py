"""`make simulate`: the real code keeps its promises in every seed, and a planted fault is found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.revision import ROOT
from bench.simulation.__main__ import FAULTS, plant


@pytest.fixture(autouse=True)
def _in_processes(processes: None) -> None:
    """They start processes of their own."""


def simulate(*arguments: str, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bench.simulation", "--jobs", "1", *arguments]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, env=environ, check=False)


def test_every_promise_is_kept() -> None:
    done = simulate("--seeds", "12")
    assert (done.returncode, done.stdout.startswith("12 of 12 seeds kept every promise")) == (0, True), done


def test_a_planted_fault_is_found_and_told(tmp_path: Path) -> None:
    plant(FAULTS / "a-replay-is-put-twice.patch", tmp_path)
    done = simulate("--until-broken", "--seeds", "100", folder=tmp_path)
    assert done.returncode == 1, done
    assert "broke: leads settled" in done.stdout


def test_a_seed_alone_tells_the_shortest_history_that_breaks_it(tmp_path: Path) -> None:
    plant(FAULTS / "a-replay-is-put-twice.patch", tmp_path)
    found = simulate("--until-broken", "--seeds", "100", folder=tmp_path)
    seed = found.stdout.partition("Seed ")[2].partition(" ")[0]
    alone = simulate("--first", seed, "--seeds", "1", folder=tmp_path)
    assert "The shortest history found: " in alone.stdout, alone
    assert " posts lead " in alone.stdout


@pytest.mark.parametrize("patch", sorted(FAULTS.glob("*.patch")), ids=lambda patch: patch.stem)
def test_each_known_fault_can_still_be_planted(patch: Path, tmp_path: Path) -> None:
    plant(patch, tmp_path)
    for file in patch.read_text().splitlines():
        if file.startswith("+++ b/"):
            name = file.removeprefix("+++ b/")
            assert (tmp_path / name).read_text() != (ROOT / name).read_text()
