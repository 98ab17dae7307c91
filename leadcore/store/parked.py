"""What waits for a person, and the person's two answers, retry and discard: parked leads, which could not be written as
they are, and written ones whose message could not be sent.

It stands with the receiver because the console uses it as the commands do. Each answer is one script per lead that
does nothing unless the lead is still parked, so two people who press at once retry a lead once.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from leadcore import event, receipts
from leadcore.config import Inbox as InboxConfig
from leadcore.receipts import DISCARDED, PARKED, WAITING, Receipt
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import AWAY, Redis
from leadcore.store.scripts import COUNT, TAKE_KEPT
from leadcore.store.streams import BELL_SECONDS, unpack_fields
from leadcore.store.unsent import GONE as NO_MESSAGE
from leadcore.store.unsent import Unsent, as_parked

ACTIONS_KEPT = 10_000
CHUNK = 500
GONE = "it is not parked"
UNREADABLE = "it is no event that can be read, so it cannot be retried; discard it"
# By the code that a parked lead's reason begins with; any other cause can have passed.
FIXES = {
    "unusable": "It cannot be retried as it is. Let the intent in DealDroid send what is missing, then discard it.",
    "unreadable": "Install the newest leadsync, then retry. If it is parked again, discard it.",
    "refused": "Look for a rule or a required property of your portal, fix it, then retry.",
    "failed": "The lead is saved. Fix what DealDroid reports and retry, or discard the message.",
    "interrupted": "The lead is saved, and the customer may have the message. Retry if you know that they do not, "
    "else discard it.",
    "error": "Install the newest leadsync, then retry.",
    "row": "HubSpot took other leads but not this one. Look at status.hubspot.com, then retry.",
    "race": "Another program writes the same contacts. Retry; if it comes back, look at the portal's connected apps.",
    "vanishing": "A workflow or a person deletes the contact while it is written. Find out which, then retry.",
    "unsettled": "HubSpot refuses one value after the other. Check the rules of your properties, fix them, then retry.",
}
RETRY = "The cause may have passed: retry."

# KEYS: parked body, index of parked, receipt, actions, then retry: stream, bell
# ARGV: lead, command, user, actions kept, then retry: version, bell seconds, receipt seconds; then the receipt's fields
_RETRY = (
    TAKE_KEPT
    + """
local entry = {}
for name, value in string.gmatch(packed, '([^\\31]*)\\31([^\\31]*)\\31') do
  if name ~= 'v' and name ~= 'k' and name ~= 'n' then
    entry[#entry + 1] = name
    entry[#entry + 1] = value
  end
end
redis.call('XADD', KEYS[5], '*', 'v', ARGV[5], 'k', 'retry', unpack(entry))
redis.call('HSET', KEYS[3], unpack(ARGV, 8))
if redis.call('TTL', KEYS[3]) < 0 then redis.call('EXPIRE', KEYS[3], ARGV[7]) end
if redis.call('SET', KEYS[6], '1', 'NX', 'EX', ARGV[6]) then return 'rang' end
return 'put'
"""
)
_DISCARD = (
    COUNT
    + TAKE_KEPT
    + """
count('discarded', 1)
if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('HSET', KEYS[3], unpack(ARGV, 5)) end
return 'done'
"""
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Parked leads that stand for the same reason, in plain words, and the fix. `code` groups reasons."""

    code: str
    reason: str
    fix: str
    leads: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "count": len(self.leads)}


def causes(parked: Iterable[Receipt]) -> list[Cause]:
    """Pure: the leads by cause, the commonest first."""
    by_reason: dict[str, list[str]] = {}
    for receipt in parked:
        by_reason.setdefault(receipt.reason, []).append(receipt.lead)
    found = []
    for reason, leads in by_reason.items():
        code, colon, why = reason.partition(": ")
        code, why = (code, why) if colon else ("", reason)
        found.append(Cause(code, why, FIXES.get(code, RETRY), tuple(leads)))
    return sorted(found, key=lambda cause: (-len(cause.leads), cause.reason))


class Parked:
    """Over one Redis connection. Every method raises redis-py's errors."""

    def __init__(self, connection: Redis, config: InboxConfig) -> None:
        self.redis, self.config = connection, config
        self.bell = Bell(connection)
        self.unsent = Unsent(connection, config.shards, ACTIONS_KEPT)
        self._retry = connection.register_script(_RETRY)
        self._discard = connection.register_script(_DISCARD)

    def receipts(self, limit: int | None = None, until_ms: int | None = None) -> list[Receipt]:
        """The receipts of leads that wait for a person, the longest parked first, then those of unsent messages: at
        most `limit` of either, waiting since `until_ms` or longer."""
        unsent = [as_parked(one) for one in self._read(keys.UNSENT, limit, until_ms) if one.state != PARKED]
        return [*self._read(keys.PARKED, limit, until_ms), *unsent]

    def count(self) -> int:
        """How many leads wait for a person."""
        return int(self.redis.zcard(keys.PARKED) + self.redis.zcard(keys.UNSENT))

    def _read(self, index: str, limit: int | None, until_ms: int | None) -> list[Receipt]:
        until, count = "+inf" if until_ms is None else until_ms, -1 if limit is None else limit
        leads = [lead.decode() for lead in self.redis.zrangebyscore(index, "-inf", until, 0, count)]
        found: list[Receipt] = []
        for start in range(0, len(leads), CHUNK):
            some = leads[start : start + CHUNK]
            pipe = self.redis.pipeline(transaction=False)
            for lead in some:
                pipe.hgetall(keys.receipt(lead))
            found += [receipts.unpack(lead, stored) for lead, stored in zip(some, pipe.execute(), strict=True)]
        return found

    def retry(self, lead: str, user: str) -> str:
        """Put a parked lead back into its inbox, in its old place among the customer's events and silent to the
        customer; or an unsent message into the outbox. "" if done, else why not. `user`: who asked."""
        packed = self.redis.get(keys.parked(lead))
        if packed is None:
            why = self.unsent.retry(lead, user)
            return GONE if why == NO_MESSAGE else why
        fields = unpack_fields(packed)
        try:
            body = event.decode(fields.get(b"b", b""))
        except event.Malformed:
            return UNREADABLE
        missing = event.unusable(body)
        if missing:
            return f"{', '.join(missing)} is missing or unusable, so it cannot be retried; discard it"
        customer_id = event.identity(body["customer_id"])
        shard = keys.shard_of(customer_id, self.config.shards)
        version = fields.get(b"v") or self._received(lead)
        receipt = receipts.pack(
            customer_id=customer_id,
            intent=event.text(body["intent"]),
            received_ms=version.partition(b"-")[0],
            state=WAITING,
            tries=0,
            reason="",
        )
        outcome = self._retry(
            keys=[*_keys(lead), keys.entries(keys.INBOX, shard), keys.bell(keys.INBOX, shard)],
            args=[
                *(lead, "retry", user, ACTIONS_KEPT, version, BELL_SECONDS, self.config.receipts_days * 86_400),
                *receipt,
            ],
        )
        if outcome == b"rang":
            # It is in the inbox; if ringing fails, a keeper finds it within seconds.
            with suppress(*AWAY):
                self.bell.ring(keys.INBOX, shard)
        return GONE if outcome == b"gone" else ""

    def discard(self, lead: str, user: str) -> str:
        """Remove a parked lead's payload, or an unsent message; the receipt stays. "" if done, else why not.
        `user`: who asked."""
        outcome = self._discard(
            keys=_keys(lead),
            args=[lead, "discard", user, ACTIONS_KEPT, *receipts.pack(state=DISCARDED)],
        )
        if outcome == b"gone" and self.unsent.discard(lead, user):
            return GONE
        return ""

    def _received(self, lead: str) -> bytes:
        """The version of an entry that was parked without one."""
        received: bytes | None = self.redis.hget(keys.receipt(lead), "r")
        return received or b"%d" % int(self.redis.zscore(keys.PARKED, lead) or 0)


def _keys(lead: str) -> tuple[str, ...]:
    return keys.parked(lead), keys.PARKED, keys.receipt(lead), keys.ACTIONS
