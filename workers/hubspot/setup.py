"""`leadsync setup`: creates the property group `dealdroid` and its properties in the portal. Safe to repeat."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from leadcore.texts.en import ADD_SCOPE
from workers.flow.errors import LineDown, SetupError
from workers.hubspot.answers import Answer, raise_line_down
from workers.hubspot.client import HubSpot
from workers.hubspot.properties import DEFINITIONS, GROUP, GROUP_LABEL, Definition
from workers.hubspot.scopes import list_purposes

_SINGULAR = {"contacts": "contact", "orders": "order", "deals": "deal", "carts": "cart", "line_items": "line item"}


@dataclass(slots=True)
class Report:
    """Names of properties: created; already present; left out, because the portal is full or has archived them."""

    created: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def setup(hubspot: HubSpot) -> Report:
    """Create what contacts need and the portal lacks. Raises `SetupError` and `LineDown`."""
    return create_properties(hubspot, "contacts", DEFINITIONS)


def create_properties(hubspot: HubSpot, kind: str, definitions: Sequence[Definition]) -> Report:
    """Create those of `definitions` that records of `kind` lack in the portal. Raises `SetupError` and `LineDown`."""
    try:
        existing = {str(one.get("name")): one for one in hubspot.properties(kind)}
    except LineDown as down:
        raise _scoped(down, f"crm.schemas.{kind}.read") from None
    for one in definitions:
        if one.unique and one.name in existing and not existing[one.name].get("hasUniqueValue"):
            raise SetupError(
                f"The portal has a property {one.name} whose values need not be unique, and HubSpot cannot change "
                "that. Delete or rename it in HubSpot (Settings > Properties), then run leadsync setup again."
            )
    report = Report(present=[one.name for one in definitions if one.name in existing])
    missing = [one for one in definitions if one.name not in existing]
    if missing:
        _create_group(hubspot, kind)
        _create(hubspot, kind, [one for one in missing if one.core], report)
        _create(hubspot, kind, [one for one in missing if not one.core], report)
        if any(one.name in report.present for one in missing):
            _check_archived(hubspot, kind, definitions, report)
    lacking = [one.name for one in definitions if one.core and one.name in report.left_out]
    if lacking:
        raise SetupError(
            f"HubSpot has no room for {', '.join(lacking)}. Delete custom {_SINGULAR[kind]} properties that nobody "
            "uses (at most 10 may be unique), then run leadsync setup again."
        )
    return report


def _check_archived(hubspot: HubSpot, kind: str, definitions: Sequence[Definition], report: Report) -> None:
    """HubSpot answers 409 both for a property that exists and for an archived one: move the archived ones to
    `left_out`."""
    listed = {str(one.get("name")) for one in hubspot.properties(kind)}
    archived = [name for name in report.present if name not in listed]
    report.present = [name for name in report.present if name in listed]
    report.left_out += archived
    lacking = [one.name for one in definitions if one.core and one.name in archived]
    if lacking:
        raise SetupError(
            f"The portal has archived {', '.join(lacking)}. Restore what is archived in HubSpot (Settings > Properties "
            "> Archived), then run leadsync setup again."
        )


def _create_group(hubspot: HubSpot, kind: str) -> None:
    answer = hubspot.create_group(GROUP, GROUP_LABEL, kind)
    if answer.status not in (200, 201, 409):
        _refuse(answer, kind, "the property group")


def _create(hubspot: HubSpot, kind: str, definitions: Sequence[Definition], report: Report) -> None:
    """One request each, because a portal that is nearly full may still accept some."""
    for definition in definitions:
        answer = hubspot.create_property(definition.body(), kind)
        if answer.status in (200, 201):
            report.created.append(definition.name)
        elif answer.status == 409:
            report.present.append(definition.name)
        elif answer.status == 400 and _is_full(answer):
            report.left_out.append(definition.name)
        else:
            _refuse(answer, kind, definition.name)


def _is_full(answer: Answer) -> bool:
    text = answer.body.decode("utf-8", "replace").lower()
    return any(word in text for word in ("limit", "maximum", "exceed", "too many", "no room"))


def _refuse(answer: Answer, kind: str, what: str) -> None:
    scope = f"crm.schemas.{kind}.write"
    try:
        raise_line_down(answer, [scope])
    except LineDown as down:
        raise _scoped(down, scope) from None
    raise SetupError(f"HubSpot refused to create {what} (status {answer.status}).")


def _scoped(down: LineDown, scope: str) -> Exception:
    if down.code == "forbidden":
        kind = scope.split(".")[2]
        purpose = list_purposes("" if kind == "contacts" else kind)[scope]
        return SetupError(
            f"The HubSpot token lacks the scope {scope}, which is needed {purpose}. {ADD_SCOPE} "
            "Then run leadsync setup again."
        )
    return down
