"""The object types that the stand-in keeps, and what differs between them.

Sources: HubSpot's public API descriptions, its Python client's association types, its guides to orders and carts.
"""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class ObjectType:
    """`name`: its word in paths. `created`, `modified`: the properties that tell when. `shown`: what a read shows
    unasked. `one_of`, `required`: properties of which a creation needs one, and all. `defaults`: what a creation sets
    where nothing is said. `pipeline`, `stage`, `currency`: the properties of these, "" where it has none. `echoed`:
    properties that a write answers with but does not keep. `scope`: whose scopes it needs."""

    name: str
    type_id: str
    label: str
    created: str = "hs_createdate"
    modified: str = "hs_lastmodifieddate"
    shown: tuple[str, ...] = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
    one_of: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()
    pipeline: str = ""
    stage: str = ""
    currency: str = ""
    echoed: frozenset[str] = frozenset()
    scope: str = ""

    @cached_property
    def singular(self) -> str:
        return self.name.removesuffix("s")

    @cached_property
    def word(self) -> str:
        """What error messages call it."""
        return self.singular.upper()

    @cached_property
    def scoped_as(self) -> str:
        return self.scope or self.name


CONTACTS = ObjectType(
    "contacts",
    "0-1",
    "Contact",
    created="createdate",
    modified="lastmodifieddate",
    shown=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    one_of=("email", "firstname", "lastname"),
    defaults=(("lifecyclestage", "lead"),),
)
DEALS = ObjectType(
    "deals",
    "0-3",
    "Deal",
    created="createdate",
    shown=(
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ),
    required=("dealname", "dealstage", "pipeline"),
    pipeline="pipeline",
    stage="dealstage",
    currency="deal_currency_code",
)
LINE_ITEMS = ObjectType(
    "line_items",
    "0-8",
    "Line item",
    created="createdate",
    shown=("amount", "createdate", "hs_lastmodifieddate", "hs_object_id", "hs_product_id", "quantity"),
    currency="hs_line_item_currency_code",
    # Reported of a live portal: a number that the write answers with and every read shows as null.
    echoed=frozenset({"hs_external_id"}),
)
PRODUCTS = ObjectType(
    "products",
    "0-7",
    "Product",
    created="createdate",
    shown=("createdate", "description", "hs_lastmodifieddate", "hs_object_id", "name", "price"),
)
NOTES = ObjectType("notes", "0-46", "Note", required=("hs_timestamp",), scope="contacts")
ORDERS = ObjectType(
    "orders", "0-123", "Order", pipeline="hs_pipeline", stage="hs_pipeline_stage", currency="hs_currency_code"
)
CARTS = ObjectType("carts", "0-142", "Cart", currency="hs_currency_code")
OBJECT_TYPES = (CONTACTS, DEALS, LINE_ITEMS, NOTES, ORDERS, CARTS, PRODUCTS)
# A line item belongs to one of these alone.
PARENTS = (ORDERS, DEALS, CARTS)
_BY_WORD = {word: each for each in OBJECT_TYPES for word in (each.name, each.singular, each.type_id)}


def find_object_type(word: str) -> ObjectType | None:
    """By its plural, singular or id, in small letters or capitals."""
    return _BY_WORD.get(word.lower().replace(" ", "_"))
