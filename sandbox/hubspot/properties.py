"""Properties: their definitions, and the rule each one sets for values."""

import re
import time
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from sandbox.hubspot import values
from sandbox.hubspot.problems import validation
from sandbox.hubspot.rules import FormatRule, check_format
from sandbox.hubspot.shapes import check_value
from sandbox.hubspot.values import iso

MAX_UNIQUE = 10
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_FIELD_TYPES = {
    "string": {"text", "textarea", "file"},
    "number": {"number"},
    "date": {"date"},
    "datetime": {"date"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox"},
    "bool": {"booleancheckbox"},
}


class Option(Struct, rename="camel"):
    label: str
    value: str
    description: str = ""
    display_order: int = -1
    hidden: bool = False


class Metadata(Struct, frozen=True, rename="camel"):
    archivable: bool = True
    read_only_definition: bool = False
    read_only_options: bool = False
    read_only_value: bool = False


class Property(Struct, rename="camel"):
    """A property as the properties API shows it."""

    name: str
    label: str
    type: str
    field_type: str
    group_name: str
    description: str = ""
    options: list[Option] = []
    has_unique_value: bool = False
    hubspot_defined: bool = False
    calculated: bool = False
    external_options: bool = False
    form_field: bool = False
    hidden: bool = False
    display_order: int = -1
    archived: bool = False
    created_at: str = "2020-01-01T00:00:00.000Z"
    updated_at: str = "2020-01-01T00:00:00.000Z"
    modification_metadata: Metadata = Metadata()


def built_in(
    name: str, label: str, kind: str, field_type: str, group: str, *, locked: bool = False, calculated: bool = False
) -> Property:
    """A definition of HubSpot's own; `locked`: nobody can write its value."""
    return Property(
        name=name,
        label=label,
        type=kind,
        field_type=field_type,
        group_name=group,
        hubspot_defined=True,
        calculated=calculated,
        form_field=not locked,
        modification_metadata=Metadata(
            archivable=False, read_only_definition=True, read_only_options=locked, read_only_value=locked
        ),
    )


def owner_property(group: str) -> Property:
    """To which user a record belongs: the API lists no options, and takes the ids of owners alone."""
    definition = built_in("hubspot_owner_id", "Owner", "enumeration", "select", group)
    definition.external_options = True
    return definition


def options_of(pairs: Iterable[tuple[str, str]]) -> list[Option]:
    """`pairs`: value and label of each, in their order."""
    return [Option(label, value, display_order=at) for at, (value, label) in enumerate(pairs)]


class Rule(Struct, frozen=True):
    """What a property demands of a value. `check` gives the kept form or raises `Invalid`; None takes any text."""

    name: str
    read_only: bool
    unique: bool
    check: values.Check | None

    def keep(self, value: str) -> str:
        """`value` as it is kept; raises `Invalid`. An empty one clears, whatever the type."""
        if self.read_only:
            raise values.Invalid("READ_ONLY_VALUE", f'"{self.name}" is a read only property')
        if len(value) > values.MAX_LENGTH:
            raise values.Invalid("VALUE_TOO_LONG", f'"{self.name}" holds more than {values.MAX_LENGTH} characters')
        return self.check(value) if value and self.check is not None else value


def rule_of(definition: Property, *, validate_phones: bool, formats: tuple[FormatRule, ...] = ()) -> Rule:
    check = _check(definition, validate_phones)
    return Rule(
        name=definition.name,
        read_only=definition.modification_metadata.read_only_value,
        unique=definition.has_unique_value,
        check=check_format(formats, check) if formats else check,
    )


def _check(definition: Property, validate_phones: bool) -> values.Check | None:
    if definition.name == "email":
        return values.email
    if definition.field_type == "phonenumber":
        return values.phone if validate_phones else None
    if definition.type in ("enumeration", "bool"):
        several = definition.field_type == "checkbox"
        return values.one_of((option.value for option in definition.options), several=several)
    return {"number": values.number, "date": values.date, "datetime": values.moment}.get(definition.type)


def create_property(wanted: Any, *, ordered: bool) -> Property:
    """The definition that a `PropertyCreate` asks for; raises `Problem` where HubSpot would refuse it. `ordered`: each
    option needs its displayOrder."""
    for attribute in ("type", "field_type"):
        check_value("PropertyCreate", attribute, getattr(wanted, attribute), "properties")
    if not _NAME.fullmatch(wanted.name) or wanted.name.startswith("hs_"):
        raise validation(f"The property name '{wanted.name}' is not valid or is reserved.")
    if wanted.field_type not in _FIELD_TYPES[wanted.type]:
        raise validation(f"The field type {wanted.field_type} does not go with the type {wanted.type}.")
    options = _options(wanted.options or [], ordered=ordered)
    check_options(wanted.type, options)
    if wanted.has_unique_value and wanted.type not in ("string", "number"):
        raise validation(f"A property of type {wanted.type} cannot hold unique values.")
    now = iso(time.time())
    return Property(
        name=wanted.name,
        label=wanted.label,
        type=wanted.type,
        field_type=wanted.field_type,
        group_name=wanted.group_name,
        description=wanted.description or "",
        options=options,
        has_unique_value=bool(wanted.has_unique_value),
        form_field=bool(wanted.form_field),
        hidden=bool(wanted.hidden),
        display_order=wanted.display_order if wanted.display_order is not None else -1,
        created_at=now,
        updated_at=now,
    )


def _options(wanted: list[Any], *, ordered: bool) -> list[Option]:
    if ordered and any(option.display_order is None for option in wanted):
        raise validation("Invalid input JSON: Some required fields were not set: [displayOrder]")
    return [
        Option(option.label, option.value, option.description or "", option.display_order or at, option.hidden)
        for at, option in enumerate(wanted)
    ]


def check_options(kind: str, options: list[Option]) -> None:
    """Raises `Problem` unless `options` go with the type: a bool needs exactly true and false."""
    offered = [option.value for option in options]
    if kind == "bool" and sorted(offered) != ["false", "true"]:
        raise validation("A bool property needs exactly the options true and false.")
    if kind not in ("bool", "enumeration") and offered:
        raise validation(f"A property of type {kind} cannot have options.")
    if len(set(offered)) != len(offered):
        raise validation("Option values must be unique.")


def change_property(definition: Property, wanted: Any, *, ordered: bool) -> Property:
    """`definition` with the fields of a `PropertyUpdate` that were sent; `ordered` as above."""
    if definition.hubspot_defined and (wanted.type or wanted.field_type):
        raise validation(f"The type of {definition.name} cannot be changed.")
    sent = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if name in Property.__struct_fields__}
    if sent["options"] is not None:
        sent["options"] = _options(sent["options"], ordered=ordered)
        check_options(wanted.type or definition.type, sent["options"])
    changed = {name: value for name, value in sent.items() if value is not None}
    return msgspec.structs.replace(definition, **changed, updated_at=iso(time.time()))
