"""Pure: the Redis commands for a customer batch whose result is known. See leadcore.store.streams for what SETTLE
guarantees."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from leadcore.config import Config
from leadcore.config import Inbox as InboxConfig
from leadcore.event import encode
from leadcore.events import NOBODY, Event, Events
from leadcore.fields import ABOUT, BODY, CUSTOMER, KIND, LEAD, PUT_OFF, TEXT, TRIES, VERSION, WANTS_NOTE
from leadcore.matches import Match
from leadcore.reasons import reason
from leadcore.receipts import (
    BY_EMAIL_ONLY,
    CREATED,
    HELD,
    HELD_SECONDS,
    PARKED,
    PARKED_SECONDS,
    SKIPPED,
    UNCHANGED,
    UPDATED,
    WAITING,
    WRITTEN,
    Attempt,
    Note,
    pack_attempt,
)
from leadcore.receipts import pack as receipt
from leadcore.store import keys
from leadcore.store.counters import count, figure, time_to_written
from leadcore.store.streams import Settlement, pack_fields
from workers.rules.batch import Unreadable
from workers.rules.confirmation import CONFIRMS_NOTHING, Confirmation
from workers.rules.customer import WITHHELD, Customer, Stamp, guard, pack
from workers.rules.field_clock import SEEN, Digest
from workers.rules.lead import CustomerBatch, Lead, Loaded, Result, own_clock, version_text
from workers.rules.mapping.property_names import NAME, UNSAVED
from workers.rules.notes import is_due, to_notes, to_wait
from workers.rules.outcomes import UNSAID, Origin
from workers.rules.plan import clock_after
from workers.rules.retry import find_lead_retry, wait_seconds

Command = Sequence[Any]
TOLD = (CREATED, UPDATED, PARKED)
# The codes of results that an error of HubSpot's about the lead led to.
OF_HUBSPOT = frozenset({"row", "refused", "required"})
UNREADABLE = f"unreadable: {reason('event_unreadable')}"
DRY_RUN = f"dry run: {reason('nothing_written')}"


@dataclass(frozen=True, slots=True)
class SettlementContext:
    """The key of the stream that is drained, its shard, and Redis' clock in ms. `dry_run`: nothing was written, so
    leads are held back, nothing is recorded of their customers, and nobody is told. `orders`: what is written goes to
    the orders' line too. `notes`: the configuration, where intents leave notes. `events`: who is told else."""

    stream: str
    shard: int
    now_ms: int
    dry_run: bool = False
    orders: bool = False
    notes: Config | None = None
    events: Events = NOBODY


def add_batch(
    settlement: Settlement,
    group: CustomerBatch,
    result: Result,
    context: SettlementContext,
    config: InboxConfig,
    digest: Digest,
    confirmation: Confirmation | None,
) -> list[str]:
    """Append the commands for the group's `result`. Returns the state of each lead, as it is counted."""
    commands: list[Command] = []
    guards: list[tuple[str, bytes]] = []
    if result.state in WRITTEN and not context.dry_run:
        guards, commands = _store_customer(group, result, digest, confirmation)
    entries, states = [], []
    for index, lead in enumerate(group.leads):
        effects, state = _effects(group, result, lead, index, context, config, confirmation)
        effects.append(count(state))
        if context.events.wanted and not context.dry_run:
            effects += tell(lead, result, state, context)
        if state == CREATED:
            # One contact was made: what the customer said next changed it.
            result = replace(result, state=UPDATED)
        states.append(state)
        entries.append((context.stream, lead.entry, effects))
    settlement.add(guards, entries, commands)
    return states


def _store_customer(
    group: CustomerBatch, result: Result, digest: Digest, confirmation: Confirmation | None
) -> tuple[list[tuple[str, bytes]], list[Command]]:
    """Guards and commands for the customer's record; for a shared contact also for the contact's record and that of the
    customer who created it."""
    loaded, news = group.loaded, group.decision.news
    clock = clock_after(loaded, group.decision, digest)
    after = replace(
        group.customer,
        revision=loaded.stored.revision,
        contact_id=result.contact_id,
        attempted=False,
        numeric=not isinstance(group.leads[-1].customer, str),
        clock=clock,
        active_ms=news.active_ms,
        intent=news.intent,
        day=confirmation.day if confirmation else loaded.stored.day,
        sent_texts=confirmation.sent_texts if confirmation else loaded.stored.sent_texts,
    )
    guards = [(loaded.record_key, guard(loaded.record))]
    commands: list[Command] = []
    if after.shared:
        key = keys.contact(after.contact_id)
        guards.append((loaded.contact_key or key, guard(loaded.contact_record)))
        commands.append(("SET", key, pack(_contact_after(group, after, digest))))
        after = replace(after, clock=_own_clock(group, clock) if after.fill_only else {})
    if after.untrusted:
        said_ms = group.leads[-1].said_ms
        commands.append(
            ("HSET", keys.MATCHES, _digest_of(loaded), Match(group.customer_id, after.contact_id, said_ms).pack())
        )
    elif loaded.stored.email_match_only:
        commands.append(("HDEL", keys.MATCHES, _digest_of(loaded)))
    for key, record, other in loaded.adopted:
        guards.append((key, guard(record)))
        commands.append(("SET", key, pack(other)) if other else ("DEL", key))
    commands.append(("SET", loaded.record_key, pack(after)))
    return guards, commands


def _contact_after(group: CustomerBatch, after: Customer, digest: Digest) -> Customer:
    """The record of the contact that the group's customer shares. What an untrusted one filled in stands there as
    something read: anything that the contact's own customer says is newer, and another address of theirs clears it."""
    contact = group.loaded.contact
    written = {name: stamp for name, stamp in after.clock.items() if name in group.decision.properties}
    revision = int.from_bytes(guard(group.loaded.contact_record) or bytes(4), "big")
    if after.untrusted:
        before = contact.clock
        filled = {
            name: (SEEN, stamp[1])
            for name, stamp in written.items()
            if name != UNSAVED and (name not in before or before[name][1] == digest(name, ""))
        }
        return replace(
            contact,
            revision=revision,
            contact_id=after.contact_id,
            clock={**before, **filled},
            sent_texts=frozenset(),
        )
    shared = written if after.fill_only else after.clock
    return replace(after, revision=revision, clock={**contact.clock, **shared}, sent_texts=frozenset())


def _digest_of(loaded: Loaded) -> str:
    return loaded.record_key.removeprefix(keys.customer(""))


def _own_clock(group: CustomerBatch, clock: Mapping[str, Stamp]) -> dict[str, Stamp]:
    """What this customer itself sent, beside the shared clock: the values that it wrote to the contact, which it may
    change later, and with the prefix `WITHHELD` those that were not written."""
    own = dict(own_clock(group.loaded, group.decision))
    for name, stamp in clock.items():
        if name in group.decision.properties:
            own[name] = stamp
            own.pop(WITHHELD + name, None)
        elif group.loaded.contact.clock.get(name) != stamp and own.get(name) != stamp:
            own[WITHHELD + name] = stamp
    return own


def _effects(
    group: CustomerBatch,
    result: Result,
    lead: Lead,
    index: int,
    context: SettlementContext,
    config: InboxConfig,
    confirmation: Confirmation | None,
) -> tuple[list[Command], str]:
    if result.state == WAITING and (result.free or lead.tries + 1 < config.tries):
        return _delay(lead, result, context, group.origin), "retried"
    if result.state == WAITING:
        why = reason("given_up", why=result.why, tries=config.tries)
        result = Result(PARKED, code=result.code, why=why)
    if result.state == PARKED:
        return _park(lead, result, context.now_ms, group.origin), PARKED
    if context.dry_run:
        return _hold(group, lead, index, result, context.now_ms), HELD
    if result.state == SKIPPED:
        values: dict[str, Any] = {"state": SKIPPED, "reason": result.why, "written_ms": context.now_ms}
        return [_receipt(lead, **values)], SKIPPED
    return _written(group, lead, index, result, context, confirmation)


def _written(
    group: CustomerBatch,
    lead: Lead,
    index: int,
    result: Result,
    context: SettlementContext,
    confirmation: Confirmation | None,
) -> tuple[list[Command], str]:
    last = index == len(group.leads) - 1
    values = _describe_write(group, lead, index, result)
    # If newer events of the same batch replaced all its values, this event changed nothing.
    state = result.state if "fields" in values or last else UNCHANGED
    values |= {"state": state, "written_ms": context.now_ms, "contact_id": result.contact_id}
    if group.customer.fill_only:
        values["reason"] = BY_EMAIL_ONLY
    elif TRIES in lead.fields:
        values["reason"] = ""
    effects: list[Command] = []
    if confirmation and last:
        values["message"] = "queued" if confirmation.text else f"silent: {confirmation.silence_reason}"
        if confirmation.text:
            effects.append(_outgoing(confirmation, context.shard))
    elif confirmation:
        values["message"] = f"silent: {reason('newer_answered')}"
    if str(values.get("message")).startswith("silent"):
        effects.append(count("message_silent"))
    if not lead.kind:
        effects += time_to_written(context.now_ms - lead.said_ms)
    if context.orders and lead.kind != "import":
        effects.append(_to_orders(lead, context))
    if context.notes and lead.kind != "import" and is_due(lead.intent, lead.mapped.buying, context.notes):
        effects += [to_notes(context.shard, lead.id, lead.version, lead.fields), to_wait(lead.id)]
    return [_receipt(lead, **values), *effects], state


def _describe_write(group: CustomerBatch, lead: Lead, index: int, result: Result) -> dict[str, Any]:
    """The parts of the receipt that say which properties the lead writes, and which not and why; without the empty
    ones."""
    last = index == len(group.leads) - 1
    by_event = group.decision.news.by_event[index]
    sent = set(group.decision.properties) if result.state in (CREATED, UPDATED) else set()
    fields = {name for name in sent if name in by_event or (last and not _belongs_to_event(group, name))}
    notes = [*lead.mapped.notes, *group.decision.news.notes[index], *(group.decision.notes if last else ())]
    values = {"fields": fields, "notes": _unique(notes)}
    return {name: value for name, value in values.items() if value}


def _belongs_to_event(group: CustomerBatch, name: str) -> bool:
    return any(name in names for names in group.decision.news.by_event)


def _unique(notes: Sequence[Note]) -> list[Note]:
    return list(dict.fromkeys(notes))


def tell(lead: Lead, result: Result, state: str, context: SettlementContext) -> list[Command]:
    """The commands that tell others what became of the lead, if that is news."""
    if state not in TOLD:
        return []
    data = {"contact_id": result.contact_id, "intent": lead.intent, "state": state}
    if state == PARKED:
        data["reason"] = result.code
    values = {**lead.mapped.details, **lead.mapped.activity}
    private = {
        "name": " ".join(filter(None, map(values.get, NAME))),
        "phone": values.get("phone") or values.get("mobilephone", ""),
        "cart": values.get("dealdroid_cart", ""),
    }
    return context.events.effects(
        Event(
            f"lead.{state}",
            lead.customer,
            lead.id,
            data,
            # The same lead may be parked, and written, again after a person retried it.
            once=lead.entry.decode() if lead.kind else "",
            body=lead.fields.get(BODY, b""),
            private=private,
            kind=lead.kind,
        ),
        context.shard,
    )


def _receipt(lead: Lead, **values: Any) -> Command:
    return ("HSET", keys.receipt(lead.id), *receipt(**values))


def _outgoing(confirmation: Confirmation, shard: int) -> Command:
    lead = confirmation.lead
    customer = encode({"id": lead.customer})
    about = (ABOUT, confirmation.about) if confirmation.about in CONFIRMS_NOTHING else ()
    return (
        "XADD", keys.entries(keys.OUTBOX, shard), "*",
        LEAD, lead.id, CUSTOMER, customer, TEXT, json.dumps(confirmation.text), VERSION, version_text(lead.version),
        *about,
    )  # fmt: skip


def _to_orders(lead: Lead, context: SettlementContext) -> Command:
    kind = (KIND, lead.fields[KIND]) if KIND in lead.fields else ()
    notes = context.notes
    waits = notes and notes.notes.wants(lead.intent) and not is_due(lead.intent, lead.mapped.buying, notes)
    entry = (LEAD, lead.id, BODY, lead.fields[BODY], VERSION, version_text(lead.version), *kind)
    return ("XADD", keys.entries(keys.ORDERS, context.shard), "*", *entry, *((WANTS_NOTE, "1") if waits else ()))


def _delay(lead: Lead, result: Result, context: SettlementContext, origin: Origin) -> list[Command]:
    tries = lead.tries + (not result.free)
    fields = {**lead.fields, VERSION: version_text(lead.version), TRIES: b"%d" % tries}
    if result.free:
        fields[PUT_OFF] = b"%d" % context.now_ms
    retry = find_lead_retry(result.code, free=result.free)
    asked = result.asked if result.free else None
    wait = int(wait_seconds(retry, max(tries, 1), asked) * 1000)
    return [
        ("ZADD", keys.later(keys.INBOX, context.shard), context.now_ms + wait, pack_fields(fields)),
        (
            *_receipt(lead, state=WAITING, tries=tries, reason=result.why),
            *_attempt(lead, result, origin, context.now_ms, context.now_ms + wait),
        ),
    ]


def _park(lead: Lead, result: Result, now_ms: int, origin: Origin) -> list[Command]:
    return [
        ("SET", keys.parked(lead.id), _payload(lead), "EX", PARKED_SECONDS),
        ("ZADD", keys.PARKED, now_ms, lead.id),
        (
            *_receipt(lead, state=PARKED, tries=lead.tries + 1, reason=f"{result.code}: {result.why}"),
            *_attempt(lead, result, origin, now_ms, None),
        ),
        figure(f"parked:{result.code}"),
    ]


def _attempt(lead: Lead, result: Result, origin: Origin, now_ms: int, next_ms: int | None) -> list[str | bytes]:
    said = origin if result.code in OF_HUBSPOT else UNSAID
    attempt = Attempt(now_ms, next_ms, said.status, said.category or result.code, said.correlation_id)
    return pack_attempt(lead.tries, attempt)


def _hold(group: CustomerBatch, lead: Lead, index: int, result: Result, now_ms: int) -> list[Command]:
    return [
        ("SET", keys.held(lead.id), _payload(lead), "EX", HELD_SECONDS),
        # The index keeps a customer's leads in their order, in which they are retried.
        ("ZADD", keys.HELD, now_ms + index / 1000, lead.id),
        _receipt(lead, state=HELD, reason=DRY_RUN, **_describe_write(group, lead, index, result)),
    ]


def _payload(lead: Lead) -> bytes:
    """The lead's entry as it is kept for a person, who may put it back into the inbox."""
    return pack_fields({**lead.fields, VERSION: version_text(lead.version)})


def unreadable_id(unreadable: Unreadable) -> str:
    """The lead's id, or the entry's if it has none."""
    return unreadable.fields.get(LEAD, b"").decode("ascii", "replace") or unreadable.entry.decode()


def park_unreadable(unreadable: Unreadable, context: SettlementContext) -> list[Command]:
    """The commands that park an entry that is no event, for a person to look at."""
    lead, now_ms = unreadable_id(unreadable), context.now_ms
    told = Event("lead.parked", None, lead, {"state": PARKED, "reason": "unreadable"}, unreadable.entry.decode())
    return [
        *(() if context.dry_run else context.events.effects(told, context.shard)),
        ("SET", keys.parked(lead), pack_fields(unreadable.fields), "EX", PARKED_SECONDS),
        ("ZADD", keys.PARKED, now_ms, lead),
        ("HSET", keys.receipt(lead), *receipt(state=PARKED, reason=UNREADABLE)),
        count(PARKED),
        figure("parked:unreadable"),
    ]
