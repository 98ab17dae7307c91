"""One event from the inbox (a lead), and one customer's leads of a batch, which are written as one contact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from leadcore.fields import VERSION
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.receipts import CREATED, UPDATED, Note
from leadcore.required import Requirement
from workers.rules.customer import UNKNOWN, UNRECORDED_ADDRESS, UNRECORDED_PHONES, Customer, Stamp
from workers.rules.field_clock import Digest
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import ADDRESS
from workers.rules.news import NO_NEWS, News
from workers.rules.outcomes import UNSAID, Conflict, Origin

# Kinds of events that nobody is told of, and why.
SILENT_KINDS: Mapping[str, Reason] = {
    "retry": reason("is_retry"),
    "replay": reason("is_replay"),
    "import": reason("is_import"),
}


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

    @property
    def came_again(self) -> bool:
        """Whether it was put off, or put once more: HubSpot may have taken it before. One that was parked it never
        took."""
        return VERSION in self.fields and not self.kind


def version_of(entry: bytes, fields: Mapping[bytes, bytes]) -> int:
    """The version that the entry carries ("milliseconds" or "milliseconds-sequence"), else its stream id."""
    milliseconds, _, sequence = fields.get(VERSION, entry).partition(b"-")
    return int(milliseconds) << 16 | min(int(sequence or 0), 0xFFFF)


def version_text(version: int) -> bytes:
    return b"%d-%d" % (version >> 16, version & 0xFFFF)


class Result(Struct, frozen=True):
    """The result of a customer batch. `state` is one of receipts' states, "waiting" if it is tried again later; `code`
    groups causes. `free`: waiting does not count as a try; `asked`: for how many seconds HubSpot asked, None if it did
    not say."""

    state: str
    contact_id: str = ""
    code: str = ""
    why: Reason = NO_REASON
    free: bool = False
    asked: float | None = None


class Loaded(Struct, frozen=True):
    """What was loaded of one customer: `leads`, oldest first, from the stream; from Redis their `record` (`stored` is
    the customer in it), up to when they are forgotten, and the record of the contact that they share (`contact_key` is
    "" if none was loaded). `adopted`: key, record and new content (None: removed) of every other record that changes
    with it: of customers who come to share that contact, of contacts that were merged into it."""

    customer_id: str
    leads: Sequence[Lead]
    record_key: str = ""
    record: bytes | None = None
    stored: Customer = UNKNOWN
    forgotten_ms: int = -1
    contact_key: str = ""
    contact_record: bytes | None = None
    contact: Customer = UNKNOWN
    adopted: tuple[tuple[str, bytes | None, Customer | None], ...] = ()

    @property
    def events(self) -> Sequence[tuple[int, MappedEvent]]:
        """Version and content of each lead."""
        return [(lead.version, lead.mapped) for lead in self.leads]

    @property
    def came_again(self) -> bool:
        """Whether HubSpot may have taken any of them before."""
        return any(lead.came_again for lead in self.leads)

    @property
    def retried(self) -> bool:
        """Whether a person wants it tried again."""
        return any(lead.kind == "retry" for lead in self.leads)


class Decision(Struct, frozen=True):
    """What to write for a customer, and to which contact; `workers.rules.plan` makes it. Values are keyed by our
    property names. `customer`: the customer as they are linked to the contact, with the clock that decides.
    `restarted`: the contact was missing once, and all is sent as for a new customer. `unrecorded`: they were linked to
    the contact before, and Redis does not know what they filled in there. `needs_read`, `was_read`: the contact must
    be, or was, read before it is written. `result`: set if nothing is to be sent.

    Of required properties: `supplied`: those of which the shop's default is sent. By HubSpot's names: `looked_up`, what
    was read of the contact; `missing` and `withheld`, what HubSpot wanted in answer to these leads, and what was not
    sent then. `learned` and `disproved` (fields of `Requirement`): what the last answer shows of the portal, for
    `RequiredProperties.record`."""

    customer: Customer = UNKNOWN
    restarted: bool = False
    unrecorded: bool = False
    news: News = NO_NEWS
    properties: Mapping[str, str] = {}
    placeholder: str = ""
    needs_read: bool = False
    was_read: bool = False
    unsaved_before: str = ""
    unsaved: Mapping[str, str] = {}
    notes: tuple[Note, ...] = ()
    email_refused: bool = False
    supplied: frozenset[str] = frozenset()
    looked_up: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    learned: tuple[Requirement, ...] = ()
    disproved: tuple[str, ...] = ()
    result: Result | None = None

    @property
    def waits_for_read(self) -> bool:
        return self.needs_read and not self.was_read


UNDECIDED = Decision()


def own_clock(loaded: Loaded, decision: Decision) -> Mapping[str, Stamp]:
    """What the customer's own record says of the contact that they share: nothing once that contact is gone."""
    clock = {} if decision.restarted else loaded.stored.clock
    return {**UNRECORDED_PHONES, **clock} if decision.unrecorded else clock


def is_overtaken(loaded: Loaded, clock: Mapping[str, Stamp], digest: Digest) -> bool:
    """Whether something of the leads is older than another word on it in the clock."""
    for version, mapped in loaded.events:
        for name, value in {**mapped.details, **mapped.address, **mapped.activity}.items():
            stamp = clock.get(name)
            if stamp and stamp[0] > version and stamp[1] != digest(name, value):
                return True
    return False


@dataclass(slots=True)
class CustomerBatch:
    """The attempt to write one customer's leads. What was loaded and what was decided are replaced whole. `created`: a
    write of this batch created the contact. `detached`: the contact that they shared is gone, and it is not checked yet
    whether another one has their id. `missing`: a write did not find their contact, and it is not checked yet whether
    it is gone or merged. `merged_into`: the id of the contact into which theirs was merged, until that is dealt with
    (see `workers.sync.merges`). `lock`: the name of the contact's lock that is held. `left_in_inbox`: another
    worker holds it, another customer of the contact is settled first, or a record changed before this was settled.
    `held_up`: an answer was about others alone; `refused`: the last one refused these leads, which are sent again with
    less. `origin`: of HubSpot's last error about them."""

    loaded: Loaded
    decision: Decision = UNDECIDED
    created: bool = False
    detached: bool = False
    missing: bool = False
    merged_into: str = ""
    conflict: Conflict | None = None
    lock: str = ""
    left_in_inbox: bool = False
    held_up: bool = False
    refused: bool = False
    result: Result | None = None
    origin: Origin = UNSAID

    def decide(self, decision: Decision) -> None:
        """Go on by `decision`."""
        self.decision, self.result = decision, decision.result

    def relink(self, customer: Customer, **more: Any) -> None:
        """More is known of the contact. What that means for the values is decided next, see `WritePlanner.decide`."""
        self.decision = replace(self.decision, customer=customer, **more)

    def record_written(self, contact_id: str, new: bool | None) -> None:
        """HubSpot has written it; `new`: whether that created the contact, None if HubSpot does not say."""
        self.created = self.created or new is True
        created = self.created or (new is None and not self.customer.known)
        self.decision = replace(self.decision, customer=replace(self.customer, contact_id=contact_id))
        self.result = Result(CREATED if created else UPDATED, contact_id)

    @property
    def customer_id(self) -> str:
        return self.loaded.customer_id

    @property
    def leads(self) -> Sequence[Lead]:
        return self.loaded.leads

    @property
    def customer(self) -> Customer:
        return self.decision.customer

    @property
    def writes_own_address(self) -> bool:
        """Whether parts of an address are written to a contact that only this customer has."""
        known_alone = self.customer.known and not self.customer.shared
        return known_alone and any(name in self.decision.properties for name in ADDRESS)

    @property
    def lacks_address(self) -> bool:
        """Whether an address is news for a contact of which nobody has looked yet which address it has."""
        unrecorded = UNRECORDED_ADDRESS.items() <= self.customer.clock.items()
        return unrecorded and any(name in self.decision.news.writes for name in ADDRESS)

    @property
    def trace_id(self) -> str:
        return self.leads[-1].id

    @property
    def open(self) -> bool:
        return self.result is None and not self.left_in_inbox
