"""Pure: what can be seen when the storm is over, and how it is told as evidence."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.expected import Merge, Post
from leadcore.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact in HubSpot. `history`: property -> (seconds since 1970, value) of each change."""

    id: str
    properties: Mapping[str, str]
    history: Mapping[str, Sequence[tuple[float, str]]]


@dataclass(frozen=True, slots=True)
class Order:
    """One order in HubSpot. `lines`: code -> count and price; `contacts`: ids of those it is linked to."""

    id: str
    customer_id: str
    lines: Mapping[str, str]
    contacts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Message:
    at: float
    customer_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """All that can be seen when the storm is over. `receipts` go by the lead's number, without those that do not exist;
    `cut_off`: messages that were being sent when something was killed; `left`: entries in the lines, None if they did
    not get empty in time; `real_429s`: those that the quota gave, not a fault; `merges`: in their order; `orders`: None
    where none are made."""

    posts: Sequence[Post]
    receipts: Mapping[int, Receipt]
    contacts: Sequence[Contact]
    messages: Sequence[Message]
    cut_off: int
    left: int
    recovery: float
    calls: int
    faulty: int
    real_429s: int
    kills: Mapping[str, int] = field(default_factory=dict)
    merges: Sequence[Merge] = ()
    orders: Sequence[Order] | None = None


def by_customer(posts: Iterable[Post]) -> dict[str, list[Post]]:
    """Each customer's posts in the order of their sending."""
    grouped: dict[str, list[Post]] = {}
    for post in posts:
        grouped.setdefault(post.lead.customer_id, []).append(post)
    return grouped


def describe(post: Post) -> dict[str, Any]:
    return {
        "number": post.lead.number,
        "mid": post.lead.body["mid"],
        "answer": post.answer,
        "status": post.status,
        "began": post.began,
        "ended": post.ended,
        "says": post.lead.says,
    }


def tell_case(found: Found, post: Post) -> dict[str, Any]:
    receipt = found.receipts.get(post.lead.number)
    return {"customer": post.lead.customer_id, **describe(post), "receipt": receipt and receipt.as_dict()}


def tell_history(posts: Sequence[Post], contact: Contact, receipts: Mapping[int, Receipt]) -> dict[str, Any]:
    shown = [
        {**describe(post), "receipt": (receipt := receipts.get(post.lead.number)) and receipt.as_dict()}
        for post in posts
    ]
    return {"posts": shown, "contact": contact.id, "has": contact.properties, "history": contact.history}


def tell_story(found: Found, posts: Sequence[Post], contact: Contact | None) -> dict[str, Any]:
    customer = posts[0].lead.customer_id if posts else ""
    theirs = [message for message in found.messages if message.customer_id == customer]
    cases = {"posts": [tell_case(found, post) for post in posts]}
    return {
        "customer": customer,
        "told": [{"at": message.at, "text": message.text} for message in theirs],
        **(tell_history(posts, contact, found.receipts) if contact else cases),
    }


def read_orders(orders: Iterable[Mapping[str, Any]], line_items: Iterable[Mapping[str, Any]]) -> list[Order]:
    """From what the stand-in's control API tells of them."""
    lines = {one["id"]: one["properties"] for one in line_items}
    found = []
    for one in orders:
        own = [lines[id] for id in one["associations"].get("line_items", ())]
        found.append(
            Order(
                id=one["id"],
                customer_id=json.loads(one["properties"]["dealdroid_customer_id"]),
                lines={line["hs_sku"]: f"{line['quantity']} x {line['price']}" for line in own},
                contacts=one["associations"].get("contacts", ()),
            )
        )
    return found
