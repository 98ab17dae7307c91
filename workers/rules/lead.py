"""One event from the inbox (a lead), and one customer's leads of a batch, which are written as one contact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from leadcore.fields import VERSION
from leadcore.receipts import Note
from leadcore.store import keys
from workers.rules.customer import UNKNOWN, UNRECORDED_PHONES, Customer, Stamp
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import ADDRESS
from workers.rules.news import NO_NEWS, News
from workers.rules.outcomes import Conflict

SILENT_KINDS = frozenset({"retry", "replay", "import"})


class Lead(Struct, frozen=True):
    """`entry` is the id of the stream entry and `fields` its unchanged content; `id` is the lead's. `version` is the
    event's Redis time: milliseconds << 16 | sequence. `kind` is "" for an event that came straight from DealDroid.
    `customer` is DealDroid's customer id as it was sent."""

    entry: bytes
    id: str
    version: int
    kind: str
    tries: int
    customer: str | int | float
    intent: str
    mapped: MappedEvent
    fields: Mapping[bytes, bytes]

    def __repr__(self) -> str:
        """No customer data, wherever this is printed."""
        return f"Lead({self.id!r})"

    @property
    def said_ms(self) -> int:
        return self.version >> 16


def version_of(entry: bytes, fields: Mapping[bytes, bytes]) -> int:
    """The version that the entry carries ("milliseconds" or "milliseconds-sequence"), else its stream id."""
    milliseconds, _, sequence = fields.get(VERSION, entry).partition(b"-")
    return int(milliseconds) << 16 | min(int(sequence or 0), 0xFFFF)


def version_text(version: int) -> bytes:
    return b"%d-%d" % (version >> 16, version & 0xFFFF)


class Result(Struct, frozen=True):
    """The result of a customer batch. `state` is one of receipts' states, "waiting" if it is tried again later; `code`
    groups causes, `why` is for people. `free`: waiting does not count as a try."""

    state: str
    contact_id: str = ""
    code: str = ""
    why: str = ""
    free: bool = False


@dataclass(slots=True)
class CustomerBatch:
    """One customer's leads, oldest first, and the state of writing them. Values are keyed by our property names.

    `needs_read`, `was_read`: the contact must be, or was, read before it is written. `created`: a write of this batch
    created the contact. `restarted`: the contact was missing once, and all is sent as for a new customer.
    `detached`: the contact that they shared is gone, and it is not checked yet whether another one has their id.
    `supplied`: properties of which the shop's default is sent; `looked_up`: required ones of which the contact's own
    values are known; `missing`, `withheld`: what HubSpot wanted in answer to this batch, and what was not sent then;
    all by HubSpot's names.
    `unrecorded`: they were linked to it before, and Redis does not know what they filled in there.
    `contact`: the record of the contact that they share, which `contact_record` holds.
    `locked_elsewhere`: another worker holds the contact's lock, so the leads stay in the inbox."""

    customer_id: str
    leads: list[Lead]
    record_key: str
    record: bytes | None = None
    stored: Customer = UNKNOWN
    customer: Customer = UNKNOWN
    contact_record: bytes | None = None
    shared_key: str = ""
    contact: Customer = UNKNOWN
    unrecorded: bool = False
    adopted: tuple[str, bytes, Customer] | None = None
    forgotten_ms: int = -1
    lock: str = ""
    news: News = NO_NEWS
    properties: dict[str, str] = field(default_factory=dict)
    needs_read: bool = False
    was_read: bool = False
    created: bool = False
    restarted: bool = False
    detached: bool = False
    locked_elsewhere: bool = False
    email_refused: bool = False
    placeholder: str = ""
    unsaved_before: str = ""
    supplied: set[str] = field(default_factory=set)
    looked_up: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    unsaved: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    conflict: Conflict | None = None
    result: Result | None = None

    @property
    def own_clock(self) -> Mapping[str, Stamp]:
        """What the customer's own record says of the contact that they share: nothing once that contact is gone."""
        clock = {} if self.restarted else self.stored.clock
        return {**UNRECORDED_PHONES, **clock} if self.unrecorded else clock

    @property
    def writes_own_address(self) -> bool:
        """Whether parts of an address are written to a contact that only this customer has."""
        return self.customer.known and not self.customer.shared and any(name in self.properties for name in ADDRESS)

    @property
    def trace_id(self) -> str:
        return self.leads[-1].id

    @property
    def retried(self) -> bool:
        """Whether a person wants it tried again."""
        return any(lead.kind == "retry" for lead in self.leads)

    @property
    def open(self) -> bool:
        return self.result is None and not self.locked_elsewhere

    @property
    def events(self) -> Sequence[tuple[int, MappedEvent]]:
        """Version and content of each lead."""
        return [(lead.version, lead.mapped) for lead in self.leads]

    @property
    def contact_key(self) -> str:
        return keys.contact(self.customer.contact_id) if self.customer.shared else ""
