"""The records of one object type, its properties, and the rules by which a row is written."""

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sandbox.hubspot import contact_properties, problems, sales_properties
from sandbox.hubspot.object_types import CONTACTS, ObjectType
from sandbox.hubspot.pipelines import pipelines_of
from sandbox.hubspot.problems import Problem, Refusal, not_found, validation
from sandbox.hubspot.properties import MAX_UNIQUE, Option, Property, Rule, options_of, rule_of
from sandbox.hubspot.records import APP, Plan, Record, Source, Write
from sandbox.hubspot.rules import find_missing
from sandbox.hubspot.tenant import Tenant
from sandbox.hubspot.values import Invalid

_STAGE = {value: rank for rank, (value, _) in enumerate(contact_properties.LIFECYCLE)}
_ID = re.compile(r"[0-9]{1,18}")
OWNER = "hubspot_owner_id"
# What earlier rows of a batch will hold: (property, value) -> record; of a line item's parent ("", its id).
Claims = dict[tuple[str, str], int]


class Table:
    """`records`, `deleted`: id -> record; `merged`: old id -> that of the record it was merged into; `index`: unique
    property -> value -> id. Methods expect the tenant's `lock` to be held."""

    def __init__(self, object_type: ObjectType, tenant: Tenant) -> None:
        self.type = object_type
        self._tenant = tenant
        if object_type is CONTACTS:
            self.groups, known = dict(contact_properties.GROUPS), contact_properties.properties()
        else:
            self.groups = dict([sales_properties.GROUPS[object_type.name]])
            known = sales_properties.properties(object_type)
        self._built_in = {definition.name: definition for definition in known}
        self.properties = dict(self._built_in)
        self.archived: set[str] = set()
        self.rules: dict[str, Rule] = {}
        self.records: dict[int, Record] = {}
        self.deleted: dict[int, Record] = {}
        self.merged: dict[int, int] = {}
        self.index: dict[str, dict[str, int]] = {}
        self._overridden: set[str] = set()
        self.derive_rules()

    def clear(self) -> None:
        """Forget the records."""
        self.records.clear()
        self.deleted.clear()
        self.merged.clear()
        for owners in self.index.values():
            owners.clear()

    def derive_rules(self) -> None:
        """Follow a change of `properties` or the settings."""
        settings, choices = self._tenant.settings, self._choices()
        self._follow_settings(choices)
        formats = settings.formats if self.type is CONTACTS else settings.record_formats.get(self.type.name, {})
        self.rules = {
            name: rule_of(
                msgspec.structs.replace(each, options=choices[name]) if name in choices else each,
                validate_phones=settings.validate_phones,
                formats=formats.get(name, ()),
            )
            for name, each in self.properties.items()
        }
        for name in [name for name in self.index if not (name in self.rules and self.rules[name].unique)]:
            del self.index[name]
        for name, rule in self.rules.items():
            if rule.unique and name not in self.index:
                values = ((one.properties.get(name), one.id) for one in self.records.values())
                self.index[name] = {value: owner for value, owner in values if value}

    def _follow_settings(self, choices: Mapping[str, list[Option]]) -> None:
        """Let the built-in properties be as this portal has them."""
        settings = self._tenant.settings
        locked, unique = (set(given.get(self.type.name, ())) for given in (settings.read_only, settings.unique))
        offered = {name: options for name, options in choices.items() if name != OWNER}
        for name in (self._overridden | locked | unique | offered.keys()) & self._built_in.keys():
            built_in = self._built_in[name]
            metadata = built_in.modification_metadata
            self.properties[name] = msgspec.structs.replace(
                built_in,
                options=offered.get(name, built_in.options),
                has_unique_value=built_in.has_unique_value or name in unique,
                modification_metadata=msgspec.structs.replace(
                    metadata, read_only_value=metadata.read_only_value or name in locked
                ),
            )
        self._overridden = locked | unique

    def _choices(self) -> dict[str, list[Option]]:
        """Property -> the options that this portal's settings give it. The API does not list owners as options."""
        settings, own = self._tenant.settings, self.type
        pipelines = pipelines_of(settings, own)
        found = {
            OWNER: [(str(number), email) for number, email in settings.owner_ids()],
            own.currency: [(code, code) for code in settings.currencies()],
            own.pipeline: [(each.id, each.label) for each in pipelines],
            own.stage: [stage for each in pipelines for stage in each.stages.items()],
        }
        return {name: options_of(options) for name, options in found.items() if name in self.properties}

    def add_property(self, definition: Property) -> None:
        """Raises `Problem`: 409 where the name is taken, also by an archived one, 400 where the portal is full."""
        settings = self._tenant.settings
        if definition.name in self.properties or definition.name in self.archived:
            raise Problem(409, "OBJECT_ALREADY_EXISTS", f"A property named '{definition.name}' already exists.")
        if definition.group_name not in self.groups:
            raise validation(f"The property group '{definition.group_name}' does not exist.")
        own = self.own_properties()
        if len(own) >= settings.max_properties:
            raise validation(f"The limit of {settings.max_properties} custom properties is reached.")
        if definition.has_unique_value and sum(each.has_unique_value for each in own) >= MAX_UNIQUE:
            raise validation(f"The limit of {MAX_UNIQUE} unique properties is reached.")
        self.properties[definition.name] = definition
        self.derive_rules()

    def own_properties(self) -> list[Property]:
        """The custom ones."""
        return [each for each in self.properties.values() if not each.hubspot_defined]

    def find(self, name: str | None, value: str) -> Record | None:
        """The record with that id, or with that value of a unique property; raises `Problem` for any other."""
        if name is None or name == "hs_object_id":
            return self.records.get(self._survivor(int(value))) if _ID.fullmatch(value) else None
        self.check_unique(name)
        owner = self.index[name].get(value.lower() if name == "email" else value)
        return self.records[owner] if owner is not None else None

    def check_unique(self, name: str) -> None:
        """Raises `Problem` unless records can be found by this property."""
        if name not in self.index:
            raise validation(f"The property {name} is not a unique identifier property of {self.type.word}.")

    def _survivor(self, record_id: int) -> int:
        while record_id in self.merged:
            record_id = self.merged[record_id]
        return record_id

    def find_to_write(self, name: str | None, value: str) -> Record | None:
        """Like `find`, for a write: the old id of a merged record may be nobody's."""
        if self._tenant.settings.merged_writes == "refused" and name in (None, "hs_object_id"):
            return self.records.get(int(value)) if _ID.fullmatch(value) else None
        return self.find(name, value)

    def find_deleted(self, name: str | None, value: str) -> Record | None:
        """Like `find`, among the archived ones."""
        if name is None or name == "hs_object_id":
            return self.deleted.get(int(value)) if _ID.fullmatch(value) else None
        self.check_unique(name)
        return next((each for each in self.deleted.values() if each.properties.get(name) == value), None)

    def get(self, name: str | None, value: str, *, to_write: bool = False) -> Record:
        """Like `find` or `find_to_write`; raises `Problem` 404."""
        record = self.find_to_write(name, value) if to_write else self.find(name, value)
        if record is None:
            raise not_found("The object")
        return record

    def ids_merged_into(self, record: Record) -> list[int]:
        return sorted(old for old in self.merged if self._survivor(old) == record.id)

    def plan_upsert(self, row: Any, claims: Claims, *, demanding: bool) -> Plan:
        known = self.find_to_write(row.id_property, row.id)
        if known is not None:
            return self.plan_change(known, row.properties, claims, demanding=demanding)
        return self.plan_create({row.id_property: row.id, **row.properties}, claims, demanding=demanding)

    def plan_update(self, row: Any, claims: Claims, *, demanding: bool) -> Plan:
        known = self.find_to_write(row.id_property, row.id)
        if known is None:
            raise problems.missing([row.id], self.type.word)
        return self.plan_change(known, row.properties, claims, demanding=demanding)

    def plan_create(self, properties: Mapping[str, str], claims: Claims, *, demanding: bool = False) -> Plan:
        now, own = time.time(), self.type
        plan = self._plan(Record(own, self._tenant.next_id(), now, now), properties, claims, new=True)
        given = {name for name, value in plan.changes.items() if value}
        if own.one_of and not given.intersection(own.one_of):
            raise problems.required_missing(own.one_of, own.word)
        if lacking := [name for name in own.required if name not in given]:
            raise problems.required_missing(lacking, own.word)
        for name, value in (*own.defaults, *self._first_choices(plan.changes)):
            plan.changes.setdefault(name, value)
        return self._demand(plan) if demanding else plan

    def _first_choices(self, changes: Mapping[str, str]) -> Iterable[tuple[str, str]]:
        """Pipeline, stage and currency of a new record that names none."""
        own, settings = self.type, self._tenant.settings
        if own.currency:
            yield own.currency, settings.company_currency
        if pipelines := pipelines_of(settings, own):
            stage = changes.get(own.stage)
            chosen = next((each for each in pipelines if stage in each.stages), pipelines[0])
            chosen = next((each for each in pipelines if each.id == changes.get(own.pipeline)), chosen)
            yield own.pipeline, chosen.id
            yield own.stage, next(iter(chosen.stages))

    def plan_change(
        self, record: Record, properties: Mapping[str, str], claims: Claims, *, demanding: bool = False
    ) -> Plan:
        """What writing `properties` means; raises `Problem`. `claims`: what earlier rows will hold; `demanding`: the
        admin's required properties hold."""
        plan = self._plan(record, properties, claims, new=False)
        return self._demand(plan) if demanding else plan

    def _demand(self, plan: Plan) -> Plan:
        settings = self._tenant.settings
        rules = [each for each in settings.required if each.object == self.type.name]
        lacking = find_missing(rules, plan.record.properties | plan.changes, new=plan.new)
        if lacking:
            labels = [self.properties[name].label if name in self.properties else name for name in lacking]
            raise problems.required_by_admin(settings.required_body, lacking, labels, self.type.word)
        return plan

    def make_room(self, count: int) -> None:
        """Raises `Problem` if the portal has no room for so many more records."""
        settings, limit = self._tenant.settings, self.limit
        if limit is not None and len(self.records) + count > limit:
            raise problems.no_room(settings.limit_status, limit, self.type.word)

    @property
    def limit(self) -> int | None:
        """How many records there may be; None: any number."""
        settings = self._tenant.settings
        return settings.max_records if self.type is CONTACTS else settings.room.get(self.type.name)

    def _plan(self, record: Record, properties: Mapping[str, str], claims: Claims, *, new: bool) -> Plan:
        settings = self._tenant.settings
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
            if name == "lifecyclestage" and value and self._is_back(record, value):
                continue
            if rule.unique and value:
                unique.append((name, value))
            changes[name] = value
        if self._strays(record, changes):
            message = f"{changes.get(self.type.stage, '')} is no stage of this pipeline."
            refusals.append(Refusal(self.type.stage, "INVALID_OPTION", message))
        if refusals:
            raise problems.invalid_values(refusals, settings.listed_in_message, settings.listed_in_errors)
        for name, value in unique:
            owner = self.index[name].get(value, claims.get((name, value)))
            if owner is not None and owner != record.id:
                raise self._conflict(name, value, record.id, owner, new=new)
        return Plan(record, changes, new, unique)

    def _strays(self, record: Record, changes: Mapping[str, str]) -> bool:
        """Whether the record would stand in a stage of another pipeline than its own."""
        own = self.type
        pipeline, stage = (changes.get(name) or record.properties.get(name) for name in (own.pipeline, own.stage))
        found = {each.id: each.stages for each in pipelines_of(self._tenant.settings, own)}
        return pipeline in found and stage is not None and stage not in found[pipeline]

    def _is_back(self, record: Record, stage: str) -> bool:
        current = record.properties.get("lifecyclestage")
        return current is not None and _STAGE.get(stage, 99) < _STAGE.get(current, -1)

    def _conflict(self, name: str, value: str, own: int, owner: int, *, new: bool) -> Problem:
        settings = self._tenant.settings
        form = settings.batch_conflict or settings.conflict
        if form == "default":
            form = "existing_id" if new else "coordinates"
        if settings.batch_conflict and owner not in self.records:
            # It is a row of the same batch, of which nothing will be written.
            form = "no_id"
        return problems.already_exists(form, settings.portal_id, self.type, name, value, own, owner)

    def commit(self, plans: Iterable[Plan], source: Source = APP) -> None:
        """Write what was planned."""
        now = time.time()
        for plan in plans:
            record = plan.record
            changes = {name: value for name, value in plan.changes.items() if name not in self.type.echoed}
            changes |= sales_properties.calculate(self.type, record.properties | changes)
            self.records[record.id] = record
            record.log.append(Write(now, changes, source))
            for name in self.index.keys() & changes.keys():
                self._reindex(name, record.properties.get(name, ""), changes[name], record.id)
            merged = {name: value for name, value in (record.properties | changes).items() if value}
            if merged != record.properties:
                record.properties, record.updated = merged, now

    def _reindex(self, name: str, before: str, value: str, owner: int) -> None:
        if before and value != before:
            del self.index[name][before]
        if value:
            self.index[name][value] = owner

    def archive(self, record: Record) -> None:
        """Its unique values are free again; it can still be read as an archived one."""
        self.erase(record)
        record.archived = time.time()
        self.deleted[record.id] = record

    def erase(self, record: Record) -> None:
        del self.records[record.id]
        for owners in self.index.values():
            for value in [value for value, owner in owners.items() if owner == record.id]:
                del owners[value]
