"""The stored record of a customer: their contact, the last value of each property, and which texts were sent.

One packed string per customer (and one per contact that several customers share), because a hash with a field for each
property takes four times the memory (measured). It holds keyed digests, never a value.

    revision u32 | format u8 | flags u8 | contact id (u8 length, ASCII) | active ms u48 | intent digest 4
    | day u16 | count u8, digests 4 each | clock: per version (u64, u8 count, then code u8, digest 5 each)

A value in doubt stands there as unrecorded, which programs of before the doubts read too, and its digest under `DOUBT`
and the property's name.
"""

import struct
from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from leadcore.receipts import PROPERTIES
from workers.rules.mapping.property_names import ADDRESS, PHONES

FORMAT = 1
VALUE_BYTES = 5
TEXT_BYTES = 4
_FILL_ONLY, _SHARED, _EMAIL_MATCH_ONLY, _ATTEMPTED, _UNTRUSTED, _TRUSTED, _NUMERIC = 1, 2, 4, 8, 16, 32, 64
_CODE = {name: bytes([number]) for number, name in enumerate(PROPERTIES, 1)}
_NAME = dict(enumerate(PROPERTIES, 1))

WITHHELD = "~"
"""Prefix of a property in a linked customer's own clock: they sent a value, but it was not written to the contact."""

UNRECORDED = bytes(VALUE_BYTES)
"""In the place of a digest: the customer may have filled in a value before Redis was emptied."""

DOUBT = b"?"
"""Behind a digest: the contact has another value, which a merge gave it."""
_DOUBTED = DOUBT.decode()

Stamp = tuple[int, bytes]
"""The version of the event that carried a value, and the digest of the value, in doubt or not."""
UNRECORDED_PHONES: Mapping[str, Stamp] = dict.fromkeys(PHONES, (0, UNRECORDED))
UNRECORDED_ADDRESS: Mapping[str, Stamp] = {ADDRESS[0]: (0, UNRECORDED)}
"""Nobody has looked yet which address the contact has."""


class Customer(Struct, frozen=True):
    """`contact_id` is "" while HubSpot has no contact. `fill_only`: the contact is somebody else's, so only its blank
    properties are filled. `shared`: the clock is stored with the contact. `email_match_only`: the contact was found by
    its email alone, so the customer gets no message. `untrusted`: moreover it bears another customer's id, so that our
    own properties are only filled too. `trusted`: a person said that the customer is whom the email says. `attempted`:
    a first write was started whose answer may have been lost. `numeric`: DealDroid last gave the customer's id as a
    number. `sent_texts`: digests of the texts sent on `day` (date.toordinal() modulo 65,536, in the shop's time
    zone)."""

    revision: int = 0
    contact_id: str = ""
    fill_only: bool = False
    shared: bool = False
    email_match_only: bool = False
    untrusted: bool = False
    trusted: bool = False
    attempted: bool = False
    numeric: bool = False
    active_ms: int = 0
    intent: bytes = b""
    day: int = 0
    sent_texts: frozenset[bytes] = frozenset()
    clock: Mapping[str, Stamp] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        return bool(self.contact_id)


UNKNOWN = Customer()


def get_digest(stamp: Stamp) -> bytes:
    """The digest of what was said, in doubt or not."""
    return stamp[1][:VALUE_BYTES]


def guard(record: bytes | None) -> bytes:
    """The record's revision (its first four bytes), which changes with every write and which SETTLE compares."""
    return record[:4] if record else b""


def pack(customer: Customer) -> bytes:
    """The record to store, with the next revision."""
    contact = customer.contact_id.encode()
    flags = (
        _FILL_ONLY * customer.fill_only
        | _SHARED * customer.shared
        | _EMAIL_MATCH_ONLY * customer.email_match_only
        | _ATTEMPTED * customer.attempted
        | _UNTRUSTED * customer.untrusted
        | _TRUSTED * customer.trusted
        | _NUMERIC * customer.numeric
    )
    sent_texts = sorted(customer.sent_texts)[:255]
    parts = [
        struct.pack(">IBBB", (customer.revision + 1) & 0xFFFFFFFF, FORMAT, flags, len(contact)),
        contact,
        customer.active_ms.to_bytes(6, "big"),
        customer.intent.ljust(TEXT_BYTES, b"\0")[:TEXT_BYTES],
        struct.pack(">HB", customer.day, len(sent_texts)),
        *sent_texts,
    ]
    versions: dict[int, list[bytes]] = {}
    for name, (version, digest) in customer.clock.items():
        stamps, code = versions.setdefault(version, []), _CODE.get(name) or _pack_name(name)
        if digest.endswith(DOUBT, VALUE_BYTES):
            stamps += [code + UNRECORDED, _pack_name(_DOUBTED + name) + digest[:VALUE_BYTES]]
        else:
            stamps.append(code + digest)
    for version, stamps in sorted(versions.items()):
        for start in range(0, len(stamps), 255):
            chunk = stamps[start : start + 255]
            parts += [struct.pack(">QB", version, len(chunk)), *chunk]
    return b"".join(parts)


def unpack(record: bytes | None) -> Customer:
    """The customer in a stored record; `UNKNOWN` if there is none or its format is newer than this program."""
    if not record or len(record) < 7 or record[4] != FORMAT:
        return replace(UNKNOWN, revision=int.from_bytes(record[:4], "big")) if record else UNKNOWN
    revision, _, flags, size = struct.unpack_from(">IBBB", record)
    at = 7 + size
    contact = record[7:at].decode()
    active = int.from_bytes(record[at : at + 6], "big")
    intent = record[at + 6 : at + 10]
    day, count = struct.unpack_from(">HB", record, at + 10)
    at += 13
    sent_texts = frozenset(record[at + TEXT_BYTES * i : at + TEXT_BYTES * (i + 1)] for i in range(count))
    return Customer(
        revision=revision,
        contact_id=contact,
        fill_only=bool(flags & _FILL_ONLY),
        shared=bool(flags & _SHARED),
        email_match_only=bool(flags & _EMAIL_MATCH_ONLY),
        untrusted=bool(flags & _UNTRUSTED),
        trusted=bool(flags & _TRUSTED),
        numeric=bool(flags & _NUMERIC),
        attempted=bool(flags & _ATTEMPTED),
        active_ms=active,
        intent=intent,
        day=day,
        sent_texts=sent_texts,
        clock=_unpack_clock(record, at + TEXT_BYTES * count),
    )


def _pack_name(name: str) -> bytes:
    text = name.encode()[:255]
    return bytes([0, len(text)]) + text


def _unpack_clock(record: bytes, at: int) -> dict[str, Stamp]:
    clock: dict[str, Stamp] = {}
    doubted: dict[str, Stamp] = {}
    while at < len(record):
        version, count = struct.unpack_from(">QB", record, at)
        at += 9
        for _ in range(count):
            code = record[at]
            at += 1
            if code:
                name = _NAME.get(code, "")
            else:
                size = record[at]
                name = record[at + 1 : at + 1 + size].decode()
                at += 1 + size
            known = doubted if name.startswith(_DOUBTED) else clock
            known[name] = (version, record[at : at + VALUE_BYTES])
            at += VALUE_BYTES
    for doubt, (version, digest) in doubted.items():
        name = doubt.removeprefix(_DOUBTED)
        # Else a program of before the doubts has recorded another value since.
        if clock.get(name) == (version, UNRECORDED):
            clock[name] = (version, digest + DOUBT)
    return clock
