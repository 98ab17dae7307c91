"""The portal: its properties and contacts, and the rules by which a row is written. One lock guards it all."""

import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any

from sandbox.hubspot import problems, standard
from sandbox.hubspot.contact import Contact, Plan
from sandbox.hubspot.problems import Problem, Refusal, not_found, validation
from sandbox.hubspot.properties import MAX_UNIQUE, Property, Rule, rule_of
from sandbox.hubspot.quota import Quota
from sandbox.hubspot.rules import find_missing
from sandbox.hubspot.settings import Settings
from sandbox.hubspot.values import Invalid
from sandbox.hubspot.versions import Version

# HubSpot asks for one of these when a contact is created.
REQUIRED = ("email", "firstname", "lastname")
_STAGE = {value: rank for rank, (value, _) in enumerate(standard.LIFECYCLE)}
_ID = re.compile(r"[0-9]{1,18}")
Claims = dict[tuple[str, str], int]
# Type and id of one record, and of the other.
Link = tuple[str, str, str, str]


def _moment(entry: tuple[float, dict[str, str]]) -> float:
    return entry[0]


class Portal:
    """`settings` is replaced, never changed. Methods that are not said to lock expect `lock` to be held."""

    def __init__(self, settings: Settings | None = None, seed: int = 0) -> None:
        self.lock = Lock()
        self._seed = seed
        self.reset(settings or Settings())

    def reset(self, settings: Settings) -> None:
        """Be a new portal."""
        self.settings = settings
        self.quota = Quota()
        self.random = random.Random(self._seed)  # noqa: S311 - shuffles answers, guards nothing
        self.groups = dict(standard.GROUPS)
        self.properties = {definition.name: definition for definition in standard.properties()}
        self.archived: set[str] = set()
        self.rules: dict[str, Rule] = {}
        self.contacts: dict[int, Contact] = {}
        self.merged: dict[int, int] = {}
        self.links: dict[Link, set[int]] = {}
        self.index: dict[str, dict[str, int]] = {}
        self._last_id = 500
        self.derive_rules()

    def tells_multi_status(self, version: Version) -> bool:
        """Whether a batch with refused rows answers 207."""
        own = self.settings.multi_status
        return version.multi_status if own is None else own

    def forget_contacts(self) -> None:
        self.contacts.clear()
        self.merged.clear()
        self.links.clear()
        for owners in self.index.values():
            owners.clear()

    def derive_rules(self) -> None:
        """Follow a change of `properties` or `settings`."""
        phones, formats = self.settings.validate_phones, self.settings.formats
        self.rules = {
            name: rule_of(each, validate_phones=phones, formats=formats.get(name, ()))
            for name, each in self.properties.items()
        }
        for name, rule in self.rules.items():
            if rule.unique:
                self.index.setdefault(name, {})

    def add_property(self, definition: Property) -> None:
        """Raises `Problem`: 409 where the name is taken, also by an archived one, 400 where the portal is full."""
        if definition.name in self.properties or definition.name in self.archived:
            raise Problem(409, "OBJECT_ALREADY_EXISTS", f"A property named '{definition.name}' already exists.")
        if definition.group_name not in self.groups:
            raise validation(f"The property group '{definition.group_name}' does not exist.")
        own = [each for each in self.properties.values() if not each.hubspot_defined]
        if len(own) >= self.settings.max_properties:
            raise validation(f"The limit of {self.settings.max_properties} custom properties is reached.")
        if definition.has_unique_value and sum(each.has_unique_value for each in own) >= MAX_UNIQUE:
            raise validation(f"The limit of {MAX_UNIQUE} unique properties is reached.")
        self.properties[definition.name] = definition
        self.derive_rules()

    def find(self, name: str | None, value: str) -> Contact | None:
        """The contact with that id, or with that value of a unique property; raises `Problem` for any other."""
        if name is None or name == "hs_object_id":
            return self.contacts.get(self._survivor(int(value))) if _ID.fullmatch(value) else None
        if name not in self.index:
            raise validation(f"The property {name} is not a unique identifier property of CONTACT.")
        owner = self.index[name].get(value.lower() if name == "email" else value)
        return self.contacts[owner] if owner is not None else None

    def _survivor(self, contact_id: int) -> int:
        while contact_id in self.merged:
            contact_id = self.merged[contact_id]
        return contact_id

    def find_to_write(self, name: str | None, value: str) -> Contact | None:
        """Like `find`, for a write: the old id of a merged contact may be nobody's."""
        if self.settings.merged_writes == "refused" and name in (None, "hs_object_id"):
            return self.contacts.get(int(value)) if _ID.fullmatch(value) else None
        return self.find(name, value)

    def merge(self, primary: Contact, other: Contact) -> Contact:
        """Make one new contact of two. It answers to the ids and the emails of both; what else is unique of the other
        one is free again, unless it fills a blank (an email always does). Raises `Problem` for one and the same."""
        if primary is other:
            raise validation("A contact cannot be merged with itself.")
        emails = [value for value, owner in self.index["email"].items() if owner in (primary.id, other.id)]
        for each in (primary, other):
            self.remove(each)
        now, form = time.time(), self.settings.merged_values
        created = min(primary.created, other.created)
        new = Contact(self._next_id(), created, now, log=sorted([*primary.log, *other.log], key=_moment), since=now)
        self.merged |= dict.fromkeys((primary.id, other.id), new.id)
        fillable = {
            name: value
            for name, value in other.properties.items()
            if name == "email" or form == "filled_unique" or (form == "filled" and name not in self.index)
        }
        values = fillable | primary.properties
        values["hs_merged_object_ids"] = ";".join(map(str, self._ids_merged_into(new)))
        cleared = dict.fromkeys(other.properties.keys() - values.keys(), "")
        self.commit([Plan(new, cleared | values, new=False)])
        for email in emails:
            self.index["email"].setdefault(email, new.id)
        self._relink({str(primary.id), str(other.id)}, str(new.id))
        return new

    def _ids_merged_into(self, contact: Contact) -> list[int]:
        return sorted(old for old in self.merged if self._survivor(old) == contact.id)

    def _relink(self, old: set[str], new: str) -> None:
        """Let the associations of merged contacts be those of the new one."""
        links, self.links = self.links, {}
        for (start, start_id, end, end_id), types in links.items():
            first = new if start == "contact" and start_id in old else start_id
            last = new if end == "contact" and end_id in old else end_id
            self.links.setdefault((start, first, end, last), set()).update(types)

    def merge_into(self, primary: Contact, other: Contact) -> None:
        """The merge of former years: the primary contact keeps its id, and its blanks are filled with all that the
        other one has."""
        if primary is other:
            raise validation("A contact cannot be merged with itself.")
        self.remove(other)
        self.merged[other.id] = primary.id
        self.commit([Plan(primary, {**other.properties, **primary.properties}, new=False)])
        primary.properties["hs_merged_object_ids"] = ";".join(map(str, self._ids_merged_into(primary)))
        if email := other.properties.get("email"):
            self.index["email"].setdefault(email, primary.id)

    def get(self, name: str | None, value: str, *, to_write: bool = False) -> Contact:
        """Like `find` or `find_to_write`; raises `Problem` 404."""
        contact = self.find_to_write(name, value) if to_write else self.find(name, value)
        if contact is None:
            raise not_found("The object")
        return contact

    def _next_id(self) -> int:
        self._last_id += 1 + self.random.randrange(50)
        return self._last_id

    def plan_upsert(self, row: Any, claims: Claims, *, demanding: bool) -> Plan:
        known = self.find_to_write(row.id_property, row.id)
        if known is not None:
            return self.plan_change(known, row.properties, claims, demanding=demanding)
        return self.plan_create({row.id_property: row.id, **row.properties}, claims, demanding=demanding)

    def plan_update(self, row: Any, claims: Claims, *, demanding: bool) -> Plan:
        known = self.find_to_write(row.id_property, row.id)
        if known is None:
            raise problems.missing([row.id])
        return self.plan_change(known, row.properties, claims, demanding=demanding)

    def plan_create(self, properties: Mapping[str, str], claims: Claims, *, demanding: bool = False) -> Plan:
        now = time.time()
        plan = self._plan(Contact(self._next_id(), now, now), properties, claims, new=True)
        if not any(plan.changes.get(name) for name in REQUIRED):
            raise problems.required_missing(REQUIRED)
        plan.changes.setdefault("lifecyclestage", "lead")
        return self._demand(plan) if demanding else plan

    def plan_change(
        self, contact: Contact, properties: Mapping[str, str], claims: Claims, *, demanding: bool = False
    ) -> Plan:
        """What writing `properties` means; raises `Problem`. `claims`: unique values that earlier rows will hold;
        `demanding`: the admin's required properties hold."""
        plan = self._plan(contact, properties, claims, new=False)
        return self._demand(plan) if demanding else plan

    def _demand(self, plan: Plan) -> Plan:
        lacking = find_missing(self.settings.required, plan.contact.properties | plan.changes, new=plan.new)
        if lacking:
            labels = [self.properties[name].label if name in self.properties else name for name in lacking]
            raise problems.required_by_admin(self.settings.required_body, lacking, labels)
        return plan

    def make_room(self, count: int) -> None:
        """Raises `Problem` if the portal has no room for so many more contacts."""
        limit = self.settings.max_records
        if limit is not None and len(self.contacts) + count > limit:
            raise problems.no_room(self.settings.limit_status, limit)

    def _plan(self, contact: Contact, properties: Mapping[str, str], claims: Claims, *, new: bool) -> Plan:
        changes: dict[str, str] = {}
        unique: list[tuple[str, str]] = []
        refusals: list[Refusal] = []
        for name, value in properties.items():
            rule = self.rules.get(name)
            try:
                if rule is None:
                    raise Invalid("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
                value = rule.keep(value)
            except Invalid as error:
                refusals.append(Refusal(name, error.code, error.message))
                continue
            if name == "lifecyclestage" and value and self._is_back(contact, value):
                continue
            if rule.unique and value:
                unique.append((name, value))
            changes[name] = value
        if refusals:
            raise problems.invalid_values(refusals, self.settings.listed_in_message, self.settings.listed_in_errors)
        for name, value in unique:
            owner = self.index[name].get(value, claims.get((name, value)))
            if owner is not None and owner != contact.id:
                raise self._conflict(name, value, contact.id, owner, new=new)
        return Plan(contact, changes, new, unique)

    def _is_back(self, contact: Contact, stage: str) -> bool:
        current = contact.properties.get("lifecyclestage")
        return current is not None and _STAGE.get(stage, 99) < _STAGE.get(current, -1)

    def _conflict(self, name: str, value: str, own: int, owner: int, *, new: bool) -> Problem:
        form = self.settings.batch_conflict or self.settings.conflict
        if form == "default":
            form = "existing_id" if new else "coordinates"
        if self.settings.batch_conflict and owner not in self.contacts:
            # It is a row of the same batch, of which nothing will be written.
            form = "no_id"
        return problems.already_exists(form, self.settings.portal_id, name, value, own, owner)

    def commit(self, plans: Iterable[Plan]) -> None:
        """Write what was planned."""
        now = time.time()
        for plan in plans:
            contact, changes = plan.contact, plan.changes
            self.contacts[contact.id] = contact
            contact.log.append((now, changes))
            for name in self.index.keys() & changes.keys():
                self._reindex(name, contact.properties.get(name, ""), changes[name], contact.id)
            merged = {name: value for name, value in (contact.properties | changes).items() if value}
            if merged != contact.properties:
                contact.properties, contact.updated = merged, now

    def _reindex(self, name: str, before: str, value: str, owner: int) -> None:
        if before and value != before:
            del self.index[name][before]
        if value:
            self.index[name][value] = owner

    def remove(self, contact: Contact) -> None:
        """Archive or erase; its unique values are free again."""
        del self.contacts[contact.id]
        for owners in self.index.values():
            for value in [value for value, owner in owners.items() if owner == contact.id]:
                del owners[value]

    def write_batch(
        self, rows: list[Any], plan: Callable[[Any, Claims], Plan], *, partial: bool
    ) -> tuple[list[Plan], list[tuple[Any, Problem]]]:
        """Write the good rows if bad ones may be left out (`partial`); else the first bad row's `Problem` is raised and
        nothing is written. A row whose contact does not exist never spoils the others. Takes the lock."""
        plans: list[Plan] = []
        problems: list[tuple[Any, Problem]] = []
        claims: Claims = {}
        created = 0
        with self.lock:
            for row in rows:
                try:
                    planned = plan(row, claims)
                    if planned.new:
                        self.make_room(created + 1)
                except Problem as problem:
                    spoils = problem.status == 409 and self.settings.batch_conflict is not None
                    if spoils or (not partial and problem.status != 404):
                        raise
                    problems.append((row, problem))
                else:
                    planned.row = row
                    plans.append(planned)
                    claims.update(dict.fromkeys(planned.unique, planned.contact.id))
                    created += planned.new
            self.commit(plans)
        return plans, problems
