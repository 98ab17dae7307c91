"""A lead on its way: one event out of the inbox, and the group of a customer's events that are written as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from leadcore.fields import VERSION
from leadcore.receipts import Note
from leadcore.store import keys
from workers.rules.customer import UNKNOWN, Customer, Stamp
from workers.rules.mapping.facts import ADDRESS, Facts
from workers.rules.news import NOTHING, News
from workers.rules.outcomes import Conflict

SILENT_KINDS = frozenset({"retry", "replay", "import"})


class Lead(Struct, frozen=True):
    """`version` is the event's Redis time: milliseconds << 16 | sequence. `kind` is "" for an event that came straight
    from DealDroid. `customer` is what DealDroid calls the customer. `fields` is the stream entry as it stands."""

    entry: bytes
    lead: str
    version: int
    kind: str
    tries: int
    customer: str | int | float
    intent: str
    facts: Facts
    fields: Mapping[bytes, bytes]

    def __repr__(self) -> str:
        """Nothing of what a customer said, wherever this is printed."""
        return f"Lead({self.lead!r})"

    @property
    def said_ms(self) -> int:
        return self.version >> 16


def version_of(entry: bytes, fields: Mapping[bytes, bytes]) -> int:
    """The entry's own id, or the version it brought along: "milliseconds" or "milliseconds-sequence"."""
    milliseconds, _, sequence = fields.get(VERSION, entry).partition(b"-")
    return int(milliseconds) << 16 | min(int(sequence or 0), 0xFFFF)


def version_text(version: int) -> bytes:
    return b"%d-%d" % (version >> 16, version & 0xFFFF)


class Result(Struct, frozen=True):
    """How a group ended. `state` is one of receipts' states, or "waiting" for one that is tried again later; `code`
    groups causes, `why` is for people. `free`: it waits without having used up a try."""

    state: str
    contact_id: str = ""
    code: str = ""
    why: str = ""
    free: bool = False


@dataclass(slots=True)
class CustomerBatch:
    """One customer's leads, oldest first, and what is becoming of them. Values go by our property names. `detached`:
    the contact that they shared is gone, and nobody has looked yet whether another one carries their id."""

    customer_id: str
    leads: list[Lead]
    record_key: str
    record: bytes | None = None
    stored: Customer = UNKNOWN
    customer: Customer = UNKNOWN
    contact_record: bytes | None = None
    shared_key: str = ""
    shared_clock: Mapping[str, Stamp] = field(default_factory=dict)
    adopted: tuple[str, bytes, Customer] | None = None
    forgotten_ms: int = -1
    lock: str = ""
    news: News = NOTHING
    properties: dict[str, str] = field(default_factory=dict)
    careful: bool = False
    looked: bool = False
    made: bool = False
    restarted: bool = False
    detached: bool = False
    left: bool = False
    email_refused: bool = False
    placeholder: str = ""
    unsaved_before: str = ""
    unsaved: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    conflict: Conflict | None = None
    result: Result | None = None

    @property
    def moves(self) -> bool:
        """Whether something of a home is to be written to a contact that is this customer's alone."""
        return self.customer.known and not self.customer.shared and any(name in self.properties for name in ADDRESS)

    @property
    def trace_id(self) -> str:
        return self.leads[-1].lead

    @property
    def open(self) -> bool:
        return self.result is None and not self.left

    @property
    def told(self) -> Sequence[tuple[int, Facts]]:
        return [(lead.version, lead.facts) for lead in self.leads]

    @property
    def contact_key(self) -> str:
        return keys.contact(self.customer.contact_id) if self.customer.shared else ""
