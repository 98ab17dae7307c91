"""What sends the load that acknowledgement is measured with: wrk where there is one, else `bench.load`.

A client shares the processors with what it measures, and wrk takes less of them: 11 to 14 us per request, where the one
in Python takes 17 to 21.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench import load
from bench.revision import ROOT

SCRIPT = Path(__file__).with_name("wrk.lua")
# wrk is told how long to load, not how much.
PER_SECOND = 2_500


class Speed(NamedTuple):
    per_second: float
    p50_ms: float
    p99_ms: float
    answers: float


def find_wrk() -> str | None:
    """Its path; None where the Python client has to do."""
    return shutil.which("wrk")


def name_client() -> str:
    return "wrk" if find_wrk() else "the Python client (wrk is not installed)"


def send(url: str, requests: int, tag: str, secret: str, *, empty: bool = False) -> Speed:
    """About as many requests over 16 kept-alive connections, each a new event, or `empty`. No two loads of one system
    may have the same `tag`. Raises `RuntimeError` if one of them is not answered with success."""
    wrk = find_wrk()
    if wrk is None:
        more = ["--empty"] if empty else []
        return _run_python([url, "--count", str(requests), "--tag", tag, "--secret", secret, *more])
    return _run_wrk(wrk, url, max(1, requests // PER_SECOND), None if empty else load.template(tag, secret))


def find_ceiling(requests: int) -> Speed:
    """Against a server that does nothing but answer: what the client itself can do."""
    with load.nothing() as url:
        return send(url, requests, "ceiling", "none")


def _run_wrk(wrk: str, url: str, seconds: int, template: bytes | None) -> Speed:
    with tempfile.NamedTemporaryFile(prefix="leadsync-bench-") as file:
        file.write(template or b"")
        file.flush()
        command = [
            wrk, "--threads", "1", "--connections", str(load.CONNECTIONS), "--duration", f"{seconds}s",
            "--timeout", f"{load.SILENCE_MS // 1000}s", "--script", str(SCRIPT), url,
            *([] if template is None else ["--", file.name]),
        ]  # fmt: skip
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"wrk: {done.stderr.strip() or done.stdout.strip()}")
    found = json.loads(done.stdout.splitlines()[-1])
    if found["failures"] or not found["answers"]:
        raise RuntimeError(f"{found['failures']} requests failed, {found['answers']} were answered")
    return Speed(found["answers"] / found["seconds"], found["p50_ms"], found["p99_ms"], found["answers"])


def _run_python(arguments: list[str]) -> Speed:
    command = [sys.executable, "-m", "bench.load", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("\n")[2])
    found = json.loads(done.stdout)
    answers = round(found["per_second"] * found["seconds"])
    return Speed(found["per_second"], found["p50_ms"], found["p99_ms"], answers)
