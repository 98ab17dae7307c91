"""The portal: its records of all types, how they are associated, and how a batch is written."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.hubspot.links import Links, already_a_child, target_of
from sandbox.hubspot.object_types import CONTACTS, LINE_ITEMS, OBJECT_TYPES, PARENTS, ObjectType
from sandbox.hubspot.problems import Problem, validation
from sandbox.hubspot.records import APP, NewLink, Plan, Record, Source, Write
from sandbox.hubspot.settings import Settings
from sandbox.hubspot.table import Claims, Table
from sandbox.hubspot.tenant import Tenant


def _moment(entry: Write) -> float:
    return entry.at


class Portal(Tenant):
    """Methods that are not said to lock expect `lock` to be held."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings or Settings())
        self._begin_empty()

    def reset(self, settings: Settings) -> None:
        """Be a new portal."""
        self.renew(settings)
        self._begin_empty()

    def _begin_empty(self) -> None:
        self.links = Links()
        self.tables = {each.name: Table(each, self) for each in OBJECT_TYPES}

    def table(self, object_type: ObjectType) -> Table:
        return self.tables[object_type.name]

    @property
    def contacts(self) -> Table:
        return self.table(CONTACTS)

    def forget_records(self) -> None:
        self.links.clear()
        for table in self.tables.values():
            table.clear()

    def derive_rules(self) -> None:
        """Follow a change of `settings`."""
        for table in self.tables.values():
            table.derive_rules()

    def merge(self, primary: Record, other: Record) -> Record:
        """Make one new contact of two. It answers to the ids and the emails of both; what else is unique of the other
        one is free again, unless it fills a blank (an email always does). Raises `Problem` for one and the same."""
        if primary is other:
            raise validation("A contact cannot be merged with itself.")
        table, index = self.contacts, self.contacts.index
        emails = [value for value, owner in index["email"].items() if owner in (primary.id, other.id)]
        for each in (primary, other):
            table.erase(each)
        now, form = time.time(), self.settings.merged_values
        created = min(primary.created, other.created)
        log = sorted([*primary.log, *other.log], key=_moment)
        new = Record(CONTACTS, self.next_id(), created, now, log=log, since=now)
        table.merged |= dict.fromkeys((primary.id, other.id), new.id)
        fillable = {
            name: value
            for name, value in other.properties.items()
            if name == "email" or form == "filled_unique" or (form == "filled" and name not in index)
        }
        values = fillable | primary.properties
        values["hs_merged_object_ids"] = ";".join(map(str, table.ids_merged_into(new)))
        cleared = dict.fromkeys(other.properties.keys() - values.keys(), "")
        table.commit([Plan(new, cleared | values, new=False)])
        for email in emails:
            index["email"].setdefault(email, new.id)
        for each in (primary, other):
            self._relink(each, new)
        return new

    def _relink(self, old: Record, new: Record) -> None:
        """Let the associations of a merged contact be those of the new one."""
        for end, types in self.links.detach((old.type.name, old.id)).items():
            self.links.add((new.type.name, new.id), end, frozenset(types))

    def merge_into(self, primary: Record, other: Record) -> None:
        """The merge of former years: the primary contact keeps its id, and its blanks are filled with all that the
        other one has."""
        if primary is other:
            raise validation("A contact cannot be merged with itself.")
        table = self.contacts
        table.erase(other)
        table.merged[other.id] = primary.id
        table.commit([Plan(primary, {**other.properties, **primary.properties}, new=False)])
        primary.properties["hs_merged_object_ids"] = ";".join(map(str, table.ids_merged_into(primary)))
        if email := other.properties.get("email"):
            table.index["email"].setdefault(email, primary.id)
        self._relink(other, primary)

    def remove(self, record: Record, *, erase: bool = False) -> None:
        """Archive or erase a record; what it was associated with stays."""
        self.links.detach((record.type.name, record.id))
        table = self.table(record.type)
        if erase:
            table.erase(record)
        else:
            table.archive(record)

    def plan_create(self, object_type: ObjectType, wanted: Any, claims: Claims, *, demanding: bool) -> Plan:
        """What creating the record of a request's body or row means, with its associations; raises `Problem`."""
        plan = self.table(object_type).plan_create(wanted.properties, claims, demanding=demanding)
        for association in wanted.associations or ():
            types = frozenset(spec.association_type_id for spec in association.types)
            targets = {target_of(object_type, one) for one in types}
            if len(targets) != 1:
                raise validation("The types of an association must lead to one type of record.")
            [target] = targets
            other = self.table(target).find_to_write(None, association.to.id)
            if other is None:
                message = f"No {target.word} with ID {association.to.id} exists."
                raise validation(message, context={"ids": [association.to.id]})
            plan.links.append(NewLink(target, other.id, types))
        for each in plan.links:
            self._claim_line(plan.record, (each.type, each.id), claims)
        return plan

    def _claim_line(self, record: Record, other: tuple[ObjectType, int], claims: Claims) -> None:
        """Raises `Problem` where a line item would have two parents."""
        ends = ((record.type, record.id), other)
        for (line_type, line), (parent_type, parent) in (ends, ends[::-1]):
            if line_type is not LINE_ITEMS or parent_type not in PARENTS:
                continue
            own = (parent_type.name, parent)
            present = [(each.name, one) for each in PARENTS for one in self.links.of((line_type.name, line), each.name)]
            if any(each != own for each in present) or claims.setdefault(("", str(line)), parent) != parent:
                raise already_a_child(line)

    def link(self, record: Record, other: Record, types: frozenset[int]) -> None:
        """Raises `Problem` where a line item would have two parents."""
        self._claim_line(record, (other.type, other.id), {})
        self.links.add((record.type.name, record.id), (other.type.name, other.id), types)

    def commit(self, object_type: ObjectType, plans: Iterable[Plan], source: Source = APP) -> None:
        """Write what was planned."""
        plans = list(plans)
        self.table(object_type).commit(plans, source)
        for plan in plans:
            for each in plan.links:
                self.links.add((object_type.name, plan.record.id), (each.type.name, each.id), each.types)

    def write_batch(
        self, object_type: ObjectType, rows: list[Any], plan: Callable[[Any, Claims], Plan], *, partial: bool
    ) -> tuple[list[Plan], list[tuple[Any, Problem]]]:
        """Write the good rows if bad ones may be left out (`partial`); else the first bad row's `Problem` is raised and
        nothing is written. A row whose record does not exist never spoils the others. Takes the lock."""
        plans: list[Plan] = []
        problems: list[tuple[Any, Problem]] = []
        claims: Claims = {}
        created = 0
        with self.lock:
            for row in rows:
                try:
                    planned = plan(row, claims)
                    if planned.new:
                        self.table(object_type).make_room(created + 1)
                except Problem as problem:
                    spoils = problem.status == 409 and self.settings.batch_conflict is not None
                    if spoils or (not partial and problem.status != 404):
                        raise
                    problems.append((row, problem))
                else:
                    planned.row = row
                    plans.append(planned)
                    claims.update(dict.fromkeys(planned.unique, planned.record.id))
                    created += planned.new
            self.commit(object_type, plans)
        return plans, problems
