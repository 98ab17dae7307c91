"""What was asked of a stand-in, and how it answered."""

import time
from collections import Counter, deque
from typing import Any

MAX_CALLS = 10_000


class CallLog:
    """Counts of every call and the last `MAX_CALLS` of them. Ids and counts only, never a body."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.calls: deque[dict[str, Any]] = deque(maxlen=MAX_CALLS)

    def note(self, route: str, status: str, started: float, rows: int, fault: str) -> None:
        """`route`: method and path; `status`: the answer's, or `none` where no answer was sent."""
        self.counts.setdefault(route, Counter())[status] += 1
        seconds = round(time.time() - started, 6)
        self.calls.append(
            {"at": started, "route": route, "status": status, "seconds": seconds, "rows": rows, "fault": fault}
        )
