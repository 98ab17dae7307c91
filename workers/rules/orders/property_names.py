"""HubSpot's names of what an order holds, by kind of record; what a kind has no property for is left out."""

from collections.abc import Mapping

ORDER_ID = "dealdroid_order_id"
"""The key of an order: the reference under which it was made."""
REFERENCES = "dealdroid_order_refs"
CUSTOMER = "dealdroid_customer_id"
"""DealDroid's customer id as JSON: 123 is not "123"."""
TOLD = "dealdroid_told"
LINE_ID = "dealdroid_line_id"
MODIFIED = "hs_lastmodifieddate"
DISCOUNTS = ("discount", "hs_discount_percentage")
"""Discounts of a line item, which only people give."""

_OWN = {"order_id": ORDER_ID, "references": REFERENCES, "customer": CUSTOMER, "owner": "hubspot_owner_id"}
_PLACE = "hs_shipping_address_"
NAMES: Mapping[str, Mapping[str, str]] = {
    "orders": {
        **_OWN,
        "name": "hs_order_name",
        "reference": "hs_external_order_id",
        "created": "hs_external_created_date",
        "source": "hs_source_store",
        "currency": "hs_currency_code",
        "total": "hs_total_price",
        "subtotal": "hs_subtotal_price",
        "shipping": "hs_shipping_cost",
        "payment_method": "hs_payment_processing_method",
        "payment_status": "hs_payment_status",
        "note": "hs_order_note",
        "recipient": _PLACE + "name",
        "phone": _PLACE + "phone",
        "street": _PLACE + "street",
        "city": _PLACE + "city",
        "state": _PLACE + "state",
        "postal_code": _PLACE + "postal_code",
        "country": _PLACE + "country",
        "pipeline": "hs_pipeline",
        "stage": "hs_pipeline_stage",
    },
    "deals": {
        **_OWN,
        "name": "dealname",
        "currency": "deal_currency_code",
        "total": "amount",
        "note": "description",
        "pipeline": "pipeline",
        "stage": "dealstage",
    },
    "carts": {
        **_OWN,
        "name": "hs_cart_name",
        "reference": "hs_external_cart_id",
        "source": "hs_source_store",
        "currency": "hs_currency_code",
        "total": "hs_total_price",
        "shipping": "hs_shipping_cost",
    },
}
LINE_NAMES: Mapping[str, str] = {
    "line_id": LINE_ID,
    "name": "name",
    "code": "hs_sku",
    "price": "price",
    "count": "quantity",
    "currency": "hs_line_item_currency_code",
}
ESSENTIAL = ("currency", "pipeline", "stage", "total")
"""What is never left out where HubSpot refuses it: 1,230 without THB is dollars."""
