"""Pure: what becomes of the orders of a customer who is to be forgotten. Accounts have to be kept, so a paid order
stays, without the person."""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress

from workers.rules.orders.plan import UNPAID
from workers.rules.orders.portal import CANCELLED, Stage
from workers.rules.orders.property_names import CUSTOMER, NAMES, ORDER_ID
from workers.rules.orders.said import DETAILS
from workers.rules.orders.texts import fold

PERSONAL = (*(name for name in DETAILS if name != "payment_method"), "note", "customer")
"""What an order says of the person, by our own names."""
_DELIVERED = frozenset({"delivered", "จัดส่งสำเร็จ", "ส่งสำเร็จ", "ส่งถึงแล้ว"})
_LOST = frozenset({*CANCELLED, "closed lost", "closedlost"})


def name_customer(customer_id: str) -> list[str]:
    """How `CUSTOMER` names the customer, whose id is known as text: 7 and "7" are the same to us."""
    names = [json.dumps(customer_id)]
    with suppress(ValueError):
        if isinstance(json.loads(customer_id), int | float):
            names.append(customer_id)
    return names


def read_properties(kind: str) -> list[str]:
    """HubSpot's names of what decides."""
    names = NAMES[kind]
    return [ORDER_ID, CUSTOMER, *(names[name] for name in ("stage", "payment_status") if name in names)]


def is_paid(order: Mapping[str, str], kind: str, stages: Mapping[str, Stage]) -> bool:
    """Whether the order was paid, as far as HubSpot says: by its payment (one under way counts), or because it was
    delivered (cash on delivery) or came to another end than a cancelled or lost one."""
    names = NAMES[kind]
    payment = order.get(names.get("payment_status", ""), "") or ""
    if payment.casefold() not in UNPAID:
        return True
    stage = stages.get(order.get(names.get("stage", ""), "") or "")
    label = fold(stage.label) if stage else ""
    return label in _DELIVERED or (stage is not None and stage.closed and label not in _LOST)


def blank(order: Mapping[str, str], kind: str, writable: Collection[str]) -> dict[str, str]:
    """The values that leave nothing of the person on a paid order; its name becomes its reference."""
    names = NAMES[kind]
    values = {names[name]: "" for name in PERSONAL if name in names}
    values[names["name"]] = order.get(ORDER_ID) or order["id"]
    return {name: value for name, value in values.items() if name in writable}
