"""What goes with a Redis that loses all, or whose place a replica takes that lags, since nothing else knows of it:
that breaks no promise, and nothing else is excused. See "Redis was emptied" in docs/architecture.md."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from bench.chaos.expected import Merge, Post, find_people, wrong
from bench.chaos.found import Contact, Message, Order
from bench.simulation.machine import BEGAN
from bench.simulation.scheduler import Process
from bench.simulation.stand_ins import LATENCIES, SLOWEST
from leadcore.fields import CUSTOMER
from leadcore.store import keys
from leadcore.store.streams import unpack_fields
from workers.rules.customer import unpack
from workers.rules.epoch import LIMIT_MS
from workers.sync.restore import SEARCH_LAG_MS

# So long after a loss a worker may still be about to tell what it remembers: a beat, and a command that takes long.
UNTOLD_SECONDS = 3.0
# So long a call takes at most to a HubSpot that is well.
CALL_SECONDS = SLOWEST * max(LATENCIES)


@dataclass
class Loss:
    """When it was, and Redis was `back` for good, in seconds since 1970 (0: it was not), and what went: `unsaid`: to
    whom messages waited in the outbox or were being sent, none of which is left; `forgotten`: the records of customers
    whose contact was known; `was_all`: also what tells that there was anything, so that HubSpot is searched; `sending`:
    the messages that are being sent by what is left, and may end as interrupted; `seen_by`: the workers that had seen
    the data. `key`: the digest key."""

    key: bytes = b""
    at: float = 0.0
    back: float = 0.0
    unsaid: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    sending: set[bytes] = field(default_factory=set)
    seen_by: set[str] = field(default_factory=set)
    was_all: bool = True

    def happen(self, client: Any, shards: int, at: float, back: float, lose: Callable[[], None]) -> None:
        """Let Redis `lose` data, and note which."""
        waiting, known = _find_waiting(client, shards), _find_known(client)
        self.seen_by = {name.decode() for name in client.hkeys(keys.ASSERTED)}
        lose()
        self.at, self.back, self.was_all = at, back, not client.exists(keys.STORE)
        self.unsaid = waiting - _find_waiting(client, shards)
        self.forgotten = known - _find_known(client)
        self.sending.update(*(client.hkeys(keys.sending(keys.OUTBOX, shard)) for shard in range(shards)))

    def has_forgotten(self, customer: str) -> bool:
        return keys.customer(keys.digest(self.key, customer)) in self.forgotten


def _find_waiting(client: Any, shards: int) -> set[str]:
    waiting: set[str] = set()
    for shard in range(shards):
        packed = client.zrange(keys.later(keys.OUTBOX, shard), 0, -1)
        packed += client.hvals(keys.sending(keys.OUTBOX, shard))
        queued = [fields for _, fields in client.xrange(keys.entries(keys.OUTBOX, shard))]
        waiting.update(json.loads(fields[CUSTOMER])["id"] for fields in [*queued, *map(unpack_fields, packed)])
    return waiting


def _find_known(client: Any) -> set[str]:
    names = client.keys(keys.customer("*"))
    records = client.mget(names) if names else []
    return {name.decode() for name, record in zip(names, records, strict=True) if unpack(record).known}


def find_unsaid(loss: Loss, told: Collection[str], merges: Sequence[Merge]) -> set[str]:
    """Who is not told because the message had not left the outbox: the lead comes again from the receivers' memory,
    but it is only said once more if it is still news, and of a merged contact another customer has said something
    newer."""
    unsaid = loss.unsaid.difference(told)
    people = find_people(unsaid, merges)
    return {one for one in unsaid if len(people[one]) > 1}


def find_parted(
    loss: Loss,
    merges: Sequence[Merge],
    contacts: Sequence[Contact],
    search_lag: float,
    settled: Mapping[str, Collection[float]],
) -> dict[Merge, tuple[Contact, Contact]]:
    """The merges of which nothing could tell a customer who spoke after the loss: Redis forgot whose the contact was,
    search, where it was asked, did not show the merge, and the other customer speaks before Redis knows again of a word
    to the contact; HubSpot may have it before. With the contact that the merge left, and that of the other customer's
    own. `settled`: a contact's id -> when Redis was told of words to it, in seconds since 1970."""
    bearers = {contact.properties.get("dealdroid_customer_id", ""): contact for contact in contacts}
    parted = {}
    for number, merge in enumerate(merges):
        left = bearers.get(_find_bearer(merge.primary, merges[number:]))
        own = bearers.get(_find_bearer(merge.other, [one for one in merges if one.at > loss.at]))
        if (
            _is_hidden(merge, merges, loss, search_lag)
            and left
            and own
            and left.id != own.id
            and _is_in_time(loss, _find_birth(own, merge.other), settled.get(left.id, ()))
        ):
            parted[merge] = left, own
    return parted


def _find_bearer(customer: str, merges: Sequence[Merge]) -> str:
    """Whose id the contact bears in which the customer's is left after these merges."""
    for merge in merges:
        customer = merge.primary if merge.other == customer else customer
    return customer


def find_rejoined(loss: Loss, merges: Sequence[Merge], search_lag: float) -> set[str]:
    """Who may have had a contact of their own after the loss, as those of `find_parted`, and it was merged with the
    others' again."""
    hidden = [merge.other for merge in merges if _is_hidden(merge, merges, loss, search_lag)]
    again = find_people(hidden, [merge for merge in merges if merge.at > loss.at])
    return {one for one in hidden if len(again[one]) > 1}


def _is_hidden(merge: Merge, merges: Sequence[Merge], loss: Loss, search_lag: float) -> bool:
    """Whether neither Redis nor search could tell of the merge after the loss."""
    is_young = merge.at <= loss.at and (not loss.was_all or loss.at < _find_last(merge, merges, loss) + search_lag)
    return is_young and loss.has_forgotten(merge.other)


def _find_last(merge: Merge, merges: Sequence[Merge], loss: Loss) -> float:
    """When the contact of the merge was made: each further one makes it anew."""
    before = [one for one in merges if one.at <= loss.at]
    people = find_people([merge.other], before)[merge.other]
    return max(one.at for one in before if one.other in people)


def find_known(merges: Sequence[Merge], parted: Collection[Merge]) -> list[Merge]:
    """What `merges` are without those that are `parted`. Who was merged into such a customer's contact before is left
    with the primary one."""
    known: list[Merge] = []
    for merge in merges:
        away = next((one for one in parted if one.other == merge.primary and merge.at <= one.at), None)
        if merge not in parted:
            known.append(Merge(away.at, away.primary, merge.other) if away else merge)
    return known


def _is_in_time(loss: Loss, born: float, settled: Collection[float]) -> bool:
    """The call that makes the contact may have been on its way when Redis was told."""
    told = min((at for at in settled if at > loss.at), default=inf) + CALL_SECONDS
    return loss.at < born <= min(loss.at + SEARCH_LAG_MS / 1000, told)


def _find_birth(contact: Contact, customer: str) -> float:
    """When the contact of the customer's own was made: one that was there before may have been merged with it since."""
    return min((at for at, value in contact.history["dealdroid_customer_id"] if value == customer), default=0.0)


def join(
    contacts: Sequence[Contact],
    parted: Mapping[Merge, tuple[Contact, Contact]],
    posts: Sequence[Post],
    merges: Sequence[Merge],
) -> list[Contact]:
    """The contacts, where those of `parted` customers' own had before what the merged one had until then: that is what
    these customers were told. An email that the merged contact has HubSpot lets no other have. And in the merged one
    what it had before the words that these customers said until then, where they are its last. `merges`: what
    `find_known` leaves."""
    people = find_people({post.lead.customer_id for post in posts}, merges)

    def find_wrong(contact: Contact) -> list[str]:
        bearer = contact.properties["dealdroid_customer_id"]
        return wrong([post for post in posts if bearer in people[post.lead.customer_id]], contact.properties, merges)

    merged = {own.id: (merge.other, left) for merge, (left, own) in parted.items()}
    joined = [_join(one, *merged[one.id], posts, find_wrong(one)) if one.id in merged else one for one in contacts]
    for merge, (left, own) in parted.items():
        born = _find_birth(own, merge.other)
        theirs = [post for post in posts if post.lead.customer_id == merge.other and post.began < born]
        joined = [_take_away(one, theirs, merge.at, find_wrong(left)) if one.id == left.id else one for one in joined]
    return joined


def _take_away(contact: Contact, posts: Sequence[Post], since: float, blocks: Collection[str]) -> Contact:
    """The contact without the words of `posts` that were written there `since` and are the last of these `blocks`."""
    properties = dict(contact.properties)
    for block in blocks:
        theirs = [post.lead.says[block] for post in posts if block in post.lead.says]
        past = {name: contact.history.get(name, ()) for said in theirs for name in said}
        came = max((each[-1][0] for each in past.values() if each), default=0.0)
        has = {name: properties.get(name, "") for name in past}
        if came > since and any(each.items() <= has.items() for each in theirs):
            for name, each in past.items():
                properties[name] = next((value for at, value in reversed(each) if at < came), "")
    return replace(contact, properties=properties)


def _join(own: Contact, customer: str, left: Contact, posts: Sequence[Post], off: Collection[str]) -> Contact:
    """`off`: the blocks in which the contact has what it may not."""
    born = _find_birth(own, customer)
    past = {name: [each for each in left.history.get(name, ()) if each[0] < born] for name in left.history}
    history = {name: [*past.get(name, ()), *own.history.get(name, ())] for name in {*past, *own.history}}
    theirs = [post for post in posts if post.lead.customer_id == customer and "email" in post.lead.says]
    last = theirs[-1].lead.says["email"] if theirs else {}
    is_taken = "email" in off and any(value == last.get("email") for _, value in past.get("email", ()))
    return replace(own, properties={**own.properties, **last} if is_taken else own.properties, history=history)


def unlink(orders: Sequence[Order], parted: Mapping[Merge, tuple[Contact, Contact]]) -> list[Order]:
    """The orders, where those of `parted` customers are not linked with the merged contact too."""
    both = {merge.other: (left.id, own.id) for merge, (left, own) in parted.items()}
    return [
        replace(one, contacts=[both[one.customer_id][1]])
        if one.customer_id in both and set(one.contacts) == {*both[one.customer_id]}
        else one
        for one in orders
    ]


def drop_repeats(
    loss: Loss, messages: Sequence[Message], senders: Sequence[Process], workers: Sequence[Process]
) -> list[Message]:
    """The messages without those that were sent once more because nobody told Redis in time that they were sent before
    the loss, or claimed before: who had sent, or somebody who may remember for a dead one, stood still for longer than
    anybody waits, or nobody is left who does. `workers`: those that were not killed."""
    seconds, back = loss.at - BEGAN, loss.back - BEGAN
    first: dict[tuple[str, str], Process] = {}
    kept: list[Message] = []
    heirs = [one for one in workers if not loss.was_all or one.name in loss.seen_by]
    for message, sender in zip(messages, senders, strict=True):
        said = message.customer_id, message.text
        if message.at <= loss.at or (said not in first and message.at <= loss.at + CALL_SECONDS):
            first[said] = sender
            kept.append(message)
            continue
        # Once, and not once more.
        before = first.pop(said, None)
        tellers = [before] if before and before in workers else heirs
        untold = not tellers or any(_stood_still(one, seconds, back) for one in tellers)
        if before is None or not untold:
            kept.append(message)
    return kept


def _stood_still(process: Process, since: float, back: float) -> bool:
    """Whether it did before it could tell what was lost `since`, for longer than anybody waits."""
    return any(
        began <= back + UNTOLD_SECONDS and until >= since + LIMIT_MS / 1000 for began, until in process.stood_still
    )
