"""One event, mapped to HubSpot's property names."""

from collections.abc import Mapping

from msgspec import Struct, field

from leadcore.receipts import Note
from workers.rules.mapping.property_names import DETAILS


class MappedEvent(Struct, frozen=True):
    """The values of one event; a property that the event does not mention is absent.

    `details`: name, email, phone and what belongs to them. `address`: the parts of one address. `activity`: intent,
    cart, payment. `creation`: sent only if this write creates the contact. `unsaved`: field -> the text that could not
    be used, for a person to read. `placeholder`: the last name of a contact without name and email, "" if the event has
    no way to reach the customer. `unclear`: what of "name", "phone", "email" and "address" the event has but nobody can
    read for sure, such as an address that contradicts itself; no message says that it is saved. `language`: base code
    of the customer's language. `buying`: the cart is not empty."""

    details: Mapping[str, str] = field(default_factory=dict)
    address: Mapping[str, str] = field(default_factory=dict)
    activity: Mapping[str, str] = field(default_factory=dict)
    creation: Mapping[str, str] = field(default_factory=dict)
    unsaved: Mapping[str, str] = field(default_factory=dict)
    placeholder: str = ""
    email_refused: bool = False
    unclear: frozenset[str] = frozenset()
    language: str = ""
    buying: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def makes_contact(self) -> bool:
        """Whether it has any name, contact detail or address: without one, no contact is created."""
        return any(name in self.details for name in DETAILS) or bool(self.address) or bool(self.placeholder)
