"""Pure: what was promised, what was found, and the evidence where the two differ."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.chaos.expected import Post, allowed, find_first, find_people, wrong
from bench.chaos.found import Contact, Found, Message, Order, by_customer, describe, tell_case, tell_history, tell_story
from bench.chaos.script import CART, TOLD
from leadcore.receipts import WRITTEN

OPEN_MESSAGES = ("queued", "sending", "waiting")
# HubSpot's stand-in tells times in whole milliseconds.
ROUNDING = 0.002


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `broken` where it breaks a promise, and then `evidence` shows how."""

    name: str
    value: str
    broken: bool = False
    evidence: Sequence[Any] = ()


def judge(found: Found) -> list[Row]:
    """The table."""
    return [*_kept(found), *_contacts(found), *_orders(found), *_told(found), *_line(found)]


def _kept(found: Found) -> list[Row]:
    answers = Counter(post.answer for post in found.posts)
    refusals = [describe(post) for post in found.posts if post.status and post.answer != "acknowledged"]
    receipts = found.receipts
    acknowledged = [post for post in found.posts if post.answer == "acknowledged"]
    lost = [post for post in acknowledged if post.lead.number not in receipts]
    late = [p for p in acknowledged if p.lead.number in receipts and receipts[p.lead.number].state not in WRITTEN]
    slowest = max((post.ended - post.began for post in acknowledged), default=0.0)
    return [
        Row("acknowledged", f"{answers['acknowledged']} of {len(found.posts)}", not acknowledged),
        Row("without an answer", f"{answers['unanswered']}, and {answers['refused']} while nobody listened"),
        Row("answers other than 2xx", str(len(refusals)), bool(refusals), refusals),
        Row("slowest answer", f"{slowest:.2f} s"),
        Row("lost", str(len(lost)), bool(lost), [tell_case(found, post) for post in lost]),
        Row("not written", str(len(late)), bool(late), [tell_case(found, post) for post in late]),
    ]


def _contacts(found: Found) -> list[Row]:
    said = by_customer(found.posts)
    people = find_people(said, found.merges)
    # By what stands for each: all the customers of one person.
    posts: dict[frozenset[str], list[Post]] = {}
    for customer, theirs in said.items():
        posts.setdefault(people[customer], []).extend(theirs)
    contacts: dict[frozenset[str], list[Contact]] = {}
    for contact in found.contacts:
        key = contact.properties.get("dealdroid_customer_id", "")
        contacts.setdefault(people.get(key, frozenset({key})), []).append(contact)
    sure = {one for one, theirs in posts.items() if any(post.answer == "acknowledged" for post in theirs)}
    possible = {one for one, theirs in posts.items() if any(post.answer != "refused" for post in theirs)}
    missing = [sorted(one) for one in sure - contacts.keys()]
    surplus = [sorted(one) for one, theirs in contacts.items() if one not in possible or len(theirs) > 1]
    off = sorted([*missing, *surplus])
    differ = [
        {"customers": sorted(one), "blocks": blocks, **tell_history(posts[one], theirs[0], found.receipts)}
        for one, theirs in contacts.items()
        if one in posts and (blocks := wrong(posts[one], theirs[0].properties, found.merges))
    ]
    unlisted = [
        {"customer": customer, **tell_history(theirs, contacts[people[customer]][0], found.receipts)}
        for customer, theirs in said.items()
        if _must_be_listed(customer, theirs, found) and not _bears(contacts.get(people[customer], ()), customer)
    ]
    return [
        Row("contacts", f"{len(found.contacts)} for {len(sure)} people", bool(off), off),
        Row("wrong final values", str(len(differ)), bool(differ), differ),
        Row("merges", f"{len(found.merges)}, {len(unlisted)} customers not in the contact", bool(unlisted), unlisted),
    ]


def _orders(found: Found) -> list[Row]:
    """Nobody moved an order on, so each customer has one at most, with the lines of the newest cart."""
    if found.orders is None:
        return []
    said = {customer: theirs for customer, posts in by_customer(found.posts).items() if (theirs := _with_cart(posts))}
    orders: dict[str, list[Order]] = {}
    for order in found.orders:
        orders.setdefault(order.customer_id, []).append(order)
    sure = {one for one, posts in said.items() if any(post.answer == "acknowledged" for post in posts)}
    off = sorted(sure - orders.keys())
    off += [one for one, theirs in orders.items() if len(theirs) > 1 or one not in said]
    stories = [
        {"customer": one, "orders": orders.get(one), **tell_story(found, said.get(one, []), None)} for one in off
    ]
    differ = [
        {"customer": one, "order": theirs[0], **tell_story(found, said[one], None)}
        for one, theirs in orders.items()
        if one in said and theirs[0].lines not in allowed(said[one], CART)
    ]
    contacts = {contact.id for contact in found.contacts}
    unlinked = [order for order in found.orders if len(order.contacts) != 1 or not contacts.issuperset(order.contacts)]
    return [
        Row("orders", f"{len(found.orders)} for {len(sure)} customers", bool(off), stories),
        Row("wrong lines", str(len(differ)), bool(differ), differ),
        Row("orders without their contact", str(len(unlinked)), bool(unlinked), unlinked),
    ]


def _with_cart(posts: Sequence[Post]) -> list[Post]:
    return [post for post in posts if CART in post.lead.says and post.answer != "refused"]


def _must_be_listed(customer: str, posts: Sequence[Post], found: Found) -> bool:
    """Whether the customer was merged, and has said something new since: what only repeats their words costs no call,
    so that it finds no merge."""
    mine = find_people([customer], found.merges)[customer]
    last = max((merge.at for merge in found.merges if merge.primary in mine), default=None)
    if last is None:
        return False
    taken = [post for post in posts if post.answer != "refused"]
    first = find_first(taken)
    said: dict[str, Mapping[str, str]] = {}
    for post in taken:
        is_news = any(said.get(block) != values for block, values in post.lead.says.items())
        if post.answer == "acknowledged" and first[post.lead.body["mid"]] > last and is_news:
            return True
        said |= post.lead.says
    return False


def _bears(contacts: Sequence[Contact], customer: str) -> bool:
    return any(
        customer == one.properties.get("dealdroid_customer_id")
        or customer in one.properties.get("dealdroid_other_customer_ids", "").split("\n")
        for one in contacts
    )


def _told(found: Found) -> list[Row]:
    posts = by_customer(found.posts)
    told = Counter((message.customer_id, message.text) for message in found.messages)
    bearers = {contact.properties.get("dealdroid_customer_id", ""): contact for contact in found.contacts}
    people = find_people(posts, found.merges)
    contacts = {
        one: contact
        for one, theirs in people.items()
        for contact in [bearers[each] for each in theirs & bearers.keys()]
    }
    again = [
        {
            "customer": customer,
            "text": text,
            "times": times,
            **tell_story(found, posts[customer], contacts.get(customer)),
        }
        for (customer, text), times in told.items()
        if times > 1
    ]
    untrue = [
        {
            "text": message.text,
            "at": message.at,
            **tell_story(found, posts.get(message.customer_id, []), contacts.get(message.customer_id)),
        }
        for message in found.messages
        if not _is_true(message, posts.get(message.customer_id, []), contacts.get(message.customer_id))
    ]
    heard: dict[str, list[str]] = {}
    for message in found.messages:
        heard.setdefault(message.customer_id, []).append(message.text)
    untold = [
        tell_story(found, theirs, contacts.get(one))
        for one, theirs in posts.items()
        if one not in heard and any(post.answer == "acknowledged" for post in theirs)
    ]
    claimed = [
        tell_case(found, post)
        for post in found.posts
        if (receipt := found.receipts.get(post.lead.number))
        and (
            receipt.message in ("sent", "asked")
            and not any(_fits(text, post) for text in heard.get(post.lead.customer_id, ()))
        )
    ]
    unsettled = [
        tell_case(found, post)
        for post in found.posts
        if (receipt := found.receipts.get(post.lead.number)) and receipt.message.startswith(OPEN_MESSAGES)
    ]
    return [
        Row("messages", str(len(found.messages)), not found.messages),
        Row("messages repeated", str(len(again)), bool(again), again),
        Row("messages untrue", str(len(untrue)), bool(untrue), untrue),
        Row("said to be sent, but not", str(len(claimed)), bool(claimed), claimed),
        Row("messages without an end", str(len(unsettled)), bool(unsettled), unsettled),
        Row(
            "customers untold",
            f"{len(untold)}, {found.cut_off} messages were in flight at the kills",
            len(untold) > found.cut_off,
            untold,
        ),
    ]


def _is_true(message: Message, posts: Sequence[Post], contact: Contact | None) -> bool:
    """Whether one event said all of it, and HubSpot had all of it before the customer was told."""
    if contact is None or not any(_fits(message.text, post) for post in posts if post.answer != "refused"):
        return False
    return all(
        any(known == value and at <= message.at + ROUNDING for at, known in contact.history.get(name, ()))
        for name, value in zip(TOLD, message.text.split("|"), strict=True)
        if value
    )


def _fits(text: str, post: Post) -> bool:
    """Whether `text` holds nothing but what the event said; what was overtaken meanwhile may be left out."""
    parts, said = text.split("|"), post.lead.text.split("|")
    return len(parts) == len(said) and all(part in ("", known) for part, known in zip(parts, said, strict=True))


def _line(found: Found) -> list[Row]:
    share = found.faulty / max(found.calls, 1)
    kills = ", ".join(f"{times} x {name}" for name, times in sorted(found.kills.items()))
    return [
        Row("left in inbox and outbox", str(found.left), found.left > 0),
        Row("time to recover", f"{found.recovery:.1f} s"),
        Row("HubSpot calls", f"{found.calls}, {share:.0%} of them faulty"),
        Row("real 429s", str(found.real_429s), found.real_429s > 0),
        Row("killed", kills),
    ]


def show(rows: Sequence[Row]) -> str:
    width = max(len(row.name) for row in rows)
    return "\n".join(f"{'BROKEN' if row.broken else '':<6}  {row.name:<{width}}  {row.value}" for row in rows)
