"""What the console reads from Redis. Every function is bounded, whatever Redis holds, and raises redis-py's errors."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leadcore.fields import ACTION_COMMAND, ACTION_LEAD, ACTION_USER
from leadcore.receipts import Receipt
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.leads import read_newest, read_receipts
from leadcore.store.unsent import as_parked

PAGE = 25
# How many leads one request looks at, and how many at a time.
LOOKED, CHUNK = 2_000, 250
_CURSOR = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")
_DOMAIN = re.compile(r"app(-[a-z0-9]+)?\.hubspot\.com")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`text`: a lead's or a contact's id, or part of a customer's; `state`: a receipt's state; "" is any."""

    text: str = ""
    state: str = ""

    def __bool__(self) -> bool:
        return bool(self.text or self.state)

    def fits(self, receipt: Receipt) -> bool:
        text = self.text.casefold()
        return self.state in ("", receipt.state) and (
            text in receipt.customer_id.casefold() or self.text in (receipt.contact_id, receipt.lead)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """`cursor`: where older leads go on, "" at the end; `looked`: how many were looked at for this."""

    receipts: tuple[Receipt, ...]
    cursor: str = ""
    looked: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody did: `command` to `lead` ("" where it was to no single one) at `at_ms`."""

    at_ms: int
    command: str
    lead: str
    user: str


def find_leads(redis: Redis, wanted: Wanted, cursor: str = "", count: int = PAGE) -> Found:
    """The newest leads that fit, newest first, of those before `cursor`."""
    if wanted.text and not cursor:
        known = load(redis, [wanted.text])
        if known:
            return Found(tuple(one for one in known if wanted.fits(one)), looked=1)
    found: dict[str, Receipt] = {}
    looked, chunk = 0, CHUNK if wanted else count
    at = cursor if _CURSOR.fullmatch(cursor) else ""
    while looked < LOOKED:
        rows = read_newest(redis, chunk, at)
        by_lead = {one.lead: one for one in load(redis, [lead for _, lead in rows])}
        for at, lead in rows:
            looked += 1
            if lead in by_lead and wanted.fits(by_lead[lead]):
                found.setdefault(lead, by_lead[lead])
            if len(found) == count:
                end = len(rows) < chunk and at == rows[-1][0]
                return Found(tuple(found.values()), "" if end else at, looked)
        if len(rows) < chunk:
            return Found(tuple(found.values()), "", looked)
    return Found(tuple(found.values()), at, looked)


def load(redis: Redis, leads: Sequence[str]) -> list[Receipt]:
    """The receipts of `leads` that have not expired, in one round trip."""
    return [one for one in read_receipts(redis, leads) if one]


def read_wait(redis: Redis, receipt: Receipt) -> tuple[Receipt, int] | None:
    """If the lead waits for a person: its receipt with the reason for that, and since when in ms."""
    pipe = redis.pipeline(transaction=False)
    pipe.zscore(keys.PARKED, receipt.lead)
    pipe.zscore(keys.UNSENT, receipt.lead)
    parked, unsent = pipe.execute()
    if parked is not None:
        return receipt, int(parked)
    return None if unsent is None else (as_parked(receipt), int(unsent))


def read_actions(redis: Redis, count: int) -> list[Action]:
    """The last actions, newest first."""
    return [_action(entry, fields) for entry, fields in redis.xrevrange(keys.ACTIONS, count=count)]


def _action(entry: bytes, fields: dict[bytes, bytes]) -> Action:
    names = (ACTION_COMMAND, ACTION_LEAD, ACTION_USER)
    command, lead, user = (fields.get(name, b"").decode("utf-8", "replace") for name in names)
    return Action(int(entry.partition(b"-")[0]), command, lead, user)


@dataclass(frozen=True, slots=True)
class Crm:
    """Where the portal's contacts are looked at, "" if no worker has learnt it yet."""

    base: str = ""

    def link(self, contact_id: str) -> str:
        """The address of a contact's page, "" if it is not known."""
        return f"{self.base}/record/0-1/{contact_id}" if self.base and contact_id.isdecimal() else ""


def read_crm(redis: Redis) -> Crm:
    """What `workers.hubspot.access` noted about the portal."""
    stored: dict[bytes, bytes] = redis.hgetall(keys.PORTAL)
    number, domain = (stored.get(name, b"").decode("ascii", "replace") for name in (b"id", b"domain"))
    if not number.isdecimal() or not _DOMAIN.fullmatch(domain):
        return Crm()
    return Crm(f"https://{domain}/contacts/{number}")
