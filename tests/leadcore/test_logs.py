"""Log lines, as a process of its own writes them."""

import json
import subprocess
import sys
import tempfile
from typing import Any

from tests.conftest import ROOT

SAY = """
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


def said(level: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-c", SAY.format(level=level)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_json_with_level_and_time_also_a_librarys() -> None:
    lines = said("DEBUG")
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


def test_a_level_leaves_out_what_is_below_it() -> None:
    assert [line["event"] for line in said("WARNING")] == ["line.paused", "of a library", "it failed"]


def test_an_exception_is_told_by_its_type_and_place_and_never_by_its_text() -> None:
    line = said("INFO")[-1]
    assert (line["error"], line["at"]) == ("ValueError", "<string>:13")
    assert "Somchai" not in str(said("DEBUG"))


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
