"""`make bench`: measures on real processes, side by side in one run. Every figure is a ratio to a peer or a limit that
was measured in the same run, because single times of a shared machine mean nothing."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import load
from bench.system import ROOT, SECRET, System, process, running, until
from sandbox.redis import free_port

LATENCY = 0.2
PER_CALL = 100


def measure_ack(system: System, count: int) -> dict[str, float]:
    """Requests per second of the receiver beside those of a bare view on the same server and worker count."""
    port = free_port()
    bare = [
        "granian", "--interface", "wsgi", "--factory", "bench.bare:create_app", "--host", "127.0.0.1", "--port",
        str(port), "--workers", "2", "--blocking-threads", "64", "--no-access-log", "--log-level", "error",
    ]  # fmt: skip
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with process(bare, environ):
        url = f"http://127.0.0.1:{port}/"
        until(lambda: _open(url))
        other = _load(url, count, "bare", "--empty")
    own = _load(f"{system.receiver}/api/v1/intent-handler", count, "ack")
    return {
        "ack_per_second": count / own["seconds"],
        "bare_per_second": count / other["seconds"],
        "ack_to_bare": other["seconds"] / own["seconds"],
        "ack_p99_ms": own["p99_ms"],
        "bare_p99_ms": other["p99_ms"],
    }


def measure_burst(system: System, count: int) -> dict[str, float]:
    """How long a burst takes, beside the least that the calls' latency allows with one call in flight per shard."""
    before = _upserts(system)
    began = time.perf_counter()
    _load(f"{system.receiver}/api/v1/intent-handler", count, "burst")
    until(lambda: _written(system) >= count)
    seconds = time.perf_counter() - began
    calls = _upserts(system) - before
    return {"burst_leads": count, "burst_seconds": seconds, "calls_per_lead": calls / count, "calls": calls}


def _open(url: str) -> bool:
    try:
        load.post(url, [b""], 1)
    except (OSError, RuntimeError):
        return False
    return True


def _load(url: str, count: int, tag: str, *more: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.load", url, "--count", str(count), "--tag", tag, "--secret", SECRET, *more]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _written(system: System) -> int:
    counts = system.status().counts
    return counts.get("created", 0) if system.status().waiting == 0 else 0


def _upserts(system: System) -> int:
    calls: dict[str, Any] = system.hubspot_state()["calls"].get("POST /crm/v3/objects/contacts/batch/upsert", {})
    return sum(calls.values())


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--leads", type=int, default=3000)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leadsync-bench-") as folder:
        settings = {"latency": LATENCY, "requests_per_10s": 100_000}
        with running(Path(folder), 4, settings) as system:
            figures = measure_burst(system, options.leads)
        with running(Path(folder, "ack"), 1, settings) as system:
            figures |= measure_ack(system, options.leads)
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), f"{value:,.3f}")
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
