"""How far the store is with bringing back customers whom HubSpot knew before Redis was emptied; see
`workers.sync.background_restore`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadcore.store import keys

INTACT, RESTORED = "intact", "restored"
"""Markers of the store: every customer with a contact has a record, or some may have none."""

WAITS = {
    "": "",
    "memory": " (waits: Redis is too full)",
    "quota": " (waits for tomorrow: a tenth of the day's calls is used up)",
    "paused": " (waits: the line is paused)",
}


@dataclass(frozen=True, slots=True)
class Restoring:
    """`done` of `total` contacts were read; `total` is 0 until HubSpot has said. `waits`: why it does not go on now: ""
    if it does, "memory" if Redis is filled over three fifths, "quota" if the day's share of the calls is used up,
    "paused" while the line is, else the code of HubSpot's refusal."""

    done: int
    total: int
    waits: str

    def __str__(self) -> str:
        of = f" of {self.total}" if self.total else ""
        return f"{self.done}{of} contacts{WAITS.get(self.waits, f' (HubSpot: {self.waits})')}"


def ask(pipe: Any) -> None:
    """Queue what `answer` reads."""
    pipe.get(keys.STORE)
    pipe.hgetall(keys.RESTORE)


def answer(marker: bytes | None, stored: Mapping[bytes, bytes]) -> Restoring | None:
    """None if nothing is to be brought back."""
    if marker != RESTORED.encode():
        return None
    done, total = (int(stored.get(name, b"0")) for name in (b"done", b"total"))
    return Restoring(done, max(done, total), stored.get(b"waits", b"").decode())
