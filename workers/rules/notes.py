"""Pure: when an event leaves a note in HubSpot, and what stands in it."""

import html
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from leadcore import receipts
from leadcore.config import Config
from leadcore.event import Event, Product
from leadcore.fields import BODY, KIND, LEAD, ORDER, RECEIPT, VERSION
from leadcore.reasons import Reason, english
from leadcore.receipts import PARKED, PARKED_SECONDS, WAITING, Receipt
from leadcore.store import keys
from leadcore.store.counters import count, figure
from leadcore.store.streams import pack_fields
from workers.rules.lead import version_text
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.note_marker import write_marker

LIMIT = 65_536
"""So many characters a note may have in HubSpot."""
_MORE = "…"


def is_due(intent: str, buying: bool, config: Config) -> bool:
    """Whether a written lead leaves a note at once. One whose cart makes an order, or that cancels one, waits for that.
    `buying`: its cart is not empty."""
    orders = config.orders
    waits = orders is not None and (orders.cancels(intent) or (buying and orders.makes(intent)))
    return config.notes.wants(intent) and not waits


def to_notes(shard: int, lead: str, version: int, fields: Mapping[bytes, bytes], order_id: str = "") -> Sequence[Any]:
    """The command that adds the lead of an entry with these `fields` to the notes' line. `order_id`: of the order that
    its cart became."""
    more = [(name, value) for name, value in ((KIND, fields.get(KIND)), (ORDER, order_id)) if value]
    entry = ((LEAD, lead), (BODY, fields[BODY]), (VERSION, version_text(version)), *more)
    return ("XADD", keys.entries(keys.NOTES, shard), "*", *(part for pair in entry for part in pair))


def to_wait(lead: str) -> Sequence[Any]:
    """The command that lets a lead's receipt say that its note waits, unless it says already what became of it."""
    return ("HSETNX", keys.receipt(lead), RECEIPT["note"], WAITING)


def park(lead: str, fields: Mapping[bytes, bytes], code: str, why: Reason, now_ms: int) -> list[Sequence[Any]]:
    """The commands that let an entry of the notes' line wait for a person."""
    return [
        ("SET", keys.parked_note(lead), pack_fields(fields), "EX", PARKED_SECONDS),
        ("ZADD", keys.PARKED_NOTES, now_ms, lead),
        ("HSET", keys.receipt(lead), *receipts.pack(note=f"{PARKED}: {code}: {why}", note_ms=now_ms)),
        count("note_parked"),
        figure(f"parked_notes:{code}"),
    ]


def write_note(
    event: Event, mapped: MappedEvent, receipt: Receipt, said: datetime, mapping: Mapping[str, str | bool], digest: str
) -> str:
    """The note's HTML, at most `LIMIT` long: what the customer wants, and what HubSpot did not take of it. `said`:
    when, in the shop's time zone. `mapping`: a value's name -> property, where the configuration says so. `digest`: the
    customer's."""
    end = f"<p><small>{write_marker(receipt.lead, digest)}</small></p>"
    room = LIMIT - len(end)
    found = [f"<p><strong>{html.escape(event.intent[:1000])}</strong> {said:%Y-%m-%d %H:%M %Z}</p>"]
    for label, text in _parts(event, mapped, receipt, mapping):
        part = _write_part(label, text, room - sum(map(_size, found)))
        if not part:
            break
        found.append(part)
    return "".join(found) + end


def _parts(
    event: Event, mapped: MappedEvent, receipt: Receipt, mapping: Mapping[str, str | bool]
) -> Iterator[tuple[str, str]]:
    """Label and text of each part, what must not be cut off first."""
    contact, address = event.contact, event.address
    refused = "\n".join(_describe_refused(mapped, receipt, mapping))
    place = (
        address.street, address.village, address.subdistrict, address.district, address.city, address.state,
        address.postal_code, address.country,
    )  # fmt: skip
    plain = (contact.address, contact.city, contact.zipcode)
    parts = {
        "Customer": ", ".join(filter(None, (contact.name, contact.phone, contact.email))),
        "Address": ", ".join(filter(None, place)) or ", ".join(filter(None, plain)),
        "Payment": event.payment_method,
        "Total": event.grand_total,
        "Shipping": event.shipping_fee,
        "Order": receipt.order_ref,
        "Not saved": refused,
        "Kind of product": event.product_type,
        "Cart": "\n".join(map(_describe_product, event.products)),
    }
    return ((label, text) for label, text in parts.items() if text)


def _describe_refused(mapped: MappedEvent, receipt: Receipt, mapping: Mapping[str, str | bool]) -> Iterator[str]:
    said = {**mapped.creation, **mapped.activity, **mapped.address, **mapped.details}
    by_property = {**{str(mapping.get(name, name)): value for name, value in said.items()}, **said}
    for note in receipt.notes:
        if note.what == "dropped":
            value, why = by_property.get(note.property, ""), english(note.why)
            yield f"{note.property}: {value} ({why})" if value else f"{note.property}: {why}"
    for name, text in mapped.unsaved.items():
        yield f"{name}: {text}"
    _, _, why = receipt.order.partition(": ")
    if why:
        yield f"Order: {english(why)}"


def _describe_product(product: Product) -> str:
    label = " ".join(filter(None, (product.name, f"[{product.code}]" if product.code else ""))) or "?"
    price = f" at {product.price}" if product.price else ""
    total = f" = {product.total}" if product.total else ""
    return f"{product.count or '?'} x {label}{price}{total}{'' if product.available else ' (not available)'}"


def _write_part(label: str, text: str, room: int) -> str:
    """The part in at most `room` characters, "" if there is no room for any of it."""
    while True:
        part = f"<p><strong>{label}:</strong> {html.escape(text).replace(chr(10), '<br>')}</p>"
        if _size(part) <= room:
            return part
        left = len(text) - max(len(text) // 20, 1)
        if left <= 1:
            return ""
        text = text[: left - 1] + _MORE


def _size(text: str) -> int:
    """As HubSpot may count: in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
