"""What people decide in the console, and its result."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from leadcore.reasons import Reason
from leadcore.store.connection import AWAY
from leadcore.store.parked import GONE, STILL_DRY
from leadcore.store.stages import GONE as NOT_HELD

COMMANDS = ("retry", "discard", "release", "drop")
# How long one request may work; leads that are left need another request.
SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class ActionResult:
    """Numbers of leads or orders: `done`; `gone`: no longer waiting, somebody was faster; `refused`: cannot be retried;
    `dry`: the dry run goes on and holds them back; `left`: not reached, because time was up or Redis went away."""

    command: str
    done: int = 0
    gone: int = 0
    refused: int = 0
    dry: int = 0
    left: int = 0

    def as_query(self) -> dict[str, Any]:
        """Query parameters for the page that shows the result."""
        return {name: value for name, value in asdict(self).items() if value}


def parse_result(query: Mapping[str, str]) -> ActionResult | None:
    """The result that `as_query` put into an address, None if there is none."""
    command = query.get("command", "")
    if command not in (*COMMANDS, "paid", "paid_called_off"):
        return None
    counts = {name: query.get(name, "") for name in ("done", "gone", "refused", "dry", "left")}
    return ActionResult(
        command, **{name: int(n) for name, n in counts.items() if n.isascii() and n.isdigit() and len(n) < 8}
    )


def apply_action(apply: Callable[[str, str], Reason], command: str, leads: Sequence[str], user: str) -> ActionResult:
    """Carry out the command for each lead or order in the name of `user`. Raises redis-py's errors if Redis fails
    before the first."""
    ends = time.monotonic() + SECONDS
    whys: list[str] = []
    for lead in leads:
        if time.monotonic() > ends:
            break
        try:
            whys.append(apply(lead, user))
        except AWAY:
            if not whys:
                raise
            break
    done, gone, dry = whys.count(""), whys.count(GONE) + whys.count(NOT_HELD), whys.count(STILL_DRY)
    return ActionResult(command, done, gone, len(whys) - done - gone - dry, dry, len(leads) - len(whys))
