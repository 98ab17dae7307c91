"""Writes groups of leads to HubSpot: sends them, reads each row's answer, mends what can be mended, sends again.

Whatever happens, a group whose `fate` is set is done, and one without stays in the inbox as it is.
"""

from collections.abc import Callable, Sequence

import structlog
from msgspec.structs import replace
from rq.timeouts import BaseTimeoutException

from leadcore.logs import format_place
from leadcore.receipts import WAITING
from leadcore.store.connection import AWAY
from workers.flow.errors import LineDown, LostLease, Stopping
from workers.hubspot.client import HubSpot
from workers.rules.lead import CustomerBatch, Result
from workers.rules.mapping.facts import CUSTOMER_ID, OTHER_IDS
from workers.rules.outcomes import Again, Conflict, Gone, Outcome, Refused, Row, Wait, Written
from workers.rules.plan import Plan
from workers.sync.customer_store import CustomerStore
from workers.sync.identity import Identity

ROUNDS = 8
# What is no fault of the leads in hand.
OUTSIDE = (LineDown, LostLease, Stopping, BaseTimeoutException, *AWAY)
log = structlog.get_logger("leadsync.sync")


class Writer:
    """One batch's way to HubSpot. `intact`: whether the store of clocks is whole, so that a customer without a record
    is new. `begun`: whether it was decided what is news, and not written yet."""

    def __init__(
        self, hubspot: HubSpot, plan: Plan, identity: Identity, customers: CustomerStore, *, intact: bool
    ) -> None:
        self.hubspot, self.plan, self.identity = hubspot, plan, identity
        self.customers, self.intact = customers, intact
        self.begun = False

    def begin(self, groups: Sequence[CustomerBatch]) -> None:
        """Decide what is news."""
        for group in groups:
            self.plan.begin(group)
        self.begun = True

    def write(self, groups: Sequence[CustomerBatch]) -> None:
        """Set the result of every group, as far as it can be known now. Whatever is raised, what was done until then
        stands in the groups."""
        if not self.begun:
            self.begin(groups)
        self.begun = False
        unsure = [g for g in groups if g.stored.attempted or not (g.customer.known or self.intact)]
        self._verify([group for group in unsure if not group.customer.shared])
        new = [g for g in groups if g.open and not g.customer.known and not g.stored.attempted]
        self.customers.mark_attempted(new, self.identity.lease)
        for _ in range(ROUNDS):
            self._verify([group for group in groups if group.open and group.detached])
            waiting = [group for group in groups if group.open]
            if not waiting:
                return
            self._look([group for group in waiting if group.careful and not group.looked])
            waiting = [group for group in waiting if group.open and not group.detached]
            # Of a contact that exists only a part is sent, and no upsert may make another one of that part.
            known = [group for group in waiting if group.customer.known]
            self._send([g for g in waiting if not g.customer.known], self.hubspot.upsert, lambda g: g.customer_id)
            self._send(known, self.hubspot.update, lambda g: g.customer.contact_id)
            self.identity.resolve([group for group in waiting if group.open and group.conflict], self.plan)
        for group in groups:
            if group.open:
                group.result = Result(WAITING, code="unsettled", why="HubSpot's answers did not come to an end")

    def _verify(self, groups: Sequence[CustomerBatch]) -> None:
        """A customer without a contact may have one all the same: after a loss of Redis, where the answer to a first
        write was lost, or where a contact that was somebody else's went. Look before values go that are meant for a new
        contact only. And where any write's answer was lost, see which home the contact has."""
        properties = [OTHER_IDS, *self.plan.portal.home()]
        found = self.hubspot.look([group.customer_id for group in groups], properties, CUSTOMER_ID)
        known = []
        for group in groups:
            group.detached = False
            contact = found[group.customer_id]
            if isinstance(contact, Wait):
                group.result = Result(WAITING, code="row", why=contact.why)
            if not isinstance(contact, dict):
                continue
            known.append(group)
            values = self.plan.portal.recall(contact)
            if group.customer.known:
                group.customer = self.plan.learn(group.customer, values)
                continue
            others = contact.get(OTHER_IDS, "").split("\n")
            guest = group.customer_id in others
            group.made = group.stored.attempted and not guest
            group.placeholder = group.placeholder if group.made else ""
            # The phone proves nothing now: the lost write may have filled in the guest's own.
            group.customer = replace(
                group.customer,
                contact_id=contact["id"],
                shared=others != [""],
                fill_only=guest and self.identity.crm.email_match == "fill",
                email_match_only=guest,
            )
            if not group.customer.shared:
                group.customer = self.plan.learn(group.customer, values)
        self.customers.load_shared([group for group in known if group.customer.shared])
        for group in known:
            self.plan.begin(group)

    def _look(self, groups: Sequence[CustomerBatch]) -> None:
        """Read the contacts whose present values decide what may be written."""
        mine = [group for group in groups if self.identity.hold(group)]
        self._refresh([group for group in mine if group.customer.shared])
        mine = [group for group in mine if group.open]
        found = self.hubspot.look([group.customer.contact_id for group in mine], self.plan.portal.compared())
        for group in mine:
            match found[group.customer.contact_id]:
                case Gone():
                    self.plan.restart(group)
                case Wait(why):
                    group.result = Result(WAITING, code="row", why=why)
                case contact:
                    self.plan.respect(group, self.plan.portal.recall(contact))

    def _refresh(self, groups: Sequence[CustomerBatch]) -> None:
        """Until the lock was ours, another customer of the contact may have written: decide on the clock of now."""
        before = [group.contact_record for group in groups]
        self.customers.load_shared(groups)
        for group, record in zip(groups, before, strict=True):
            if group.contact_record != record:
                self.plan.begin(group)

    def _send(
        self,
        groups: Sequence[CustomerBatch],
        call: Callable[[Sequence[Row], dict[str, Outcome]], None],
        identify: Callable[[CustomerBatch], str],
    ) -> None:
        rows = [Row(group.trace_id, identify(group), self.plan.portal.translate(group.properties)) for group in groups]
        outcomes: dict[str, Outcome] = {}
        try:
            call(rows, outcomes)
        finally:
            for group in groups:
                if group.trace_id in outcomes:
                    self._apply(group, outcomes[group.trace_id])

    def _apply(self, group: CustomerBatch, outcome: Outcome) -> None:
        match outcome:
            case Written(contact_id, new):
                self.plan.written(group, contact_id, new)
            case Refused(fields, why):
                self.plan.salvage(group, fields, why)
            case Conflict():
                group.conflict = outcome
            case Gone():
                self.plan.restart(group)
            case Wait(why):
                group.result = Result(WAITING, code="row", why=why)
            case Again():
                pass


def begin(writer: Writer, groups: Sequence[CustomerBatch]) -> None:
    """Decide ahead of `write` what is news."""
    try:
        writer.begin(groups)
    except OUTSIDE:
        raise
    except Exception:  # `write` meets it again, and finds out whose it is
        return


def write(writer: Writer, groups: Sequence[CustomerBatch]) -> None:
    """Write the groups; if this program itself fails, one by one, so that one lead's bug holds up nobody else. Raises
    what is no fault of the leads."""
    try:
        writer.write(groups)
    except OUTSIDE:
        raise
    except Exception as error:
        log.error("batch.failed", error=type(error).__name__, at=format_place(error))
        for group in groups:
            if group.open:
                _write_alone(writer, group)


def _write_alone(writer: Writer, group: CustomerBatch) -> None:
    try:
        writer.write([group])
    except OUTSIDE:
        raise
    except Exception as error:
        log.error("lead.failed", leads=[lead.lead for lead in group.leads], error=type(error).__name__)
        group.result = Result(WAITING, code="error", why=f"a fault in this program ({type(error).__name__})")
