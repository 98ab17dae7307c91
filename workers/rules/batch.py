"""Pure: rows of the inbox -> groups of leads, one per customer, each in the order of its versions."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from leadcore import event
from leadcore.config import Config
from leadcore.fields import BODY, KIND, LEAD, TRIES
from workers.rules.lead import CustomerBatch, Lead, version_of
from workers.rules.mapping.contact import facts
from workers.rules.mapping.facts import Facts
from workers.rules.portal import Portal


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that cannot be read as an event, or not be mapped."""

    entry: bytes
    fields: Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Batch:
    """`forgotten`: what was said before its customer was forgotten; it ends without a trace."""

    groups: list[CustomerBatch]
    unreadable: list[Unreadable]
    forgotten: list[Lead] = field(default_factory=list)

    def forget(self) -> None:
        """Set aside what the groups' tombstones cover."""
        for group in self.groups:
            self.forgotten.extend([lead for lead in group.leads if lead.said_ms <= group.forgotten_ms])
            group.leads = [lead for lead in group.leads if lead.said_ms > group.forgotten_ms]
        self.groups[:] = [group for group in self.groups if group.leads]


Row = tuple[bytes, Mapping[bytes, bytes]]


def read_batch(rows: Sequence[Row], config: Config, portal: Portal, leave: Collection[str] = ()) -> Batch:
    """Every row ends in a group or among the unreadable, but for those of the customers in `leave`."""
    by_customer: dict[str, list[Lead]] = {}
    unreadable: list[Unreadable] = []
    for entry, fields in rows:
        lead = _read(entry, fields, config, portal)
        if lead is None:
            unreadable.append(Unreadable(entry, fields))
            continue
        customer_id = event.identity(lead.customer)
        if customer_id not in leave:
            by_customer.setdefault(customer_id, []).append(lead)
    groups = [
        CustomerBatch(customer_id, sorted(leads, key=lambda lead: lead.version), "")
        for customer_id, leads in by_customer.items()
    ]
    return Batch(groups, unreadable)


def _read(entry: bytes, fields: Mapping[bytes, bytes], config: Config, portal: Portal) -> Lead | None:
    try:
        body = event.decode(fields[BODY])
        if event.unusable(body):
            return None
        said, version = event.parse(body), version_of(entry, fields)
        known = facts(said, version >> 16, config.crm, portal.choices, lead=config.intent(said.intent).lead)
        return Lead(
            entry=entry,
            lead=fields[LEAD].decode(),
            version=version,
            kind=fields.get(KIND, b"").decode(),
            tries=int(fields.get(TRIES, b"0")),
            customer=said.customer,
            intent=said.intent,
            facts=portal.limit(_with_extras(known, body, config.properties)),
            fields=fields,
        )
    except Exception:  # whatever it is, it is kept for a person and does not hold up the others
        return None


def _with_extras(known: Facts, body: Mapping[str, Any], paths: Mapping[str, str]) -> Facts:
    """The fields that the shop maps by itself: dotted path in the payload -> HubSpot property."""
    extras = {property: _value(body, path) for path, property in paths.items()}
    said = {property: value for property, value in extras.items() if value}
    return structs.replace(known, details={**known.details, **said}) if said else known


def _value(body: Any, path: str) -> str:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return json.dumps(body, ensure_ascii=False) if isinstance(body, bool) else event.text(body)
