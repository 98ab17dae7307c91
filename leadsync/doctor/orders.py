"""Checks of what orders need in the portal. Only with `[orders]`."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadcore.config import Config, Orders
from leadsync.doctor.finding import Finding, fine, warn, wrong
from workers.flow.errors import LineDown
from workers.hubspot.client import HubSpot
from workers.hubspot.errors import objects
from workers.hubspot.order_portal import (
    ACTIVATED,
    LINES,
    choose_pipeline,
    choose_stage,
    find_unwritable,
    read_listing,
)
from workers.hubspot.properties import LINE_DEFINITIONS, ORDER_DEFINITIONS, Definition
from workers.rules.orders.portal import find_named
from workers.rules.orders.property_names import ESSENTIAL, LINE_NAMES, NAMES
from workers.rules.orders.texts import OrderTexts

SUBJECT, ROOM = "Orders", "Room for orders"
TYPE_IDS = {**ACTIVATED, "deals": "0-3", LINES: "0-8"}
# From here on a portal is nearly full.
NEARLY_FULL = 0.9
_SETUP = "Run: leadsync setup"


def check_orders(hubspot: HubSpot, config: Config) -> list[Finding]:
    """What orders need in the portal; nothing is asked without `[orders]`. Raises `LineDown` if HubSpot is away."""
    orders = config.orders
    if orders is None:
        return []
    try:
        listing = read_listing(hubspot, orders)
    except LineDown as down:
        if down.code not in ("orders_off", "forbidden"):
            raise
        return [wrong(SUBJECT, str(down), "Until then orders wait, and contacts are written all the same.")]
    properties, records = (
        hubspot.request("GET", f"/crm/v3/limits/{area}").json() for area in ("custom-properties", "records")
    )
    found = [
        *judge_own(listing["properties"], ORDER_DEFINITIONS, orders.kind),
        *judge_own(listing["line_properties"], LINE_DEFINITIONS, LINES),
        *judge_read_only(listing, orders),
        *judge_pipeline(listing["pipelines"], config),
        *judge_texts(listing["properties"], config),
        *judge_currency(listing["currencies"], orders),
        *judge_owners(listing["owners"], orders),
        *judge_room(properties, records, orders),
    ]
    if all(one.subject != SUBJECT for one in found):
        found.insert(0, fine(SUBJECT, f"All that {orders.kind} need is there."))
    return found


def judge_own(definitions: Sequence[Mapping[str, Any]], own: Sequence[Definition], kind: str) -> list[Finding]:
    """Pure: which of our properties are missing, or do not keep what they are for."""
    known = {str(one.get("name")): one for one in definitions}
    missing = [one.name for one in own if one.name not in known]
    found = [wrong(SUBJECT, f"Missing on {kind}: {', '.join(missing)}.", _SETUP)] if missing else []
    for one in own:
        if one.unique and known.get(one.name, {}).get("hasUniqueValue") is False:
            fix = "Delete or rename it in HubSpot (Settings > Properties), then run: leadsync setup"
            found.append(wrong(SUBJECT, f"{one.name} of {kind} does not have unique values.", fix))
    return found


def judge_read_only(listing: Mapping[str, Any], orders: Orders) -> list[Finding]:
    """Pure: what the portal does not let us write."""
    editable = "Make it editable in HubSpot: Settings > Properties."
    found = [
        wrong(SUBJECT, f"{name} of {orders.kind} is read-only or missing, and no order is made without it.", editable)
        for _, name in find_unwritable(listing, orders)
    ]
    for kind, definitions, names in (
        (orders.kind, listing["properties"], [n for what, n in NAMES[orders.kind].items() if what not in ESSENTIAL]),
        (LINES, listing["line_properties"], list(LINE_NAMES.values())),
    ):
        read_only = {
            str(one.get("name"))
            for one in definitions
            if one.get("calculated") is True or (one.get("modificationMetadata") or {}).get("readOnlyValue")
        }
        lacking = sorted({*names} & read_only)
        if lacking:
            text = f"Read-only on {kind}, so they are left out: {', '.join(lacking)}."
            found.append(
                warn(SUBJECT, text, "Make them editable in HubSpot (Settings > Properties), if you want them.")
            )
    return found


def judge_pipeline(pipelines: Sequence[Mapping[str, Any]], config: Config) -> list[Finding]:
    """Pure: whether pipeline, stage, the stages with a text and that of paid orders are there; if so, where orders
    begin."""
    orders = config.orders
    if orders is None or orders.kind == "carts":
        return []
    try:
        pipeline = choose_pipeline(pipelines, orders)
        first = choose_stage(pipeline, orders)
    except LineDown as down:
        return [wrong(SUBJECT, str(down), "Then restart the workers.")]
    stages = {one["id"]: (one["label"], one["label"]) for one in pipeline["stages"]}
    unknown = sorted(
        {stage for texts in orders.messages.values() for stage in texts if find_named(stages, stage) is None}
    )
    labels = ", ".join(label for label, _ in stages.values())
    found = []
    if unknown:
        text = f"[orders.messages] has texts for {', '.join(unknown)}, but the pipeline has {labels}."
        found.append(warn(SUBJECT, text, "Name the stages as HubSpot does; until then nobody gets these texts."))
    if config.payment and find_named(stages, config.payment.paid_stage) is None:
        text = f"paid_stage under [payment] is {config.payment.paid_stage}, but the pipeline has {labels}."
        fix = "Name the stage as HubSpot does; until then nothing that is paid is moved, and no move says that it is."
        found.append(warn(SUBJECT, text, fix))
    text = f"{orders.kind.capitalize()} begin in {stages[first][0]} of {pipeline['label']} ({labels})."
    return [*found, fine("Stages of orders", text)]


def judge_texts(definitions: Sequence[Mapping[str, Any]], config: Config) -> list[Finding]:
    """Pure: whether the texts of stages speak of properties that there are."""
    texts = OrderTexts.compile(config)
    unknown = sorted((texts.variables if texts else frozenset()) - {str(one.get("name")) for one in definitions})
    if not unknown:
        return []
    text = f"[orders.messages] speaks of {', '.join(unknown)}, which HubSpot does not have; it stays blank."
    return [
        warn(SUBJECT, text, "Use the internal name of the property, as HubSpot shows it under Settings > Properties.")
    ]


def judge_currency(currencies: Sequence[str], orders: Orders) -> list[Finding]:
    """Pure: `currencies`: the portal's, [] where HubSpot does not say."""
    if not currencies or orders.currency in currencies:
        return []
    text = f"The portal does not use {orders.currency}; it has {', '.join(currencies)}."
    fix = "Add it in HubSpot (Settings > Account defaults > Currency), or change currency under [orders]."
    return [wrong(SUBJECT, text, fix)]


def judge_owners(owners: Mapping[str, str], orders: Orders) -> list[Finding]:
    """Pure: `owners`: email in small letters -> id."""
    missing = [email for email in orders.owners if email.casefold() not in owners]
    if not missing:
        return []
    text = f"HubSpot has no user {', '.join(missing)}, so these get no orders."
    return [warn(SUBJECT, text, "Correct owners under [orders], or invite them in HubSpot (Settings > Users & Teams).")]


def judge_room(properties: Mapping[str, Any], records: Mapping[str, Any], orders: Orders) -> list[Finding]:
    """Pure: HubSpot's limits of custom properties and of records, as it tells them."""
    found = []
    for what, parts in (
        ("custom properties", properties.get("byObjectType")),
        ("records", records.get("hubspotDefinedObjectTypes")),
    ):
        by_type = {one.get("objectTypeId"): one for one in objects(parts)}
        for kind in (orders.kind, LINES):
            limit, usage = (by_type.get(TYPE_IDS[kind], {}).get(name) for name in ("limit", "usage"))
            if isinstance(limit, int) and isinstance(usage, int) and usage >= limit * NEARLY_FULL:
                judge = wrong if usage >= limit and what == "records" else warn
                text = f"{usage:,} of {limit:,} {what} of {kind} are used."
                found.append(judge(ROOM, text, "Delete what nobody needs in HubSpot, or buy more room."))
    return found or [fine(ROOM, f"There is room for {orders.kind} and their lines.")]
