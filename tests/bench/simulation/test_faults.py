"""The faults in `bench/simulation/faults/` stay faults of the tree as it is, and say what they are."""

import re
import subprocess
from pathlib import Path

import pytest

from bench.revision import ROOT
from bench.simulation.__main__ import FAULTS

PATCHES = sorted(FAULTS.glob("*.patch"))
PRODUCTION = ("leadcore/", "receiver/", "workers/")


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_each_fault_applies_to_the_production_code_as_it_is(patch: Path) -> None:
    files = re.findall(r"^\+\+\+ b/(.+)$", patch.read_text(), re.MULTILINE)
    assert files
    assert all(file.startswith(PRODUCTION) for file in files), files
    done = subprocess.run(
        ["git", "apply", "--check", str(patch)],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_each_fault_has_a_row_that_says_what_it_breaks_and_how() -> None:
    rows = [line.split(" | ") for line in (FAULTS / "README.md").read_text().splitlines() if line.startswith("| `")]
    assert [row[0].strip("| `") for row in rows] == [patch.stem for patch in PATCHES]
    assert all(len(row) == 4 and all(cell.strip(" |") for cell in row) for row in rows)
