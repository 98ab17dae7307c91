"""What one event says about its customer, in HubSpot's property names; and which properties go together."""

from collections.abc import Mapping

from msgspec import Struct, field

from leadcore.receipts import Note

NAME = ("firstname", "lastname")
ADDRESS = (
    "address", "city", "state", "zip", "country", "dealdroid_subdistrict", "dealdroid_district", "dealdroid_village",
)  # fmt: skip
PLACE = ("zip", "state", "country")
DETAILS = (*NAME, "company", "email", "phone", "mobilephone")
ACTIVITY = (
    "dealdroid_last_intent", "dealdroid_last_intent_at", "dealdroid_payment_method", "dealdroid_cart",
    "dealdroid_cart_total", "dealdroid_product_type",
)  # fmt: skip
CUSTOMER_ID = "dealdroid_customer_id"
OTHER_IDS = "dealdroid_other_customer_ids"
UNSAVED = "dealdroid_unsaved"
NAME_GIVEN = "dealdroid_name_given"
SHORTER = ("dealdroid_shorter_1", "dealdroid_shorter_2", "dealdroid_shorter_3")
"""Names in the clock only: the shorter forms of a name of many words, which are no news after it."""
PLACEHOLDER = "dealdroid_placeholder"
"""A name in the clock only: the last name that this system made up, which a real name replaces."""


class Facts(Struct, frozen=True):
    """Values that were said; what was not said is absent. `details`: name, email, phone and what belongs to them.
    `address`: the parts of one address. `activity`: intent, cart, payment. `creation`: sent only to a contact that
    this write makes. `unsaved`: field -> the text that could not be used, for a person to read. `placeholder`: the last
    name of a contact that has neither name nor email, "" where nobody could be called or written to. `language`: base
    code of the customer's language. `buying`: the cart holds something."""

    details: Mapping[str, str] = field(default_factory=dict)
    address: Mapping[str, str] = field(default_factory=dict)
    activity: Mapping[str, str] = field(default_factory=dict)
    creation: Mapping[str, str] = field(default_factory=dict)
    unsaved: Mapping[str, str] = field(default_factory=dict)
    placeholder: str = ""
    email_refused: bool = False
    language: str = ""
    buying: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def makes_contact(self) -> bool:
        """Whether there is anything to call, write or send to: an unknown customer without it gets no contact."""
        return any(name in self.details for name in DETAILS) or bool(self.address) or bool(self.placeholder)
