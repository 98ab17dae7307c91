"""The portal, as far as orders are concerned, read again every hour: by one worker for all of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from msgspec import to_builtins

from leadcore.config import Orders
from leadcore.machine import Event
from leadcore.reasons import reason
from leadcore.store.connection import Redis
from workers.flow.errors import LineDown
from workers.hubspot.answers import Answer, raise_line_down
from workers.hubspot.client import HubSpot
from workers.hubspot.errors import objects
from workers.hubspot.portal_store import PortalStore, shorten
from workers.hubspot.shared_cache import SharedCache
from workers.rules.mapping.contact import PortalOptions
from workers.rules.mapping.options import Option
from workers.rules.orders.portal import OrderPortal, Stage, find_named
from workers.rules.orders.property_names import ESSENTIAL, LINE_ID, NAMES, ORDER_ID

LINES = "line_items"
# HubSpot's ids of the kinds of records that an admin has to activate.
ACTIVATED = {"orders": "0-123", "carts": "0-142"}
MAX_OWNERS = 500
_CODES = {"currency": "order_currency", "pipeline": "order_pipeline", "stage": "order_stage", "total": "order_amount"}


class OrderPortalCache(SharedCache[OrderPortal]):
    """`connection`: None for a single command. `current` raises `LineDown` for a portal in which no order can be made
    as configured."""

    def __init__(
        self, hubspot: HubSpot, orders: Orders, connection: Redis | None = None, stop: Event | None = None
    ) -> None:
        about = to_builtins((orders.object, orders.pipeline, orders.stage, orders.owners))
        store = None if connection is None else PortalStore(connection, hubspot, "orders", about)
        super().__init__(hubspot.machine, store, stop)
        self.hubspot, self.orders = hubspot, orders

    def fetch(self) -> dict[str, Any]:
        return read_listing(self.hubspot, self.orders)

    def build(self, listing: Mapping[str, Any]) -> OrderPortal:
        return build_order_portal(listing, self.orders)


def read_listing(hubspot: HubSpot, orders: Orders) -> dict[str, Any]:
    """What HubSpot says, for `build_order_portal`. Raises `LineDown`, with `orders_off` where the kind of record has to
    be activated first."""
    kind = orders.kind
    if is_activated(hubspot, kind) is False:
        raise_not_activated(kind)
    return {
        "properties": [shorten(one) for one in hubspot.properties(kind)],
        "line_properties": [shorten(one) for one in hubspot.properties(LINES)],
        "pipelines": [] if kind == "carts" else read_pipelines(hubspot, kind),
        "currencies": read_currencies(hubspot),
        "owners": read_owners(hubspot) if orders.owners else {},
    }


def is_activated(hubspot: HubSpot, kind: str) -> bool | None:
    """Whether records of `kind` can be made in the portal; None if HubSpot does not say."""
    if kind not in ACTIVATED:
        return True
    said = hubspot.request("GET", f"/crm/v3/object-library/enablement/{ACTIVATED[kind]}").json().get("enablement")
    return said if isinstance(said, bool) else None


def raise_not_activated(kind: str) -> NoReturn:
    """Raise `LineDown`: nobody has activated `kind`."""
    raise LineDown("orders_off", reason("object_not_activated", kind=kind.capitalize()))


def read_pipelines(hubspot: HubSpot, kind: str) -> list[dict[str, Any]]:
    """Pipelines in the portal's order, each with its stages in theirs."""
    answer = _ask(hubspot, f"/crm/v3/pipelines/{kind}", f"crm.objects.{kind}.read")
    return [
        {
            "id": str(one.get("id")),
            "label": str(one.get("label") or ""),
            "stages": [
                {"id": str(stage.get("id")), "label": str(stage.get("label") or ""), "closed": _is_closed(stage)}
                for stage in _in_order(one.get("stages"))
            ],
        }
        for one in _in_order(answer.json().get("results"))
    ]


def read_currencies(hubspot: HubSpot) -> list[str]:
    """The portal's currencies, its own first; [] if HubSpot does not say."""
    details = hubspot.request("GET", "/account-info/v3/details").json()
    more = details.get("additionalCurrencies")
    found = [details.get("companyCurrency"), *(more if isinstance(more, list) else [])]
    return [one for one in found if isinstance(one, str) and one]


def read_owners(hubspot: HubSpot) -> dict[str, str]:
    """Email in small letters -> id of every user who can own records."""
    found: dict[str, str] = {}
    after = ""
    while True:
        path = f"/crm/v3/owners?limit={MAX_OWNERS}" + (f"&after={after}" if after else "")
        body = _ask(hubspot, path, "crm.objects.owners.read").json()
        found |= {str(one.get("email") or "").casefold(): str(one.get("id")) for one in objects(body.get("results"))}
        paging = body.get("paging")
        following = paging.get("next") if isinstance(paging, dict) else None
        after = str(following.get("after") or "") if isinstance(following, dict) else ""
        if not after:
            return found


def _ask(hubspot: HubSpot, path: str, scope: str) -> Answer:
    answer = hubspot.request("GET", path)
    raise_line_down(answer, [scope])
    if answer.status >= 400:
        raise LineDown("unexpected", reason("answer_unexpected", status=answer.status))
    return answer


def _in_order(parts: Any) -> list[dict[str, Any]]:
    kept = [one for one in objects(parts) if not one.get("archived")]
    return sorted(kept, key=lambda one: one["displayOrder"] if isinstance(one.get("displayOrder"), int) else 0)


def _is_closed(stage: Mapping[str, Any]) -> bool:
    """HubSpot's word for it depends on the kind of record."""
    metadata = stage.get("metadata")
    said = metadata if isinstance(metadata, dict) else {}
    return str(said.get("isClosed")).lower() == "true" or "CLOSED" in (said.get("state"), said.get("ticketState"))


def build_order_portal(listing: Mapping[str, Any], orders: Orders) -> OrderPortal:
    """Pure: the portal that HubSpot describes. Raises `LineDown` for one in which no order can be made as configured;
    an owner that it lacks is left out."""
    kind = orders.kind
    properties, lines = listing["properties"], listing["line_properties"]
    for name, known in ((ORDER_ID, properties), (LINE_ID, lines)):
        if not any(one.get("name") == name and one.get("hasUniqueValue") is not False for one in known):
            raise LineDown("order_key", reason("key_lacking", property=name))
    for what, name in find_unwritable(listing, orders):
        raise LineDown(_CODES[what], reason("essential_read_only", property=name, kind=kind))
    pipeline = first = ""
    stages: tuple[Stage, ...] = ()
    if kind != "carts":
        chosen = choose_pipeline(listing["pipelines"], orders)
        pipeline = chosen["id"]
        stages = tuple(Stage(**one) for one in chosen["stages"])
        first = choose_stage(chosen, orders)
    owners = listing["owners"]
    return OrderPortal(
        kind,
        list_writable(properties),
        list_writable(lines),
        _options(properties),
        frozenset(listing["currencies"]),
        pipeline,
        stages,
        first,
        tuple(owners[email.casefold()] for email in orders.owners if email.casefold() in owners),
        frozenset(NAMES[kind][what] for what in ESSENTIAL if what in NAMES[kind]) - list_writable(properties),
        next(iter(listing["currencies"]), ""),
    )


def find_unwritable(listing: Mapping[str, Any], orders: Orders) -> list[tuple[str, str]]:
    """Pure: what an order may not be without and cannot be given in this portal: one of `ESSENTIAL`, and its property.
    An amount that HubSpot calculates need not be given, nor the currency that is the portal's own."""
    names, known = NAMES[orders.kind], {one.get("name"): one for one in listing["properties"]}
    writable, found = list_writable(listing["properties"]), []
    for what in ESSENTIAL:
        name = names.get(what)
        if name is None or name in writable:
            continue
        is_calculated = what == "total" and known.get(name, {}).get("calculated") is True
        is_implied = what == "currency" and listing["currencies"][:1] == [orders.currency]
        if not (is_calculated or is_implied):
            found.append((what, name))
    return found


def choose_pipeline(pipelines: Sequence[Mapping[str, Any]], orders: Orders) -> Mapping[str, Any]:
    """Pure: the configured one, else the portal's first. Raises `LineDown` if there is none."""
    found: Mapping[str, Any] | None
    if orders.pipeline.strip():
        found = find_named({one["id"]: (one["label"], one) for one in pipelines}, orders.pipeline.strip())
    else:
        found = next(iter(pipelines), None)
    if found is None or not found["stages"]:
        others = _labels(pipelines)
        why = reason("no_pipeline", name=orders.pipeline or '""', kind=orders.kind, others=others)
        raise LineDown("order_pipeline", why)
    return found


def choose_stage(pipeline: Mapping[str, Any], orders: Orders) -> str:
    """Pure: the id of the configured stage, else of the pipeline's first. Raises `LineDown` if it is not there."""
    if not orders.stage.strip():
        return str(pipeline["stages"][0]["id"])
    found = find_named({one["id"]: (one["label"], one["id"]) for one in pipeline["stages"]}, orders.stage.strip())
    if found is None:
        others = _labels(pipeline["stages"])
        why = reason("no_stage", name=orders.stage, pipeline=pipeline["label"], others=others)
        raise LineDown("order_stage", why)
    return str(found)


def _labels(parts: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(str(one["label"]) for one in parts) or "-"


def list_writable(definitions: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The names of those of the properties, as HubSpot describes them, that take values."""
    return frozenset(
        str(one.get("name"))
        for one in definitions
        if not (one.get("modificationMetadata") or {}).get("readOnlyValue") and one.get("calculated") is not True
    )


def _options(definitions: Iterable[Mapping[str, Any]]) -> PortalOptions:
    found = {
        str(one.get("name")): [Option(str(o.get("value")), str(o.get("label"))) for o in one.get("options") or []]
        for one in definitions
        if one.get("type") == "enumeration"
    }
    return PortalOptions({name: choices for name, choices in found.items() if choices})
