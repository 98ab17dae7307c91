"""What goes with a Redis that loses all, since nothing else knows of it: that breaks no promise, and nothing else is
excused. See "Redis was emptied" in docs/architecture.md."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.expected import Merge, find_people
from bench.chaos.found import Contact
from leadcore.fields import CUSTOMER
from leadcore.store import keys
from leadcore.store.streams import unpack_fields
from workers.sync.restore import SEARCH_LAG_MS


@dataclass
class Loss:
    """When it was, in seconds since 1970 (0: it was not), and to whom messages waited in the outbox then."""

    at: float = 0.0
    unsaid: set[str] = field(default_factory=set)

    def look(self, client: Any, shards: int, at: float) -> None:
        """Note what is about to be lost."""
        self.at = at
        for shard in range(shards):
            packed = client.zrange(keys.later(keys.OUTBOX, shard), 0, -1)
            waiting = [fields for _, fields in client.xrange(keys.entries(keys.OUTBOX, shard))]
            self.unsaid.update(json.loads(fields[CUSTOMER])["id"] for fields in [*waiting, *map(unpack_fields, packed)])


def find_unsaid(loss: Loss, told: Collection[str], merges: Sequence[Merge]) -> set[str]:
    """Who is not told because the message waited in the outbox: the lead comes again from the receivers' memory, but it
    is only said once more if it is still news, and of a merged contact another customer has said something newer."""
    unsaid = loss.unsaid.difference(told)
    people = find_people(unsaid, merges)
    return {one for one in unsaid if len(people[one]) > 1}


def find_known(loss: Loss, merges: Sequence[Merge], contacts: Sequence[Contact], search_lag: float) -> list[Merge]:
    """`merges` without those of which nothing could tell a customer who spoke right after the loss: search did not show
    it, nobody had spoken since, and the other customer speaks before the first word of the primary one's is written."""
    bearers = {contact.properties.get("dealdroid_customer_id", ""): contact for contact in contacts}
    known = []
    for merge in merges:
        left, own = bearers.get(merge.primary), bearers.get(merge.other)
        is_hidden = merge.at <= loss.at < merge.at + search_lag
        if not (is_hidden and left and own and _is_in_time(loss, left, own, merge.other)):
            known.append(merge)
    return known


def _is_in_time(loss: Loss, left: Contact, own: Contact, customer: str) -> bool:
    born = min(at for past in own.history.values() for at, _ in past)
    listed = [at for at, ids in left.history.get("dealdroid_other_customer_ids", ()) if customer in ids.split("\n")]
    written = [at for past in left.history.values() for at, _ in past if at > loss.at]
    return loss.at < born <= min([loss.at + SEARCH_LAG_MS / 1000, *listed, *written])
