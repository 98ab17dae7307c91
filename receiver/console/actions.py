"""What a person does to parked leads from the console, and what came of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from leadcore.store.connection import AWAY
from leadcore.store.parked import GONE, Parked

USER = "console"
# How long one press may take; what is left is for the next.
SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Act:
    """How many leads a command was `done` to; how many were `gone` (somebody was faster), `refused` (cannot be retried)
    or `left` for lack of time or because Redis went away."""

    command: str
    done: int = 0
    gone: int = 0
    refused: int = 0
    left: int = 0

    def as_query(self) -> dict[str, Any]:
        """For the address of the page that tells it."""
        return {name: value for name, value in asdict(self).items() if value}


def recall(query: Mapping[str, str]) -> Act | None:
    """The deed that `as_query` put into an address, None if there is none."""
    command = query.get("command", "")
    if command not in ("retry", "discard"):
        return None
    counts = {name: query.get(name, "") for name in ("done", "gone", "refused", "left")}
    return Act(command, **{name: int(n) for name, n in counts.items() if n.isascii() and n.isdigit() and len(n) < 8})


def act(store: Parked, command: str, leads: Sequence[str]) -> Act:
    """Do `command` ("retry" or "discard") to each lead. Raises redis-py's errors if it could be done to none."""
    do = store.retry if command == "retry" else store.discard
    ends = time.monotonic() + SECONDS
    whys: list[str] = []
    for lead in leads:
        if time.monotonic() > ends:
            break
        try:
            whys.append(do(lead, USER))
        except AWAY:
            if not whys:
                raise
            break
    done, gone = whys.count(""), whys.count(GONE)
    return Act(command, done, gone, len(whys) - done - gone, len(leads) - len(whys))
