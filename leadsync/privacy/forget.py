"""Deletes what is stored about a customer, and keeps their older events from coming back.

1. Holding the locks of the customer's shard, so that no drain runs: set a tombstone under the keyed digest of the
   customer's id. Every older event that still arrives (from a spool, a receiver's memory, a retry) is dropped, when it
   is put into the inbox or read from it.
2. Still holding them: delete waiting entries and the field clock and, if asked, the orders and the contact in HubSpot.
3. Without the locks: delete what is only about the past (parked and held leads, receipts, email entries, spool).

The tombstone names the contact until HubSpot has deleted or released it, so that the command can be repeated until
nothing remains.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from leadcore.config import Inbox as InboxConfig
from leadcore.fields import TEXT
from leadcore.machine import Machine
from leadcore.receipts import PARKED_SECONDS
from leadcore.store import keys, lines
from leadcore.store.connection import Redis
from leadcore.store.epoch import read_run
from leadcore.store.keys import ACTIONS_KEPT
from leadcore.store.leads import read_all
from leadcore.store.lua import ACTION_FIELDS, DEL_FIRST, NOW
from leadcore.store.restoring import INTACT, RESTORED
from leadcore.store.streams import Stream
from leadsync.privacy.customer_data import CHUNK, CustomerData, Entry, chunks
from leadsync.privacy.hubspot_erasure import Erased, HubSpotErasure
from leadsync.privacy.order_erasure import ErasedOrder, OrderErasure
from workers.flow.errors import LineDown, LostLease
from workers.flow.lease import Lease, hold_exclusive
from workers.flow.request_context import checked
from workers.outbox.sent_log import message_key
from workers.rules import places
from workers.rules.customer import UNKNOWN, Customer, pack, unpack

if TYPE_CHECKING:
    from receiver.intake.spool import Spool

NO_ORDERS_SET = (
    "this customer's orders in HubSpot: put [orders] back into the configuration and repeat the command with --hubspot."
)
LINKS_UNKNOWN = (
    "perhaps this customer's id on somebody else's contact in HubSpot: Redis is new or was emptied, and the workers "
    "have not brought back yet who is linked to which contact. Repeat the command with --hubspot after they have "
    "written a lead."
)
RESTARTED = "Redis was restarted meanwhile, and may have lost what was done just before: repeat the command."
_LINKS_KNOWN = (INTACT.encode(), RESTORED.encode())

# Defines `locks`, how many there are (ARGV[1]), and `held`, whether all are still ours: KEYS begin with the locks, ARGV
# goes on with their tokens.
_HELD = (
    DEL_FIRST
    + """
local locks, held = tonumber(ARGV[1]), true
for at = 1, locks do held = held and redis.call('GET', KEYS[at]) == ARGV[at + 1] end
"""
)

_BURY = (
    """
-- Returns up to which ms everything is forgotten, 0 if a lock was lost: then nothing is done.
-- noted: what follows the ms in the tombstone; blank: the customer's record from now on, '' if there is none.
"""
    + _HELD
    + NOW
    + ACTION_FIELDS
    + """
local tombstone, record, actions = unpack(KEYS, locks + 1)
local noted, tombstone_seconds, digest, user, actions_kept, blank = unpack(ARGV, locks + 2)
if not held then return 0 end
local until_ms = string.format('%.0f', now)
redis.call('SET', tombstone, until_ms .. noted, 'EX', tombstone_seconds)
if blank ~= '' then redis.call('SET', record, blank) end
redis.call('XADD', actions, 'MAXLEN', '~', actions_kept, '*',
  ACTION_COMMAND, 'forget', ACTION_DIGEST, digest, ACTION_USER, user)
return until_ms
"""
)

_FENCED = (
    """
-- Runs commands, each given as its size and its arguments. Returns the sum of those answers that are numbers of the
-- first `counted` commands, -1 if a lock was lost: then nothing is done.
"""
    + _HELD
    + """
if not held then return -1 end
local counted = tonumber(ARGV[locks + 2])
local at, done = locks + 3, 0
while at <= #ARGV do
  local size = tonumber(ARGV[at])
  local answer = redis.call(unpack(ARGV, at + 1, at + size))
  if counted > 0 and type(answer) == 'number' then done = done + answer end
  counted, at = counted - 1, at + 1 + size
end
return done
"""
)


@dataclass(slots=True)
class Forgotten:
    """`removed`: kind -> how many. `hubspot`, `orders`, `notes`: what was done there (how many notes on contacts were
    deleted). `remains`: what is still to be done, for people."""

    removed: dict[str, int] = field(default_factory=dict)
    hubspot: list[Erased] = field(default_factory=list)
    orders: list[ErasedOrder] = field(default_factory=list)
    notes: int = 0
    remains: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


_Leases: TypeAlias = Mapping[str, Lease]
"""The locks of the customer's shard, by line."""


class Forgetting:
    """Forgets one customer, once. `beat`: a second connection, which renews the locks. `user`: who asked."""

    def __init__(self, data: CustomerData, beat: Redis, config: InboxConfig, spool: "Spool", user: str) -> None:
        self.data, self.redis, self.beat = data, data.redis, beat
        self.config, self.spool, self.user = config, spool, user
        self._bury_script = self.redis.register_script(_BURY)
        self._fenced_script = self.redis.register_script(_FENCED)
        self._tombstone_seconds = config.receipts_days * 86_400 + PARKED_SECONDS
        self.done = Forgotten()

    def run(self, erasure: HubSpotErasure | None, orders: OrderErasure | None = None) -> Forgotten:
        """Forget; with an `erasure` in HubSpot too, with `orders` also the customer's orders and notes there. Raises
        `Busy`, `LostLease` and redis-py's errors: then repeat it. When HubSpot is down, or Redis was restarted
        meanwhile, `remains` says so."""
        run = read_run(self.redis)
        # Before the locks, so that no drain waits for a look at all orders; the record names the newer ones.
        states = self.data.order_states()
        with self._lock_shard() as leases:
            before = self._read_customer()
            until_ms = self._set_tombstone(leases, before)
            self._remove_waiting(leases, until_ms)
            self._remove_match(leases)
            go_on = True
            if erasure is None or orders is None:
                self._remove_orders(leases, states)
            else:
                # The orders and notes first: they are found by what the contact's deletion takes away.
                go_on = self._erase_orders(leases, orders, before, states)
            if erasure is not None and go_on:
                self._erase_contact(leases, erasure, before, until_ms)
        if before.shared and not self.data.is_shared(before.contact_id):
            self.redis.delete(keys.contact(before.contact_id))
        kept = self._remove_kept(until_ms)
        self._remove_receipts(until_ms, kept)
        self._remove_message_records(until_ms)
        self._remove_emails()
        self._remove_spooled(until_ms)
        if read_run(self.redis) != run:
            self.done.remains.append(RESTARTED)
        return self.done

    @contextmanager
    def _lock_shard(self) -> Iterator[_Leases]:
        with ExitStack() as stack:
            machine = Machine()
            leases = {
                line.name: stack.enter_context(
                    hold_exclusive(Stream(self.redis, line.name), self.data.shard, self.beat, machine)
                )
                for line in lines.LINES
            }
            with checked(leases[keys.INBOX].check):
                yield leases

    def _read_customer(self) -> Customer:
        """The customer's record; if it names no contact, from the tombstone of an unfinished run."""
        record = unpack(self.data.record())
        if record.known:
            return record
        noted = (self.data.tombstone() or b"").decode().split()[1:]
        if not noted:
            return record
        contact_id, flags = noted
        return Customer(revision=record.revision, contact_id=contact_id, fill_only="g" in flags, shared="s" in flags)

    def _set_tombstone(self, leases: _Leases, before: Customer) -> int:
        """Set the tombstone and blank the record. Returns up to which version, in ms, everything is forgotten."""
        flags = "g" * (before.fill_only or before.email_match_only) + "s" * before.shared
        noted = f" {before.contact_id} {flags or '-'}" if before.known else ""
        # `attempted`: HubSpot may have a contact with the customer's id, so the next write asks before it creates one.
        blank = pack(Customer(revision=before.revision, attempted=True)) if before != UNKNOWN else b""
        self.done.removed["field clocks"] = int(unpack(self.data.record()).known)
        until = self._bury_script(
            keys=[*_locks(leases), self.data.tombstone_key, self.data.record_key, keys.ACTIONS],
            args=[*_tokens(leases), noted, self._tombstone_seconds, self.data.digest, self.user, ACTIONS_KEPT, blank],
        )
        if not until:
            raise LostLease(_locks(leases))
        return int(until)

    def _remove_waiting(self, leases: _Leases, until_ms: int) -> None:
        for line in lines.LINES:
            self.done.removed[line.forgotten] = 0
            old = (entry for entry in self.data.entries(line.name) if entry.version_ms <= until_ms)
            for some in chunks(old, CHUNK):
                names = [kept.key(entry.lead) for entry in some for kept in line.kept if not kept.state]
                names += [message_key(entry.fields) for entry in some if TEXT in entry.fields]
                # In one step: what no index names any more, nobody would find again.
                gone = [("DEL", *names)] if names else []
                self.done.removed[line.forgotten] += self._apply(leases, [_removal(entry) for entry in some], gone)
        self._apply(leases, [places.give_up_all(self.data.shard, self.data.customer_id)])

    def _remove_match(self, leases: _Leases) -> None:
        self._apply(leases, [("HDEL", keys.MATCHES, self.data.digest)])

    def _remove_orders(self, leases: _Leases, states: Collection[str]) -> None:
        """What is known of the customer's orders, also by payments, which know older ones too: `states`."""
        known = self.data.orders().orders
        references = {reference for order in known for reference in (order.reference, *order.references)}
        if (newest := self.data.newest_cart()) is not None:
            references |= {newest.reference, newest.before} - {""}
        for some in chunks(sorted(references.union(states)), CHUNK):
            self._apply(leases, [("DEL", *map(keys.order, some))])
        names = [self.data.orders_key, self.data.newest_cart_key]
        self.done.removed["order records"] = self._apply(leases, [("DEL", names[0])], [("DEL", names[1])])

    def _erase_orders(self, leases: _Leases, erasure: OrderErasure, before: Customer, states: Collection[str]) -> bool:
        """Erase them in HubSpot, with the notes; the record with their ids stays until then. False if it has to be
        repeated: then the contact, by which notes are found, must stay too."""
        known = self.data.orders()
        try:
            self.done.notes = erasure.erase_notes(self.data.customer_id, self.data.digest, before)
            if erasure.kind:
                self.done.orders = erasure.run(self.data.customer_id, self.data.digest, known)
            elif known.orders:
                self.done.remains.append(NO_ORDERS_SET)
                return True
        except LineDown as down:
            self.done.remains.append(f"the orders and notes in HubSpot: {down} Repeat the command with --hubspot.")
            return False
        self._remove_orders(leases, states)
        return True

    def _erase_contact(self, leases: _Leases, erasure: HubSpotErasure, before: Customer, until_ms: int) -> None:
        try:
            self.done.hubspot = erasure.run(self.data.customer_id, before, leases[keys.INBOX])
        except LineDown as down:
            self.done.remains.append(f"the contact in HubSpot: {down} Repeat the command with --hubspot.")
            return
        if not (before.known or self.done.hubspot) and self.redis.get(keys.STORE) not in _LINKS_KNOWN:
            self.done.remains.append(LINKS_UNKNOWN)
        gone = [keys.contact(one.contact_id) for one in self.done.hubspot if one.erased]
        tombstone = ("SET", self.data.tombstone_key, until_ms, "EX", self._tombstone_seconds)
        self._apply(leases, [("DEL", self.data.record_key, *gone), tombstone])

    def _remove_kept(self, until_ms: int) -> set[str]:
        """Remove the leads that are kept, as parked ones are. Returns them: the receipt of an unusable event may not
        name its customer."""
        inbox, removed, found = Stream(self.redis), set[str](), self.data.kept()
        for line, kept in lines.each_kept():
            if not kept.state:
                continue
            leads = {one.lead for one in found[kept.name] if one.since_ms <= until_ms}
            for lead in leads:
                inbox.apply([("DEL", kept.key(lead)), ("ZREM", kept.index, lead)])
            self.done.removed[f"{kept.name} {line.noun}"] = len(leads)
            removed |= leads
        return removed

    def _remove_receipts(self, until_ms: int, kept: set[str]) -> None:
        old = kept | {one.lead for one in self.data.receipts() if (one.received_ms or 0) <= until_ms}
        for some in chunks(sorted(old), CHUNK):
            self.redis.delete(*map(keys.receipt, some))
            # What was parked without its body does not say whose it is.
            for one in (one for _, one in lines.each_kept() if not one.state):
                self.redis.delete(*map(one.key, some))
                self.redis.zrem(one.index, *some)
        for rows in read_all(self.redis, CHUNK):
            stale = [row_id for row_id, lead in rows if lead in old]
            if stale:
                self.redis.xdel(keys.LEADS, *stale)
        self.done.removed["receipts"] = len(old)

    def _remove_message_records(self, until_ms: int) -> None:
        old = [one.id for one in self.data.messages() if one.queued_ms <= until_ms]
        for some in chunks(old, CHUNK):
            self.redis.delete(*map(keys.message, some))
            self.redis.zrem(keys.MESSAGES, *some)
        self.done.removed["receipts"] += len(old)

    def _remove_emails(self) -> None:
        names = self.data.emails()
        for name in names:
            self.redis.srem(name, self.data.digest)
        self.done.removed["email entries"] = len(names)

    def _remove_spooled(self, until_ms: int) -> None:
        try:
            old = [row.id for row in self.data.spooled(self.spool) if row.received_ms <= until_ms]
            self.spool.delete(old)
        except OSError:
            self.done.remains.append(
                "the leads on this machine's disk, which cannot be read: Redis will refuse the customer's."
            )
        else:
            self.done.removed["spooled leads"] = len(old)

    def _apply(self, leases: _Leases, commands: Sequence[Sequence[Any]], more: Sequence[Sequence[Any]] = ()) -> int:
        """Run all in one step; how much `commands` changed, without `more`."""
        flat = [part for command in (*commands, *more) for part in (len(command), *command)]
        done = int(self._fenced_script(keys=_locks(leases), args=[*_tokens(leases), len(commands), *flat]))
        if done < 0:
            raise LostLease(_locks(leases))
        return done


def _locks(leases: _Leases) -> list[str]:
    return [keys.lock(line, lease.shard) for line, lease in leases.items()]


def _tokens(leases: _Leases) -> list[Any]:
    return [len(leases), *(lease.token for lease in leases.values())]


def _removal(entry: Entry) -> Sequence[Any]:
    return ({"stream": "XDEL", "sending": "HDEL"}.get(entry.kind, "ZREM"), entry.name, entry.at)
