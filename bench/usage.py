"""Processor time and memory of a process and its children, as the system accounts for them."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """`seconds` of processor time, all processes together; `largest` resident set of one of them in bytes."""

    seconds: float
    largest: int


def read_usage(pid: int) -> Usage:
    """Of `pid` and all its descendants that live now."""
    rows = _processes()
    family = [pid]
    for parent in family:
        family += [child for child, (its_parent, _, _) in rows.items() if its_parent == parent]
    return Usage(sum(rows[each][2] for each in family), max(rows[each][1] for each in family))


def _processes() -> dict[int, tuple[int, int, float]]:
    """Process id -> parent, resident bytes, processor seconds."""
    words = subprocess.run(["ps", "-axo", "pid=,ppid=,rss=,time="], capture_output=True, check=True, text=True).stdout  # noqa: S607
    found = {}
    for line in words.splitlines():
        pid, parent, kilobytes, clock = line.split()
        found[int(pid)] = int(parent), int(kilobytes) * 1024, _finer(int(pid), _seconds(clock))
    return found


def _seconds(clock: str) -> float:
    """`[[days-]hours:]minutes:seconds` as ps writes it."""
    days, _, rest = clock.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return total + 86_400 * int(days or 0)


def _finer(pid: int, seconds: float) -> float:
    """Linux' ps knows whole seconds only; /proc knows hundredths."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return seconds
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
