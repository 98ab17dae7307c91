"""Processor time and memory of a process and its children, as the system accounts for them. Linux also tells what
children used that have ended, and threads apart."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """`seconds` of processor time, all processes together; `main`: those of the first one's main thread alone;
    `largest` resident set of one of them in bytes."""

    seconds: float
    main: float
    largest: int


def read_usage(pid: int) -> Usage:
    """Of `pid` and its descendants."""
    rows = _processes()
    family = [pid]
    for parent in family:
        family += [child for child, (its_parent, _, _) in rows.items() if its_parent == parent]
    seconds = sum(_account(f"/proc/{each}/stat", ended=True) or rows[each][2] for each in family)
    main = _account(f"/proc/{pid}/task/{pid}/stat") or rows[pid][2]
    return Usage(seconds, main, max(rows[each][1] for each in family))


def _processes() -> dict[int, tuple[int, int, float]]:
    """Process id -> parent, resident bytes, processor seconds."""
    words = subprocess.run(["ps", "-axo", "pid=,ppid=,rss=,time="], capture_output=True, check=True, text=True).stdout  # noqa: S607
    found = {}
    for line in words.splitlines():
        pid, parent, kilobytes, clock = line.split()
        found[int(pid)] = int(parent), int(kilobytes) * 1024, _seconds(clock)
    return found


def _seconds(clock: str) -> float:
    """`[[days-]hours:]minutes:seconds` as ps writes it."""
    days, _, rest = clock.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return total + 86_400 * int(days or 0)


def _account(stat: str, *, ended: bool = False) -> float | None:
    """Seconds in hundredths, where ps knows whole ones, with those of children that have `ended`; None but on Linux."""
    try:
        fields = Path(stat).read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return sum(map(int, fields[11 : 15 if ended else 13])) / os.sysconf("SC_CLK_TCK")
