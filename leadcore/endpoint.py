"""An address outside to which a line delivers, as its record in Redis has it (`leadcore.store.endpoints`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadcore.fields import ENDPOINT

KEEP_MS = 3 * 86_400_000
"""For so long an address may take nothing, and an entry may wait for it."""
OPEN, PAUSED, STOPPED = "open", "paused", "stopped"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address. `number`: its place in the setting, from 1; `name`: the host of a hook, the scheme of a notice's
    address: nothing else of it is stored or shown. `why`: what it last answered, in a word. Since `since_ms` nothing
    was taken, after `failures` failures in a row; it is tried again at `until_ms`. For a notice's address that works,
    `until_ms` is when it may get its next message. `given_up`: entries that it never took. `claimed`: the cursors
    behind a message that is being sent. `waiting`: how many entries it has not got, None if nobody counted them. Times
    in ms of Redis' clock."""

    digest: str
    number: int = 0
    name: str = ""
    state: str = OPEN
    why: str = ""
    failures: int = 0
    since_ms: int = 0
    until_ms: int = 0
    delivered: int = 0
    given_up: int = 0
    last_ms: int = 0
    seen_ms: int = 0
    claimed: str = ""
    cursors: Mapping[int, str] = field(default_factory=dict)
    waiting: int | None = None

    def is_away(self, now_ms: int, short_ms: int) -> bool:
        """Whether it is stopped, or has taken nothing for longer than `short_ms`."""
        return self.state == STOPPED or (self.state == PAUSED and now_ms - self.since_ms > short_ms)

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and `leadsync status`."""
        shown = (
            "number",
            "name",
            "state",
            "why",
            "failures",
            "since_ms",
            "until_ms",
            "delivered",
            "given_up",
            "last_ms",
        )
        counted = {} if self.waiting is None else {"waiting": self.waiting}
        return {name: getattr(self, name) for name in shown} | counted


def unpack(digest: str, stored: Mapping[bytes, bytes]) -> Endpoint:
    """The address from its hash."""
    text = {name.decode(): value.decode("utf-8", "replace") for name, value in stored.items()}
    values: dict[str, Any] = {}
    for name, kind in Endpoint.__annotations__.items():
        stored_name = ENDPOINT.get(name)
        if stored_name in text:
            values[name] = int(text[stored_name]) if kind is int else text[stored_name]
    cursors = {int(name): value for name, value in text.items() if name.isdigit()}
    return Endpoint(digest, cursors=cursors, **values)


def pack(**values: Any) -> list[str]:
    """Changed parts of a record as HSET's flat list."""
    return [part for name, value in values.items() for part in (ENDPOINT[name], str(value))]
