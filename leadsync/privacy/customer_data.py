"""Everything stored about one customer, in Redis and on this machine's disk: for `leadsync export` and `forget`.

On purpose Redis has no index by customer: each record of a lead names its customer, but nothing lists a customer's
leads. So every receipt is read, in chunks; if Redis is restarted meanwhile, from the first one again.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import structs

from leadcore import event
from leadcore.config import Inbox as InboxConfig
from leadcore.fields import ACTION_DIGEST, ACTION_LEAD, BODY, CUSTOMER, LEAD, RECEIPT
from leadcore.matches import Match
from leadcore.receipts import Receipt
from leadcore.store import keys, lines
from leadcore.store.connection import Redis
from leadcore.store.leads import read_pages, read_receipts
from leadcore.store.lines import Kept, Line
from leadcore.store.matches import read_match
from leadcore.store.messages import Message, read_messages
from leadcore.store.orders import NewestCart, read_newest_cart
from leadcore.store.scan import complete, scan_hash, scan_keys, scan_members
from leadcore.store.streams import unpack_fields
from workers.rules.customer import Customer, unpack
from workers.rules.lead import version_of
from workers.rules.orders.record import CustomerOrders, Order
from workers.rules.orders.record import unpack as unpack_orders

if TYPE_CHECKING:
    from receiver.intake.spool import Spool, Spooled

CHUNK = 1000
FLAGS = ("contact_id", "fill_only", "shared", "email_match_only", "untrusted", "trusted", "active_ms")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a line. `kind`: where it is ("stream", "later", "sending" or the name of a `lines.Kept`); `name`: the
    key; `at`: its id, member or field there."""

    line: str
    kind: str
    name: str
    at: bytes
    fields: Mapping[bytes, bytes] = field(repr=False)

    @property
    def lead(self) -> str:
        return self.fields.get(LEAD, b"").decode("ascii", "replace")

    @property
    def version_ms(self) -> int:
        return version_of(self.at if self.kind in ("stream", "sending") else b"0", self.fields) >> 16

    def as_dict(self) -> dict[str, Any]:
        return {"lead": self.lead, "held": self.kind, **_show_payload(lines.find(self.line), self.fields)}


@dataclass(frozen=True, slots=True)
class KeptLead:
    """A lead that is kept as `kept` of `line`; `since_ms`: since when."""

    line: Line
    kept: Kept
    lead: str
    since_ms: int
    fields: Mapping[bytes, bytes] = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        return {"lead": self.lead, f"{self.kept.name}_ms": self.since_ms, **_show_payload(self.line, self.fields)}


class CustomerData:
    """`key`: the digests' key. Nothing is cached; every method raises redis-py's errors."""

    def __init__(self, connection: Redis, config: InboxConfig, key: bytes, customer_id: str) -> None:
        self.redis, self.customer_id = connection, customer_id
        self.digest = keys.digest(key, customer_id)
        self.shard = keys.shard_of(customer_id, config.shards)
        self.record_key = keys.customer(self.digest)
        self.tombstone_key = keys.forgotten(self.digest)
        self.orders_key = keys.ordered(self.digest)
        self.newest_cart_key = keys.newest_cart(self.digest)

    def record(self) -> bytes | None:
        found: bytes | None = self.redis.get(self.record_key)
        return found

    def newest_cart(self) -> NewestCart | None:
        """What the put of their newest cart noted."""
        return read_newest_cart(self.redis, self.digest)

    def orders(self) -> CustomerOrders:
        """What Redis knows of the customer's orders."""
        return unpack_orders(self.redis.get(self.orders_key))

    def order_states(self) -> dict[str, dict[str, str]]:
        """What payments know of the customer's orders, by reference: also of those that are no longer among
        `orders`."""
        return complete(lambda: dict(self._scan_order_states()))

    def tombstone(self) -> bytes | None:
        found: bytes | None = self.redis.get(self.tombstone_key)
        return found

    def entries(self, line: str) -> list[Entry]:
        """What waits in the line of this name, with what follows from leads that are done and is kept."""
        return complete(lambda: [*self._scan_entries(lines.find(line))])

    def kept(self) -> dict[str, list[KeptLead]]:
        """The leads that are kept in a state of their own, by its name."""
        return {
            kept.name: complete(partial(self._find_kept, line, kept)) for line, kept in lines.each_kept() if kept.state
        }

    def receipts(self) -> list[Receipt]:
        return complete(lambda: [*self._scan_receipts()])

    def messages(self) -> list[Message]:
        """The records of messages by themselves."""
        return complete(lambda: [*self._scan_messages()])

    def is_shared(self, contact_id: str) -> bool:
        """Whether another customer is linked to this contact, as far as Redis knows."""
        return complete(lambda: any(self._scan_others(contact_id)))

    def match(self) -> Match | None:
        """The match by email only that waits for a person."""
        return read_match(self.redis, self.digest)

    def emails(self) -> list[str]:
        """The keys of the emails that this customer has used; they hold only digests."""
        return complete(lambda: [*self._scan_emails()])

    def actions(self, leads: Iterable[str]) -> list[dict[str, str]]:
        """What people did with these leads or this customer, as the list of actions records it."""
        wanted = {lead.encode() for lead in leads}
        return [
            {
                "at_ms": at.decode().partition("-")[0],
                **{name.decode(): value.decode() for name, value in fields.items()},
            }
            for at, fields in self.redis.xrange(keys.ACTIONS)
            if fields.get(ACTION_LEAD) in wanted or fields.get(ACTION_DIGEST) == self.digest.encode()
        ]

    def spooled(self, spool: "Spool") -> Iterator["Spooled"]:
        """The customer's events in this machine's spool. Raises `SpoolError`."""
        after = 0
        while rows := spool.scan(CHUNK, after):
            yield from (row for row in rows if self.is_mine(row.body))
            after = rows[-1].id

    def is_mine(self, body: bytes) -> bool:
        """Whether an event's body names this customer."""
        return event.read_customer_id(body) == self.customer_id

    def as_dict(self, spool: "Spool") -> dict[str, Any]:
        """The output of `leadsync export`. Raises `SpoolError` too."""
        found = self.receipts()
        kept, messages = self.kept(), self.messages()
        customer = unpack(self.record())
        return {
            "customer_id": self.customer_id,
            "digest": self.digest,
            **{line.exported: [entry.as_dict() for entry in self.entries(line.name)] for line in lines.LINES},
            **{name: [one.as_dict() for one in some] for name, some in kept.items()},
            "spooled": [{"received_ms": one.received_ms, "body": _loads(one.body)} for one in self.spooled(spool)],
            "receipts": [one.as_dict() for one in found],
            "message_records": [one.as_dict() for one in messages],
            "record": _describe(customer),
            "contact_record": _describe(self._shared(customer)),
            "orders": [_describe_order(order) for order in self.orders().orders],
            "order_states": [{"reference": one, **fields} for one, fields in self.order_states().items()],
            "newest_cart": newest._asdict() if (newest := self.newest_cart()) else None,
            "email_match": _describe_match(self.match()),
            "emails_used": len(self.emails()),
            "forgotten_until_ms": forgotten_ms(self.tombstone()),
            "actions": self.actions(
                [
                    *(one.lead for one in found),
                    *(one.lead for some in kept.values() for one in some),
                    *(one.id for one in messages),
                ]
            ),
        }

    def _shared(self, customer: Customer) -> Customer:
        return unpack(self.redis.get(keys.contact(customer.contact_id)) if customer.shared else None)

    def _is_mine(self, fields: Mapping[bytes, bytes]) -> bool:
        """Whether an entry names this customer: in a field for that, else in the event that it holds."""
        if CUSTOMER not in fields:
            return self.is_mine(fields.get(BODY, b""))
        customer = _loads(fields[CUSTOMER])
        return isinstance(customer, dict) and event.identity(customer.get("id", "")) == self.customer_id

    def _scan_entries(self, line: Line) -> Iterator[Entry]:
        """First the keys from which a retry or a sweep can move an entry to the stream: an entry moved meanwhile is
        read twice, not missed."""
        name, mine = line.name, self._is_mine
        later, stream, sending = (of(name, self.shard) for of in (keys.later, keys.entries, keys.sending))
        for kept in (one for one in line.kept if not one.state):
            for lead in scan_members(self.redis, kept.index):
                if mine(fields := unpack_fields(self.redis.get(kept.key(lead.decode())) or b"")):
                    yield Entry(name, kept.name, kept.index, lead, fields)
        for member in scan_members(self.redis, later):
            if mine(fields := unpack_fields(member)):
                yield Entry(name, "later", later, member, fields)
        for rows in read_pages(self.redis, stream, CHUNK):
            yield from (Entry(name, "stream", stream, at, fields) for at, fields in rows if mine(fields))
        for at, packed in scan_hash(self.redis, sending):
            if mine(fields := unpack_fields(packed)):
                yield Entry(name, "sending", sending, at, fields)

    def _find_kept(self, line: Line, kept: Kept) -> list[KeptLead]:
        found = []
        for names in self._scan(kept.key("*")):
            leads = [name.decode().removeprefix(kept.key("")) for name in names]
            times = self.redis.zmscore(kept.index, leads)
            for lead, time, packed in zip(leads, times, self.redis.mget(names), strict=True):
                fields = unpack_fields(packed or b"")
                if self._is_mine(fields):
                    found.append(KeptLead(line, kept, lead, int(time or 0), fields))
        return found

    def _scan_receipts(self) -> Iterator[Receipt]:
        mine = self.customer_id.encode("utf-8", "surrogatepass")
        for names in self._scan(keys.receipt("*")):
            customers = self._each("hget", names, RECEIPT["customer_id"])
            found = [name for name, customer in zip(names, customers, strict=True) if customer == mine]
            leads = [name.decode().removeprefix(keys.receipt("")) for name in found]
            yield from (one or Receipt(lead) for lead, one in zip(leads, read_receipts(self.redis, leads), strict=True))

    def _scan_messages(self) -> Iterator[Message]:
        for names in self._scan(keys.message("*")):
            ids = [name.decode().removeprefix(keys.message("")) for name in names]
            yield from (one for one in read_messages(self.redis, ids) if one and one.customer_id == self.customer_id)

    def _scan_order_states(self) -> Iterator[tuple[str, dict[str, str]]]:
        for names in self._scan(keys.order("*")):
            for name, stored in zip(names, self._each("hgetall", names), strict=True):
                fields = {key.decode(): value.decode("utf-8", "replace") for key, value in stored.items()}
                customer = _loads(stored.get(b"customer", b'""'))
                if fields.get("cart_of") == self.digest or event.identity(customer) == self.customer_id:
                    yield name.decode().removeprefix(keys.order("")), fields

    def _scan_others(self, contact_id: str) -> Iterator[bool]:
        for names in self._scan(keys.customer("*")):
            for name, record in zip(names, self.redis.mget(names), strict=True):
                yield name.decode() != self.record_key and unpack(record).contact_id == contact_id

    def _scan_emails(self) -> Iterator[str]:
        for names in self._scan(keys.email("*")):
            used = self._each("sismember", names, self.digest)
            yield from (name.decode() for name, one in zip(names, used, strict=True) if one)

    def _scan(self, pattern: str) -> Iterator[list[bytes]]:
        return chunks(scan_keys(self.redis, pattern), CHUNK)

    def _each(self, command: str, names: Sequence[bytes], *arguments: str) -> list[Any]:
        pipe = self.redis.pipeline(transaction=False)
        for name in names:
            getattr(pipe, command)(name, *arguments)
        return list(pipe.execute())


def forgotten_ms(tombstone: bytes | None) -> int | None:
    """Up to which version, in ms, a customer is forgotten; None if they never were."""
    return int(tombstone.split()[0]) if tombstone else None


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """`items` in lists of at most `size`."""
    iterator = iter(items)
    while some := list(itertools.islice(iterator, size)):
        yield some


def _describe(customer: Customer) -> dict[str, Any] | None:
    """A record without its digests; `clock`: property -> when its last value was said, in ms."""
    if not customer.revision:
        return None
    shown = structs.asdict(customer)
    return {
        **{name: shown[name] for name in FLAGS},
        "clock": {name: version >> 16 for name, (version, _) in customer.clock.items()},
    }


def _describe_order(order: Order) -> dict[str, Any]:
    """An order without its digests, as `_describe` does it."""
    return {
        "references": list(order.references),
        "order_id": order.id,
        "changed_ms": order.changed_ms,
        "clock": {name: version >> 16 for name, (version, _) in order.clock.items()},
        "lines": {key: line.id for key, line in order.lines.items()},
    }


def _describe_match(match: Match | None) -> dict[str, Any] | None:
    return None if match is None else {"contact_id": match.contact_id, "said_ms": match.said_ms}


def _show_payload(line: Line, fields: Mapping[bytes, bytes]) -> dict[str, Any]:
    return {line.payload_name: _loads(fields.get(line.payload, b""))}


def _loads(raw: bytes) -> Any:
    """`raw` parsed as JSON, else as text."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")
