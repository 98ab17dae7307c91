"""The property group that this system creates in a portal. Core properties are required; the others are created if the
portal has room."""

from dataclasses import dataclass
from typing import Any

from workers.rules.orders.property_names import CUSTOMER, LINE_ID, ORDER_ID, REFERENCES, TOLD

GROUP = "dealdroid"
GROUP_LABEL = "DealDroid"


@dataclass(frozen=True, slots=True)
class Definition:
    """One property; `kind` and `field` are HubSpot's type and fieldType."""

    name: str
    label: str
    kind: str = "string"
    field: str = "text"
    core: bool = False
    unique: bool = False
    options: tuple[tuple[str, str], ...] = ()

    def body(self) -> dict[str, Any]:
        """The body of the request that creates it."""
        body: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "type": self.kind,
            "fieldType": self.field,
            "groupName": GROUP,
        }
        if self.unique:
            body["hasUniqueValue"] = True
        if self.options:
            body["options"] = [
                {"value": value, "label": label, "displayOrder": order, "hidden": False}
                for order, (value, label) in enumerate(self.options)
            ]
        return body


PAYMENT_METHODS = (
    ("bank_transfer", "Bank transfer"),
    ("cash_on_delivery", "Cash on delivery"),
    ("credit_card", "Credit card"),
    ("other", "Other"),
)

DEFINITIONS = (
    Definition("dealdroid_customer_id", "DealDroid customer ID", core=True, unique=True),
    Definition("dealdroid_last_intent", "Last chat intent", core=True),
    Definition("dealdroid_last_intent_at", "Last chat at", "datetime", "date", core=True),
    Definition(
        "dealdroid_payment_method", "Preferred payment", "enumeration", "select", core=True, options=PAYMENT_METHODS
    ),
    Definition("dealdroid_cart", "Cart", "string", "textarea", core=True),
    Definition("dealdroid_cart_total", "Cart total", "number", "number", core=True),
    Definition("dealdroid_subdistrict", "Subdistrict (แขวง/ตำบล)", core=True),
    Definition("dealdroid_district", "District (เขต/อำเภอ)", core=True),
    Definition("dealdroid_unsaved", "Values not saved", "string", "textarea", core=True),
    Definition("dealdroid_other_customer_ids", "Other chat IDs", "string", "textarea", core=True),
    Definition("dealdroid_village", "Village / project"),
    Definition("dealdroid_product_type", "Product type"),
    Definition("dealdroid_first_intent", "First chat intent"),
    Definition("dealdroid_first_intent_at", "First chat at", "datetime", "date"),
    Definition("dealdroid_name_given", "Name as given"),
    Definition("dealdroid_nickname", "Nickname"),
    Definition("dealdroid_other_phones", "Other phones"),
)

ORDER_DEFINITIONS = (
    Definition(ORDER_ID, "DealDroid order reference", core=True, unique=True),
    Definition(REFERENCES, "DealDroid order references", "string", "textarea", core=True),
    Definition(CUSTOMER, "DealDroid customer ID", core=True),
    Definition(TOLD, "Stages told in the chat", "string", "textarea", core=True),
)
"""Of the records that carts become."""
LINE_DEFINITIONS = (Definition(LINE_ID, "DealDroid line", core=True, unique=True),)
"""Of line items."""
