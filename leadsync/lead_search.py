"""Which leads are meant: by filter, by the beginning of an id, by customer; and those that change."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from leadcore.config import matches
from leadcore.receipts import Receipt
from leadcore.store.connection import Redis
from leadcore.store.leads import read_after, read_newest, read_receipts
from leadcore.store.parked import Parked

CHUNK = 500
MOST = 100
"""How many leads one name may find."""
SHORTEST_BEGINNING = 6
"""What is shorter may be a customer's id, and leads that nobody meant begin so."""
WATCHED = 500
"""How many of the newest leads are looked at for changes."""
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """`customer`: an id; `intent`: a name, in which * stands for anything; `since_ms`: when a lead came at
    the earliest; "" and 0 match any."""

    state: str = ""
    customer: str = ""
    intent: str = ""
    since_ms: int = 0

    def matches(self, receipt: Receipt) -> bool:
        return (
            self.state in ("", receipt.state)
            and self.customer in ("", receipt.customer_id)
            and (receipt.received_ms or 0) >= self.since_ms
            and (not self.intent or matches([self.intent], receipt.intent))
        )


def parse_since(text: str, now: datetime, timezone: ZoneInfo) -> int:
    """The moment, in ms since 1970, that `text` names: "90m", "2h" or "3d" before `now`, or a date with or without a
    time, in `timezone` unless it says another. Raises `ValueError`."""
    ago = re.fullmatch(r"([0-9]{1,6})([mhd])", text.strip())
    if ago:
        moment = now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    else:
        moment = datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone)
    return int(moment.timestamp() * 1000)


def find_newest(redis: Redis, limit: int, lead_filter: LeadFilter) -> list[Receipt]:
    """The newest `limit` receipts that match, newest first; expired ones are left out. Raises redis-py's errors."""
    found: dict[str, Receipt] = {}
    for row_ms, receipt in _each(redis, CHUNK if lead_filter != LeadFilter() else min(limit, CHUNK)):
        # No lead stands in the index before it came.
        if row_ms < lead_filter.since_ms:
            break
        if lead_filter.matches(receipt):
            found.setdefault(receipt.lead, receipt)
        if len(found) == limit:
            break
    return list(found.values())


def find_named(redis: Redis, name: str, track: Callable[[Iterable[Receipt]], Iterable[Receipt]]) -> list[Receipt]:
    """The lead with the id `name`; if there is none, those whose id begins so and those of the customer with this id,
    newest first, `MOST` at most. `track` shows how far a search of all leads is. Raises redis-py's errors."""
    [exact] = read_receipts(redis, [name])
    if exact:
        return [exact]
    found: dict[str, Receipt] = {}
    for receipt in track(receipt for _, receipt in _each(redis, CHUNK)):
        if receipt.lead.startswith(name) or receipt.customer_id == name:
            found.setdefault(receipt.lead, receipt)
        if len(found) == MOST:
            break
    return list(found.values())


def find_waiting(store: Parked, names: Sequence[str]) -> dict[str, list[Receipt]]:
    """Each name -> the lead with this id, whether it waits or not; if there is none, of those that wait for a person or
    were held back the ones of the customer with this id; if there is none either, those whose id begins so, if the name
    is long enough to be meant as a beginning. Raises redis-py's errors."""
    exact = {one.lead: [one] for one in read_receipts(store.redis, names) if one}
    if all(name in exact for name in names):
        return exact
    held = store.held()
    receipts = [*store.receipts(), *filter(None, read_receipts(store.redis, held))]
    waiting = {**{lead: Receipt(lead) for lead in held}, **{one.lead: one for one in receipts}}
    exact.update((name, [waiting[name]]) for name in names if name in waiting)
    return {
        name: exact.get(name)
        or [one for one in waiting.values() if name and one.customer_id == name]
        or [one for one in waiting.values() if len(name) >= SHORTEST_BEGINNING and one.lead.startswith(name)]
        for name in names
    }


def _each(redis: Redis, chunk: int) -> Iterator[tuple[int, Receipt]]:
    """Every lead that has a receipt, newest first, with when it came into the index in ms."""
    before = ""
    while rows := read_newest(redis, chunk, before):
        receipts = read_receipts(redis, (lead for _, lead in rows))
        for (row, _), receipt in zip(rows, receipts, strict=True):
            if receipt:
                yield int(row.partition("-")[0]), receipt
        before = rows[-1][0]


class LeadWatch:
    """New leads, and changes of the newest `WATCHED`, from now on. Raises redis-py's errors."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        rows = read_newest(redis, WATCHED)
        self._after = rows[0][0] if rows else "0-0"
        leads = [lead for _, lead in reversed(rows)]
        self._known: dict[str, Receipt | None] = dict(zip(leads, read_receipts(redis, leads), strict=True))

    def poll(self) -> list[Receipt]:
        """The leads that came or changed since the last call, as they are now, the older first."""
        while rows := read_after(self._redis, CHUNK, self._after):
            self._after = rows[-1][0]
            for _, lead in rows:
                self._known.setdefault(lead, None)
        now = dict(zip(self._known, read_receipts(self._redis, self._known), strict=True))
        changed = [receipt for lead, receipt in now.items() if receipt and receipt != self._known[lead]]
        self._known = dict(list(now.items())[-WATCHED:])
        return changed
