"""The properties of orders, carts, deals, line items and notes in a new portal, as far as a lead sync meets them.

Sources: HubSpot's guides to orders and carts, its public API descriptions, and other integrators' code.
"""

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation

from sandbox.hubspot.object_types import LINE_ITEMS, ObjectType
from sandbox.hubspot.properties import Property, built_in, options_of, owner_property

# Object type -> name and label of the one group that its properties are in.
GROUPS = {
    "carts": ("cart_information", "Cart information"),
    "deals": ("dealinformation", "Deal information"),
    "line_items": ("lineiteminformation", "Line item information"),
    "notes": ("engagement", "Activity information"),
    "orders": ("order_information", "Order information"),
    "products": ("productinformation", "Product information"),
}
_TEXT, _AREA, _NUMBER, _MOMENT = ("string", "text"), ("string", "textarea"), ("number", "number"), ("datetime", "date")
_CHOICE = ("enumeration", "select")
_ADDRESS = {
    "name": "name",
    "street": "street",
    "city": "city",
    "state": "state",
    "postal_code": "postal code",
    "country": "country",
    "phone": "phone number",
}
_PLACES = {
    f"hs_{side}_address_{part}": (f"{side.capitalize()} address {label}", _TEXT)
    for side in ("shipping", "billing")
    for part, label in _ADDRESS.items()
}
_PROPERTIES: dict[str, dict[str, tuple[str, tuple[str, str]]]] = {
    "orders": {
        "hs_order_name": ("Name", _TEXT),
        "hs_currency_code": ("Currency code", _CHOICE),
        "hs_total_price": ("Total price", _NUMBER),
        "hs_subtotal_price": ("Subtotal price", _NUMBER),
        "hs_shipping_cost": ("Shipping cost", _NUMBER),
        "hs_order_discount": ("Order discount", _NUMBER),
        "hs_tax": ("Tax price", _NUMBER),
        "hs_order_note": ("Order note", _AREA),
        "hs_tags": ("Tags", _TEXT),
        "hs_external_order_id": ("Order ID", _TEXT),
        "hs_external_order_status": ("Order status", _TEXT),
        "hs_external_created_date": ("External created date", _MOMENT),
        "hs_source_store": ("Source store", _TEXT),
        "hs_fulfillment_status": ("Fulfillment status", _TEXT),
        "hs_payment_status": ("Payment status", _TEXT),
        "hs_payment_processing_method": ("Payment processing method", _TEXT),
        "hs_shipping_tracking_number": ("Shipping tracking number", _TEXT),
        "hs_shipping_status": ("Shipping status", _TEXT),
        "hs_shipping_status_url": ("Shipping status URL", _TEXT),
        "hs_pipeline": ("Pipeline", _CHOICE),
        "hs_pipeline_stage": ("Stage", _CHOICE),
        **_PLACES,
    },
    "carts": {
        "hs_cart_name": ("Name", _TEXT),
        "hs_currency_code": ("Currency code", _CHOICE),
        "hs_total_price": ("Total price", _NUMBER),
        "hs_subtotal_price": ("Subtotal price", _NUMBER),
        "hs_shipping_cost": ("Shipping cost", _NUMBER),
        "hs_cart_discount": ("Cart discount", _NUMBER),
        "hs_tax": ("Tax", _NUMBER),
        "hs_tags": ("Tags", _TEXT),
        "hs_cart_url": ("Cart URL", _TEXT),
        "hs_external_cart_id": ("Cart ID", _TEXT),
        "hs_external_status": ("Cart status", _TEXT),
        "hs_external_created_date": ("External created date", _MOMENT),
        "hs_source_store": ("Source store", _TEXT),
    },
    "deals": {
        "dealname": ("Deal Name", _TEXT),
        "amount": ("Amount", _NUMBER),
        "deal_currency_code": ("Currency", _CHOICE),
        "closedate": ("Close Date", _MOMENT),
        "description": ("Deal Description", _AREA),
        "pipeline": ("Pipeline", _CHOICE),
        "dealstage": ("Deal Stage", _CHOICE),
    },
    "line_items": {
        "name": ("Name", _TEXT),
        "description": ("Description", _AREA),
        "price": ("Unit price", _NUMBER),
        "quantity": ("Quantity", _NUMBER),
        "discount": ("Unit discount", _NUMBER),
        "hs_discount_percentage": ("Discount percentage", _NUMBER),
        "tax": ("Tax", _NUMBER),
        "hs_sku": ("SKU", _TEXT),
        "hs_product_id": ("Product ID", _NUMBER),
        "hs_external_id": ("External ID", _NUMBER),
        "hs_images": ("Image URL", _TEXT),
        "hs_url": ("URL", _TEXT),
        "hs_position_on_quote": ("Position", _NUMBER),
        "hs_line_item_currency_code": ("Currency", _CHOICE),
    },
    "notes": {
        "hs_timestamp": ("Activity date", _MOMENT),
        "hs_note_body": ("Note body", _AREA),
        "hs_attachment_ids": ("Attachment IDs", _TEXT),
    },
    "products": {
        "name": ("Name", _TEXT),
        "description": ("Product description", _AREA),
        "price": ("Unit price", _NUMBER),
        "hs_sku": ("SKU", _TEXT),
        "hs_cost_of_goods_sold": ("Unit cost", _NUMBER),
        "hs_pricing_model": ("Pricing model", _TEXT),
        "hs_url": ("URL", _TEXT),
        "hs_images": ("Image URL", _TEXT),
        # In a portal of several currencies: one for each.
        **{f"hs_price_{code}": (f"Price {code.upper()}", _NUMBER) for code in ("thb", "usd", "eur")},
    },
}
_DEAL_TYPES = (("newbusiness", "New Business"), ("existingbusiness", "Existing Business"))
_READ_ONLY = {
    "hs_object_id": ("Record ID", *_NUMBER),
    "hs_created_by_user_id": ("Created by user ID", *_NUMBER),
    "hs_updated_by_user_id": ("Updated by user ID", *_NUMBER),
}


def properties(object_type: ObjectType) -> list[Property]:
    """A fresh list of definitions."""
    group, _ = GROUPS[object_type.name]
    found = [built_in(name, label, *kind, group) for name, (label, kind) in _PROPERTIES[object_type.name].items()]
    moments = {object_type.created: ("Create date", *_MOMENT), object_type.modified: ("Last modified date", *_MOMENT)}
    locked = [built_in(name, *what, group, locked=True) for name, what in (moments | _READ_ONLY).items()]
    if object_type is LINE_ITEMS:
        calculated = {"amount": "Net price", "hs_pre_discount_amount": "Pre-discount amount"}
        for name, label in calculated.items():
            locked.append(built_in(name, label, *_NUMBER, group, locked=True, calculated=True))
    if object_type.name == "deals":
        kind = built_in("dealtype", "Deal Type", *_CHOICE, group)
        kind.options = options_of(_DEAL_TYPES)
        found.append(kind)
    return [*found, owner_property(group), *locked]


def calculate(object_type: ObjectType, values: Mapping[str, str]) -> dict[str, str]:
    """What HubSpot works out from a record's values: the amounts of a line item that has a price."""
    if object_type is not LINE_ITEMS or not values.get("price"):
        return {}
    with suppress(InvalidOperation):
        price, count = Decimal(values["price"]), Decimal(values.get("quantity") or "1")
        off = Decimal(values.get("discount") or "0")
        off += price * Decimal(values.get("hs_discount_percentage") or "0") / 100
        return {"amount": f"{(price - off) * count:f}", "hs_pre_discount_amount": f"{price * count:f}"}
    return {}
