"""What the sandbox page shows of orders, carts and deals."""

from collections.abc import Mapping
from typing import Any

SHOWN_RECORDS = 20
# Object type -> what it is called, and its properties: name, total, currency, stage.
_TYPES = {
    "orders": ("Order", "hs_order_name", "hs_total_price", "hs_currency_code", "hs_pipeline_stage"),
    "carts": ("Cart", "hs_cart_name", "hs_total_price", "hs_currency_code", ""),
    "deals": ("Deal", "dealname", "amount", "deal_currency_code", "dealstage"),
}
_DETAILS = (
    "hs_payment_status",
    "hs_payment_processing_method",
    "hs_shipping_tracking_number",
    "hs_shipping_status_url",
    "hs_shipping_address_name",
    "hs_shipping_address_phone",
    "hs_shipping_address_street",
    "hs_shipping_address_city",
    "hs_shipping_address_postal_code",
)


def list_sales(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The newest first; `state`: what `/_sandbox/state` of the stand-in for HubSpot tells."""
    lines = {line["id"]: line["properties"] for line in state["line_items"]}
    newest = sorted(((each, kind) for kind in _TYPES for each in state[kind]), key=_created, reverse=True)
    return [
        _sale(record, kind, lines, state["pipelines"].get(kind, {}), state["labels"][kind])
        for record, kind in newest[:SHOWN_RECORDS]
    ]


def _created(sale: tuple[Mapping[str, Any], str]) -> str:
    created: str = sale[0]["created"]
    return created


def _sale(
    record: Mapping[str, Any],
    kind: str,
    lines: Mapping[str, Mapping[str, str]],
    stages: Mapping[str, str],
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """`stages`: id -> label; `stage`: the property that holds the id, "" where there is none."""
    label, name, total, currency, stage = _TYPES[kind]
    values, links = record["properties"], record["associations"]
    return {
        "id": record["id"],
        "kind": kind,
        "name": values.get(name) or label,
        "reference": values.get("dealdroid_order_id", "") if kind == "orders" else "",
        "amount": values.get(total, ""),
        "total": f"{values.get(total, '?')} {values.get(currency, '')}",
        "stage": stage,
        "stage_id": values.get(stage),
        "stages": stages,
        "tracking": values.get("hs_shipping_tracking_number", ""),
        "tracking_url": values.get("hs_shipping_status_url", ""),
        "details": {labels.get(detail, detail): values[detail] for detail in _DETAILS if values.get(detail)},
        "contacts": links.get("contacts", []),
        "lines": [_line(lines[each]) for each in links.get("line_items", ())],
    }


def _line(values: Mapping[str, str]) -> dict[str, str]:
    return {
        "name": values.get("name") or values.get("hs_sku") or "Line",
        "price": f"{values.get('quantity', '?')} × {values.get('price', '?')} = {values.get('amount', '?')}",
    }
