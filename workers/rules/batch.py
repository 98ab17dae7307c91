"""Pure: entries of the inbox -> leads, grouped by customer, each customer's in the order of their versions."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec import structs

from leadcore import event
from leadcore.config import Config
from leadcore.fields import BODY, KIND, LEAD, TRIES
from leadcore.filler import says_nothing
from leadcore.shapes import unwrap
from leadcore.text import clean
from workers.rules.lead import CustomerBatch, Lead, Loaded, version_of
from workers.rules.mapping.contact import map_event
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.orders.said import makes_order
from workers.rules.portal import Portal

BATCH = 100
"""The most leads of a call."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that is no event, or that could not be mapped."""

    entry: bytes
    fields: Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Batch:
    """`forgotten`: leads from before their customer was forgotten; they are removed with their receipts."""

    groups: Sequence[CustomerBatch]
    unreadable: Sequence[Unreadable]
    forgotten: Sequence[Lead] = ()

    def forget(self) -> "Batch":
        """With the leads that the customers' tombstones cover among the `forgotten`."""
        forgotten: list[Lead] = []
        for group in self.groups:
            until_ms = group.loaded.forgotten_ms
            if group.leads[0].said_ms <= until_ms:
                forgotten += [lead for lead in group.leads if lead.said_ms <= until_ms]
                left = [lead for lead in group.leads if lead.said_ms > until_ms]
                group.loaded = structs.replace(group.loaded, leads=left)
        return replace(self, groups=[group for group in self.groups if group.leads], forgotten=forgotten)


StreamEntry = tuple[bytes, Mapping[bytes, bytes]]
"""The id and the fields of an entry of a Redis stream."""


def read_batch(entries: Sequence[StreamEntry], config: Config, portal: Portal, skip: Collection[str] = ()) -> Batch:
    """Every entry ends in a group or among the unreadable, except those of the customers in `skip`."""
    by_customer: dict[str, list[Lead]] = {}
    unreadable: list[Unreadable] = []
    for entry, fields in entries:
        lead = _read(entry, fields, config, portal)
        if lead is None:
            unreadable.append(Unreadable(entry, fields))
            continue
        customer_id = event.identity(lead.customer)
        if customer_id not in skip:
            by_customer.setdefault(customer_id, []).append(lead)
    groups = [
        CustomerBatch(Loaded(customer_id, sorted(leads, key=lambda lead: lead.version)))
        for customer_id, leads in by_customer.items()
    ]
    return Batch(groups, unreadable)


def _read(entry: bytes, fields: Mapping[bytes, bytes], config: Config, portal: Portal) -> Lead | None:
    try:
        parsed, version = event.read(fields[BODY]), version_of(entry, fields)
        is_lead = config.intent(parsed.intent).lead
        orders = config.orders is not None and makes_order(parsed, config.orders)
        mapped = map_event(parsed, version >> 16, config.crm, portal.options, lead=is_lead, orders=orders)
        return Lead(
            entry=entry,
            id=fields[LEAD].decode(),
            version=version,
            kind=fields.get(KIND, b"").decode(),
            tries=int(fields.get(TRIES, b"0")),
            customer=parsed.customer,
            intent=parsed.intent,
            mapped=portal.without_unsupported(_with_extras(mapped, parsed, config.properties)),
            fields=fields,
        )
    except Exception:  # any fault: the entry is parked for a person and must not hold up the others
        return None


def _with_extras(mapped: MappedEvent, parsed: event.Event, paths: Mapping[str, str]) -> MappedEvent:
    """Add the fields that the shop maps itself: dotted path in the payload -> HubSpot property."""
    if not paths:
        return mapped
    payload = parsed.payload
    extras = {property: _value(payload, path) for path, property in paths.items()}
    given = {property: value for property, value in extras.items() if value}
    return structs.replace(mapped, details={**mapped.details, **given}) if given else mapped


def _value(found: Any, path: str) -> str:
    for name in path.split("."):
        found = unwrap(found)
        if isinstance(found, list) and len(found) == 1:
            [found] = found
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, bool):
        return json.dumps(found)
    text = clean(found)
    return "" if says_nothing(text, is_name=True) else text
