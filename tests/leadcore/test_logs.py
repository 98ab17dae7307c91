"""Log lines, as written by a process of its own."""

import json
import subprocess
import sys
import tempfile
from typing import Any

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.processes

SCRIPT = """
import logging, structlog
from leadcore.logs import configure
configure({level!r})
log = structlog.get_logger("leadsync.test")
log.debug("lead.accepted", lead="abc")
log.info("lead.created", lead="abc", name="ไทย")
log.warning("line.paused")
library = logging.getLogger("library")
library.info("too small")
library.warning("of %s", "a library")
try:
    int("0812345678 Somchai")
except ValueError:
    library.exception("it failed")
"""


def run_and_read(level: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-c", SCRIPT.format(level=level)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_json_with_level_and_time_also_a_librarys() -> None:
    lines = run_and_read("DEBUG")
    assert [(line["event"], line["level"]) for line in lines] == [
        ("lead.accepted", "debug"),
        ("lead.created", "info"),
        ("line.paused", "warning"),
        ("of a library", "warning"),
        ("it failed", "error"),
    ]
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[1]["name"] == "ไทย"
    assert lines[3]["logger"] == "library"


def test_lines_below_the_level_are_left_out() -> None:
    assert [line["event"] for line in run_and_read("WARNING")] == ["line.paused", "of a library", "it failed"]


def test_an_exception_is_logged_with_its_type_and_place_and_never_its_text() -> None:
    line = run_and_read("INFO")[-1]
    assert (line["error"], line["at"]) == ("ValueError", "<string>:13")
    assert "Somchai" not in str(run_and_read("DEBUG"))


def test_lines_of_processes_that_share_stderr_stay_whole() -> None:
    """Also where Python does not buffer, as on most platforms."""
    say = "import structlog; from leadcore.logs import configure; configure('INFO'); log = structlog.get_logger()\n"
    command = [sys.executable, "-u", "-c", say + "for _ in range(2000): log.info('lead.created', lead='abc')"]
    with tempfile.TemporaryFile() as shared:
        processes = [subprocess.Popen(command, cwd=ROOT, stderr=shared) for _ in range(3)]
        assert [process.wait(60) for process in processes] == [0, 0, 0]
        shared.seek(0)
        lines = shared.read().splitlines()
    assert len(lines) == 6000
    assert {json.loads(line)["lead"] for line in lines} == {"abc"}
