"""`leadsync setup`: creates the property group `dealdroid` and its properties in the portal. Safe to repeat."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from leadcore.texts.en import ADD_SCOPE
from workers.flow.errors import LineDown, SetupError
from workers.hubspot.answers import Answer, raise_line_down
from workers.hubspot.client import HubSpot
from workers.hubspot.properties import DEFINITIONS, GROUP, GROUP_LABEL, Definition
from workers.hubspot.scopes import PURPOSES
from workers.rules.mapping.property_names import CUSTOMER_ID


@dataclass(slots=True)
class Report:
    """Names of properties: created; already present; left out, because the portal is full or has archived them."""

    created: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def setup(hubspot: HubSpot) -> Report:
    """Create what is missing. Raises `SetupError` and `LineDown`."""
    try:
        existing = {str(one.get("name")): one for one in hubspot.properties()}
    except LineDown as down:
        raise _scoped(down, "crm.schemas.contacts.read") from None
    key = existing.get(CUSTOMER_ID)
    if key is not None and not key.get("hasUniqueValue"):
        raise SetupError(
            f"The portal has a property {CUSTOMER_ID} whose values need not be unique, and HubSpot cannot change that. "
            "Delete or rename it in HubSpot (Settings > Properties), then run leadsync setup again."
        )
    report = Report(present=[one.name for one in DEFINITIONS if one.name in existing])
    missing = [one for one in DEFINITIONS if one.name not in existing]
    if missing:
        _create_group(hubspot)
        _create(hubspot, [one for one in missing if one.core], report)
        _create(hubspot, [one for one in missing if not one.core], report)
        if any(one.name in report.present for one in missing):
            _check_archived(hubspot, report)
    lacking = [one.name for one in DEFINITIONS if one.core and one.name in report.left_out]
    if lacking:
        raise SetupError(
            f"HubSpot has no room for {', '.join(lacking)}. Delete custom contact properties that nobody uses "
            "(at most 10 may be unique), then run leadsync setup again."
        )
    return report


def _check_archived(hubspot: HubSpot, report: Report) -> None:
    """HubSpot answers 409 both for a property that exists and for an archived one: move the archived ones to
    `left_out`."""
    listed = {str(one.get("name")) for one in hubspot.properties()}
    archived = [name for name in report.present if name not in listed]
    report.present = [name for name in report.present if name in listed]
    report.left_out += archived
    lacking = [one.name for one in DEFINITIONS if one.core and one.name in archived]
    if lacking:
        raise SetupError(
            f"The portal has archived {', '.join(lacking)}. Restore what is archived in HubSpot (Settings > Properties "
            "> Archived), then run leadsync setup again."
        )


def _create_group(hubspot: HubSpot) -> None:
    answer = hubspot.create_group(GROUP, GROUP_LABEL)
    if answer.status not in (200, 201, 409):
        _refuse(answer, "the property group")


def _create(hubspot: HubSpot, definitions: Sequence[Definition], report: Report) -> None:
    """One request each, because a portal that is nearly full may still accept some."""
    for definition in definitions:
        answer = hubspot.create_property(definition.body())
        if answer.status in (200, 201):
            report.created.append(definition.name)
        elif answer.status == 409:
            report.present.append(definition.name)
        elif answer.status == 400 and _is_full(answer):
            report.left_out.append(definition.name)
        else:
            _refuse(answer, definition.name)


def _is_full(answer: Answer) -> bool:
    text = answer.body.decode("utf-8", "replace").lower()
    return any(word in text for word in ("limit", "maximum", "exceed", "too many", "no room"))


def _refuse(answer: Answer, what: str) -> None:
    try:
        raise_line_down(answer)
    except LineDown as down:
        raise _scoped(down, "crm.schemas.contacts.write") from None
    raise SetupError(f"HubSpot refused to create {what} (status {answer.status}).")


def _scoped(down: LineDown, scope: str) -> Exception:
    if down.code == "forbidden":
        return SetupError(
            f"The HubSpot token lacks the scope {scope}, which is needed {PURPOSES[scope]}. {ADD_SCOPE} "
            "Then run leadsync setup again."
        )
    return down
