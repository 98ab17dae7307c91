"""Pure: what happened, for those outside who want to know; and who gets it.

    events.effects(Event("lead.created", customer="42", lead="4f1c", data={"contact_id": "7"}), shard)

are the commands that put an event into the lines of the hooks and the notices. They go among the effects of whatever
settles the entry that it follows from, so that it happens exactly once; without addresses there are none.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from leadcore.config import Config
from leadcore.errors import ConfigError
from leadcore.event import encode
from leadcore.fields import BODY, CUSTOMER, DATA, EVENT, EVENT_ID, LEAD
from leadcore.receipts import PARKED
from leadcore.store import keys

Command = Sequence[Any]
EVENTS = (
    "lead.created", "lead.updated", "lead.parked", "message.sent", "order.created", "order.updated", "order.paid",
    "order.cancelled", "order.refunded",
)  # fmt: skip
MOST_BYTES = 16_384
"""A longer event is sent without its body: thousands may wait for an address that is away."""
# Kinds of leads that are no news to a team: a lost Redis that is filled again, an import.
NO_NEWS = frozenset({"replay", "import"})
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Event:
    """`customer`: DealDroid's id as it was sent, None if nobody knows it. `data`: ids, names of states and codes, such
    as `contact_id`, `intent`, `state`, `reason`; nothing that a customer said. `once`: what else tells this event from
    others of the same type and lead. `body`: the whole event as JSON, for `full` hooks. `private`: what a notice may
    name if the shop wants that. `kind`: as in `Lead`."""

    type: str
    customer: str | int | float | None
    lead: str
    data: Mapping[str, Any] = field(default_factory=dict)
    once: str = ""
    body: bytes = field(default=b"", repr=False)
    private: Mapping[str, str] = field(default_factory=dict, repr=False)
    kind: str = ""

    @property
    def id(self) -> str:
        """The same for the same event, whoever makes it however often."""
        parts = "\0".join((self.type, self.lead, self.once))
        return "msg_" + hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:24]


class Events:
    """Who is told of what, by one configuration. `hooks`, `notices`: whether there are addresses."""

    def __init__(self, config: Config | None = None, *, hooks: bool = False, notices: bool = False) -> None:
        config = config or Config()
        self.hooks, self.notify = config.hooks, config.notify
        self._on = frozenset(
            name for name in EVENTS if hooks and any(fnmatchcase(name, one) for one in config.hooks.on)
        )
        self._noticed = frozenset(config.notify.on if notices else ())

    @property
    def wanted(self) -> bool:
        """Whether anybody is told of anything."""
        return bool(self._on or self._noticed)

    def wants(self, name: str) -> bool:
        """Whether anybody is told of events of this type."""
        return name in self._on or name in self._noticed

    def effects(self, event: Event, shard: int) -> list[Command]:
        """The commands that let everybody know who wants to. `shard`: of the customer."""
        found: list[Command] = []
        if event.type in self._on:
            body = event.body if self.hooks.full and len(event.body) <= MOST_BYTES else b""
            found.append(_put(keys.HOOKS, event, shard, body))
        if event.type in self._noticed and event.kind not in NO_NEWS and self._is_wanted_intent(event):
            private = encode(dict(event.private)) if self.notify.private and event.private else b""
            found.append(_put(keys.NOTICES, event, shard, private if len(private) <= MOST_BYTES else b""))
        return found

    def tell_parked(
        self,
        lead: str,
        code: str,
        shard: int,
        *,
        once: str,
        customer: str | int | float | None = None,
        kind: str = "",
        body: bytes = b"",
        private: Mapping[str, str] = NOTHING,
        **data: str,
    ) -> list[Command]:
        """As `effects`, of what came after the lead and waits for a person: its order, note or payment. `code`: of the
        reason; the others as in `Event`."""
        data |= {"state": PARKED, "reason": code}
        return self.effects(Event("lead.parked", customer, lead, data, once, body, private, kind), shard)

    def _is_wanted_intent(self, event: Event) -> bool:
        """One whose intent nobody knows is told: that it matters is likelier than that it does not."""
        intent = str(event.data.get("intent", ""))
        return not intent or any(fnmatchcase(intent, one) for one in self.notify.intents)


NOBODY = Events()


def check(config: Config) -> None:
    """Raise `ConfigError` for a pattern of `[hooks]` that matches no event."""
    for pattern in config.hooks.on:
        if not any(fnmatchcase(name, pattern) for name in EVENTS):
            raise ConfigError(f"there is no event {pattern!r}; there are {', '.join(EVENTS)}.", "hooks.on")


def _put(line: str, event: Event, shard: int, body: bytes) -> Command:
    data = json.dumps({name: value for name, value in event.data.items() if value not in ("", None)})
    customer = (CUSTOMER, encode({"id": event.customer})) if event.customer is not None else ()
    whole = (BODY, body) if body else ()
    lead = (LEAD, event.lead) if event.lead else ()
    return (
        "XADD", keys.entries(line, shard), "*", EVENT, event.type, EVENT_ID, event.id, DATA, data, *lead, *customer,
        *whole,
    )  # fmt: skip
