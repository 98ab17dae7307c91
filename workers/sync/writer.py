"""Writes customers' leads to HubSpot: sends them, reads each row's outcome, repairs what can be repaired, sends again.

If `write` raises, groups with a `result` can still be settled; the others stay in the inbox.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog
from msgspec.structs import replace

from leadcore.logs import format_place
from leadcore.reasons import reason
from leadcore.receipts import WAITING
from leadcore.store.connection import AWAY
from workers.flow.errors import LineDown, LostLease, Stopping
from workers.hubspot.client import HubSpot
from workers.rules.lead import CustomerBatch, Result
from workers.rules.mapping.property_names import CUSTOMER_ID, MERGED, OTHER_IDS
from workers.rules.merge import is_guest
from workers.rules.outcomes import (
    UNSAID,
    Conflict,
    ContactMissing,
    ContactWrite,
    Refused,
    Resend,
    RetryLater,
    WriteOutcome,
    Written,
)
from workers.rules.plan import WritePlanner
from workers.sync.customer_store import CustomerStore
from workers.sync.identity import Identity
from workers.sync.merges import Merges

ROUNDS = 8
# Errors that the leads in hand did not cause.
OUTSIDE = (LineDown, LostLease, Stopping, *AWAY)
log = structlog.get_logger("leadsync.sync")


class Writer:
    """Writes one call's batches. `intact`: the store of clocks is complete, so a customer without a record is new.
    `on_answer`: called after each call that wrote."""

    def __init__(
        self,
        hubspot: HubSpot,
        plan: WritePlanner,
        identity: Identity,
        customers: CustomerStore,
        *,
        intact: bool,
        on_answer: Callable[[], None] = lambda: None,
    ) -> None:
        self.hubspot, self.plan, self.identity = hubspot, plan, identity
        self.customers, self.intact, self.on_answer = customers, intact, on_answer
        self.merges = Merges(hubspot, plan, identity)

    def decide(self, group: CustomerBatch) -> None:
        """Decide what to send, on what is known of the customer and the contact now."""
        group.decide(self.plan.decide(group.loaded, group.decision))

    def write(self, groups: Sequence[CustomerBatch]) -> None:
        """Set the result of every group, as far as it can be known now. If this raises, the groups hold what was done
        until then. What failed to be decided is left as it is."""
        groups = [group for group in groups if group.result is group.decision.result]
        uncertain = [
            group
            for group in groups
            if group.loaded.stored.attempted or group.lacks_address or not (group.customer.known or self.intact)
        ]
        self._find_contacts([group for group in uncertain if not group.customer.shared])
        new = [g for g in groups if g.open and not g.customer.known and not g.loaded.stored.attempted]
        if not self.hubspot.dry_run:
            self.customers.mark_attempted(new, self.identity.lease)
        required = dict(self.plan.required.known)
        for number in range(ROUNDS):
            for group in self.merges.trace([group for group in groups if group.open and group.missing]):
                self._restart(group)
            self._find_contacts([group for group in groups if group.open and group.detached])
            still_open = [group for group in groups if group.open]
            self.merges.follow(
                [group for group in still_open if group.merged_into],
                [group for group in still_open if not group.merged_into],
            )
            for group in groups:
                if group.open:
                    group.decide(self.plan.heed_required(group.loaded, group.decision))
            waiting = [group for group in groups if group.open]
            if not waiting:
                return
            self._read_contacts([group for group in waiting if group.decision.waits_for_read])
            waiting = [group for group in waiting if group.open and not (group.detached or group.merged_into)]
            # What one refused lead shows may spare the others, which an answer said nothing about, their call.
            solving = [group for group in waiting if group.refused]
            if any(group.held_up for group in waiting):
                waiting = solving or waiting
            # Where it showed nothing, each lead is found out by itself.
            stop = number == 0 or self.plan.required.known != required
            # Known contacts are updated by id: an upsert could create a second contact from the few values sent.
            known = [group for group in waiting if group.customer.known]
            self._send(known, partial(self.hubspot.update, stop=stop), lambda g: g.customer.contact_id)
            new = [group for group in waiting if not group.customer.known]
            if any(group.merged_into and not group.open for group in groups):
                # Whose else a merged contact is shows once it can be locked and read. A Redis that looks complete may
                # lack the record of one of them: a replica that lags took over.
                for group in new:
                    group.left_in_inbox = True
            elif not any(group.open and (group.missing or group.merged_into) for group in groups):
                # A contact that was merged may be that of a customer of whom Redis knows none.
                self._send(new, partial(self.hubspot.upsert, stop=stop), lambda g: g.customer_id)
            self.identity.resolve_conflicts([group for group in waiting if group.open and group.conflict], self.plan)
        for group in groups:
            if group.open:
                # Others may have used up the rounds.
                free = group.held_up
                group.result = Result(WAITING, code="unsettled", why=reason("never_accepted"), free=free)

    def _find_contacts(self, groups: Sequence[CustomerBatch]) -> None:
        """Look up customers without a known contact, who may have one all the same: Redis was emptied, the answer to a
        first write was lost, or a contact that was somebody else's is gone. This comes before values are sent that are
        meant only for a new contact. Where the answer to any write was lost, read which address the contact has."""
        properties = [OTHER_IDS, MERGED, *self.plan.portal.address_targets()]
        found = self.hubspot.read_each([group.customer_id for group in groups], properties, CUSTOMER_ID)
        # A contact that was merged bears the customer id of one of its customers alone.
        astray = [
            group for group in groups if group.customer.known and isinstance(found[group.customer_id], ContactMissing)
        ]
        merged = self.hubspot.read_each([group.customer.contact_id for group in astray], properties)
        found |= {group.customer_id: merged[group.customer.contact_id] for group in astray}
        known = []
        for group in groups:
            group.detached = False
            contact = found[group.customer_id]
            if isinstance(contact, RetryLater):
                group.result = Result(WAITING, code="row", why=contact.why)
            if not isinstance(contact, dict):
                continue
            if contact.get(MERGED):
                group.created = group.created or group.loaded.stored.attempted
                group.merged_into = contact["id"]
                continue
            known.append(group)
            values = self.plan.portal.from_portal(contact)
            if group.customer.known:
                group.relink(self.plan.add_unrecorded_address(group.customer, values))
                continue
            others = contact.get(OTHER_IDS, "").split("\n")
            linked = group.customer_id in others
            group.created = group.loaded.stored.attempted and not linked
            customer = replace(
                group.customer,
                contact_id=contact["id"],
                shared=others != [""],
                fill_only=linked and self.identity.crm.email_match == "fill",
                email_match_only=linked,
            )
            group.relink(
                customer if customer.shared else self.plan.add_unrecorded_address(customer, values),
                # The phone proves nothing now: the lost write may have filled in this customer's own.
                unrecorded=linked,
                placeholder=group.decision.placeholder if group.created else "",
            )
        self.customers.load_shared([group for group in known if group.customer.shared])
        for group in known:
            self.decide(group)

    def _read_contacts(self, groups: Sequence[CustomerBatch]) -> None:
        """Read contacts whose current values decide what may be written."""
        mine = [group for group in groups if self.identity.lock_contact(group)]
        self._reload_shared([group for group in mine if group.customer.shared])
        mine = [group for group in mine if group.open]
        wanted = self.plan.read_targets()
        found = self.hubspot.read_each([group.customer.contact_id for group in mine], wanted)
        for group in mine:
            match found[group.customer.contact_id]:
                case ContactMissing():
                    self._restart(group)
                case RetryLater(why):
                    group.result = Result(WAITING, code="row", why=why)
                case contact if not self.merges.note(group, contact):
                    self._learn_address(group, contact)
                    self.identity.follow_owner(group, contact, self.plan)
                    if group.open:
                        self.merges.protect(group, contact, wanted)

    def _learn_address(self, group: CustomerBatch, contact: Mapping[str, str]) -> None:
        """Where Redis has lost the clock of a contact that several customers share, another address must clear what is
        there."""
        if group.customer.shared and group.loaded.contact_record is None and not is_guest(group.customer):
            values = self.plan.portal.from_portal(contact)
            known = self.plan.add_unrecorded_address(group.loaded.contact, values)
            group.loaded = replace(group.loaded, contact=known)
            self.decide(group)

    def _reload_shared(self, groups: Sequence[CustomerBatch]) -> None:
        """Another customer of the contact may have written before we had its lock: decide on the current clock."""
        before = [group.loaded.contact_record for group in groups]
        self.customers.load_shared(groups)
        for group, record in zip(groups, before, strict=True):
            if group.loaded.contact_record != record:
                self.decide(group)

    def _send(
        self,
        groups: Sequence[CustomerBatch],
        call: Callable[[Sequence[ContactWrite], dict[str, WriteOutcome]], None],
        identify: Callable[[CustomerBatch], str],
    ) -> None:
        rows = [
            ContactWrite(group.trace_id, identify(group), self.plan.portal.to_portal(group.decision.properties))
            for group in groups
        ]
        outcomes: dict[str, WriteOutcome] = {}
        try:
            call(rows, outcomes)
        finally:
            for group in groups:
                if group.trace_id in outcomes:
                    self._apply_outcome(group, outcomes[group.trace_id])
            if outcomes:
                self.on_answer()

    def _apply_outcome(self, group: CustomerBatch, outcome: WriteOutcome) -> None:
        group.origin = outcome.origin if isinstance(outcome, Refused | RetryLater) else UNSAID
        group.refused = isinstance(outcome, Refused)
        match outcome:
            case Written(contact_id, new, warnings):
                group.decide(self.plan.note_written(group.decision, new, warnings))
                if group.customer.known and contact_id not in ("", group.customer.contact_id):
                    group.merged_into = contact_id
                else:
                    group.record_written(contact_id, new)
            case Refused(fields, why, demand):
                group.decide(self.plan.drop_refused(group.loaded, group.decision, fields, why, demand))
            case Conflict():
                group.conflict = outcome
            case ContactMissing() if group.customer.known:
                group.missing = True
            case ContactMissing():
                self._restart(group)
            case RetryLater(why):
                group.result = Result(WAITING, code="row", why=why)
            case Resend():
                group.held_up = True
        self.plan.required.record(group.decision.learned, group.decision.disproved)

    def _restart(self, group: CustomerBatch) -> None:
        group.detached = group.customer.shared
        group.decide(self.plan.restart_as_new(group.loaded, group.decision))


def decide_groups(writer: Writer, groups: Sequence[CustomerBatch]) -> None:
    """Decide what to send for each group; a bug with one delays no other. Raises only `OUTSIDE`."""
    for group in groups:
        _try(writer.decide, group)


def write_groups(writer: Writer, groups: Sequence[CustomerBatch]) -> None:
    """Write the groups; if this program itself fails, one by one, so that a bug with one lead delays no other. Raises
    only `OUTSIDE`."""
    try:
        writer.write(groups)
    except OUTSIDE:
        raise
    except Exception as error:
        log.error("batch.failed", error=type(error).__name__, at=format_place(error))
        for group in groups:
            if group.open:
                _try(partial(_write_alone, writer), group)


def _write_alone(writer: Writer, group: CustomerBatch) -> None:
    writer.decide(group)
    writer.write([group])


def _try(step: Callable[[CustomerBatch], None], group: CustomerBatch) -> None:
    try:
        step(group)
    except OUTSIDE:
        raise
    except Exception as error:
        log.error("lead.failed", leads=[lead.id for lead in group.leads], error=type(error).__name__)
        group.result = Result(WAITING, code="error", why=reason("fault", error=type(error).__name__))
