"""The console's reads from Redis. Each is bounded, whatever Redis holds, and raises redis-py's errors."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from leadcore.fields import ACTION_COMMAND, ACTION_LEAD, ACTION_USER
from leadcore.receipts import CREATED, DISCARDED, PARKED, UNSENT_STATES, UPDATED, Receipt
from leadcore.store import keys, lines
from leadcore.store.connection import Redis
from leadcore.store.leads import read_after, read_newest, read_receipts
from leadcore.store.parked import as_kept

PAGE = 25
# How many leads one request scans, and how many per round trip.
SCAN_LIMIT, CHUNK = 2_000, 250
# Leads that can begin to need a person in one millisecond.
MOST_OF_ONE_TIME = 10_000
# Actions that are searched for those on one lead.
ACTIONS_READ = 1_000
# How much later than it was received a lead is listed as a rule. One that waited on a disk is listed whenever Redis
# was back, so the rows after that are read last.
LISTED_MS = 3_600_000
_CURSOR = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")


def _lacks_email(receipt: Receipt) -> bool:
    return receipt.state == CREATED and "email" not in receipt.fields


def _is_unsent(receipt: Receipt) -> bool:
    return receipt.message.partition(":")[0] in (*UNSENT_STATES, DISCARDED)


def _is_confirmed(receipt: Receipt) -> bool:
    return receipt.message == "sent"


STATES_OF: Mapping[str, tuple[str, ...]] = {"written": (CREATED, UPDATED)}
# Whether a contact has an email is known only where a lead created it.
ONLY: Mapping[str, Callable[[Receipt], bool]] = {
    "no_email": _lacks_email,
    "unsent": _is_unsent,
    "confirmed": _is_confirmed,
}


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """`text`: a lead's or a contact's id, or part of a customer's; `state`: a receipt's state, or "written" for those
    that changed a contact; `intent`: its whole name; `only`: one of `ONLY`; "" matches any. `since_ms`, `until_ms`:
    when it was received, None for no limit, the latter excluded."""

    text: str = ""
    state: str = ""
    intent: str = ""
    only: str = ""
    since_ms: int | None = None
    until_ms: int | None = None

    def __bool__(self) -> bool:
        return self != LeadFilter()

    def matches(self, receipt: Receipt) -> bool:
        text, received = self.text.casefold(), receipt.received_ms or 0
        return (
            (not self.state or receipt.state in STATES_OF.get(self.state, (self.state,)))
            and (text in receipt.customer_id.casefold() or self.text in (receipt.contact_id, receipt.lead))
            and self.intent.casefold() in ("", receipt.intent.casefold())
            and (not self.only or ONLY[self.only](receipt))
            and (self.since_ms is None or received >= self.since_ms)
            and (self.until_ms is None or received < self.until_ms)
        )


@dataclass(frozen=True, slots=True)
class LeadPage:
    """`cursor`: where the next page starts, "" at the end; `scanned`: how many leads were read for this one."""

    receipts: tuple[Receipt, ...]
    cursor: str = ""
    scanned: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of the action log: `command` to `lead` ("" if to no single one) at `at_ms`."""

    at_ms: int
    command: str
    lead: str
    user: str


def find_leads(redis: Redis, lead_filter: LeadFilter, cursor: str = "", count: int = PAGE) -> LeadPage:
    """The `count` newest leads before `cursor` that match, newest first. Those that need a person are the ones that are
    counted so, from the last that began to."""
    if lead_filter.state == PARKED:
        return _find_waiting_for_person(redis, lead_filter, cursor, count)
    if lead_filter.text and not cursor:
        exact = load_receipts(redis, [lead_filter.text])
        if exact:
            return LeadPage(tuple(one for one in exact if lead_filter.matches(one)), scanned=1)
    found: dict[str, Receipt] = {}
    scanned, chunk = 0, CHUNK if lead_filter else count
    at = cursor if _is_cursor(cursor) else ""
    late = ""
    if lead_filter.until_ms is not None:
        # An id that no row has: the older rows are read from it downwards, then the newer ones upwards.
        late = f"{lead_filter.until_ms + LISTED_MS - 1}-{2**64 - 1}"
        if at and _parts(at) >= _parts(late):
            return _find_late(redis, lead_filter, at, count)
        at = at or late
    while scanned < SCAN_LIMIT:
        rows = read_newest(redis, chunk, at)
        by_lead = {one.lead: one for one in load_receipts(redis, [lead for _, lead in rows])}
        for at, lead in rows:
            if lead_filter.since_ms is not None and int(at.partition("-")[0]) < lead_filter.since_ms:
                return LeadPage(tuple(found.values()), _if_rows_after(redis, late), scanned)
            scanned += 1
            if lead in by_lead and lead_filter.matches(by_lead[lead]):
                found.setdefault(lead, by_lead[lead])
            if len(found) == count:
                is_end = len(rows) < chunk and at == rows[-1][0]
                return LeadPage(tuple(found.values()), _if_rows_after(redis, late) if is_end else at, scanned)
        if len(rows) < chunk:
            return LeadPage(tuple(found.values()), _if_rows_after(redis, late), scanned)
    return LeadPage(tuple(found.values()), at, scanned)


def _find_late(redis: Redis, lead_filter: LeadFilter, at: str, count: int) -> LeadPage:
    """The leads that were listed after the row `at` and match, the one listed first first."""
    found: dict[str, Receipt] = {}
    scanned = 0
    while scanned < SCAN_LIMIT and (rows := read_after(redis, CHUNK, at)):
        by_lead = {one.lead: one for one in load_receipts(redis, [lead for _, lead in rows])}
        for at, lead in rows:
            scanned += 1
            if lead in by_lead and lead_filter.matches(by_lead[lead]):
                found.setdefault(lead, by_lead[lead])
            if len(found) == count:
                return LeadPage(tuple(found.values()), _if_rows_after(redis, at), scanned)
    return LeadPage(tuple(found.values()), _if_rows_after(redis, at), scanned)


def _if_rows_after(redis: Redis, at: str) -> str:
    return at if at and read_after(redis, 1, at) else ""


def _parts(row_id: str) -> tuple[int, int]:
    ms, _, number = row_id.partition("-")
    return int(ms), int(number)


def _find_waiting_for_person(redis: Redis, lead_filter: LeadFilter, cursor: str, count: int) -> LeadPage:
    """The leads of all indexes of what waits for a person. A cursor is a time, and how many leads of exactly
    that time were scanned."""
    by_text = replace(lead_filter, state="")
    found: dict[str, Receipt] = {}
    scanned = 0
    rows = _read_waiting(redis, cursor)
    while rows and scanned < SCAN_LIMIT and len(found) < count:
        for (lead, at_ms), receipt in zip(rows, read_receipts(redis, [lead for lead, _ in rows]), strict=True):
            scanned += 1
            cursor = _next_cursor(cursor, at_ms)
            known = receipt or Receipt(lead, state=PARKED)
            if by_text.matches(known):
                found.setdefault(lead, known)
            if len(found) == count:
                break
        rows = _read_waiting(redis, cursor)
    return LeadPage(tuple(found.values()), cursor if rows else "", scanned)


def _read_waiting(redis: Redis, cursor: str) -> list[tuple[str, int]]:
    """The next (lead, since when it waits for a person in ms) after `cursor`, newest first."""
    at_ms, skip = _parse_cursor(cursor)
    pipe = redis.pipeline(transaction=False)
    for _, kept in lines.each_kept():
        if kept.for_person:
            upper = "+inf" if at_ms is None else at_ms
            pipe.zrevrangebyscore(kept.index, upper, "-inf", 0, CHUNK + skip, withscores=True)
    rows = sorted((-int(at), lead.decode()) for part in pipe.execute() for lead, at in part)
    return [(lead, -at) for at, lead in rows[skip : skip + CHUNK]]


def _next_cursor(cursor: str, at_ms: int) -> str:
    before_ms, skip = _parse_cursor(cursor)
    return f"{at_ms}-{skip + 1 if at_ms == before_ms else 1}"


def _is_cursor(text: str) -> bool:
    """Whether a Redis Stream could have a row of this id, which is two numbers of 64 bits."""
    return bool(_CURSOR.fullmatch(text)) and all(int(part) < 2**64 for part in text.split("-"))


def _parse_cursor(cursor: str) -> tuple[int | None, int]:
    if not _is_cursor(cursor):
        return None, 0
    at_ms, _, skip = cursor.partition("-")
    return int(at_ms), min(int(skip), MOST_OF_ONE_TIME)


def load_receipts(redis: Redis, leads: Sequence[str]) -> list[Receipt]:
    """The receipts of `leads` that have not expired, in one round trip."""
    return [one for one in read_receipts(redis, leads) if one]


def read_waiting_nouns(redis: Redis, leads: Sequence[str], only: Collection[str]) -> list[str]:
    """What of `leads` waits for a person ("leads", "messages" ...), as far as the first 1,000 tell; `only`: as for
    `Parked.discard`. If leads themselves wait, nothing else is given up with them."""
    every_kept = [(line, kept) for line, kept in lines.each_kept() if kept.name in only]
    if not leads or not every_kept:
        return []
    pipe = redis.pipeline(transaction=False)
    for _, kept in every_kept:
        pipe.zmscore(kept.index, leads[:1_000])
    waits = [one for one, since in zip(every_kept, pipe.execute(), strict=True) if set(since) != {None}]
    alone = [line.noun for line, kept in waits if kept.state]
    return alone[:1] or [line.noun for line, _ in waits]


def read_parked(redis: Redis, receipt: Receipt) -> tuple[Receipt, int] | None:
    """If the lead, parked or held, or its message waits for a person: its receipt with the reason for that, and since
    when in ms."""
    pipe = redis.pipeline(transaction=False)
    every_kept = [kept for _, kept in lines.each_kept()]
    for kept in every_kept:
        pipe.zscore(kept.index, receipt.lead)
    waits = [(kept, int(at)) for kept, at in zip(every_kept, pipe.execute(), strict=True) if at is not None]
    # If the lead itself waits, its message is not what it waits for.
    for kept, at_ms in sorted(waits, key=lambda one: not one[0].state):
        return as_kept(receipt, kept), at_ms
    return None


def read_actions(redis: Redis, count: int) -> list[Action]:
    """The last `count` actions, newest first."""
    return [_parse_action(entry, fields) for entry, fields in redis.xrevrange(keys.ACTIONS, count=count)]


def read_actions_on(redis: Redis, lead: str, since_ms: int | None) -> dict[str, Action]:
    """The command -> the last action with it on the lead, among the newest `ACTIONS_READ` actions since it came."""
    rows = redis.xrevrange(keys.ACTIONS, min=since_ms or "-", count=ACTIONS_READ)
    found: dict[str, Action] = {}
    for entry, fields in rows:
        if fields.get(ACTION_LEAD) == lead.encode():
            action = _parse_action(entry, fields)
            found.setdefault(action.command, action)
    return found


def _parse_action(entry: bytes, fields: dict[bytes, bytes]) -> Action:
    names = (ACTION_COMMAND, ACTION_LEAD, ACTION_USER)
    command, lead, user = (fields.get(name, b"").decode("utf-8", "replace") for name in names)
    return Action(int(entry.partition(b"-")[0]), command, lead, user)
