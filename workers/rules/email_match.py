"""Pure: whose contact it is to which only an email led, and whether its phone proves more.

An email typed in a chat is unverified and may be somebody else's. A contact without a customer's id (the shop's own
list) becomes the chat's; one that bears another customer's id stays that customer's, until a person trusts the link.
"""

from collections.abc import Collection, Mapping

from workers.rules.customer import UNRECORDED, Customer
from workers.rules.field_clock import SEEN, Digest
from workers.rules.mapping import phone
from workers.rules.mapping.property_names import CUSTOMER_ID, MERGED, PHONES


def bears_another_id(contact: Mapping[str, str], customer_id: str, *, if_merged: bool) -> bool:
    """Whether the contact is another customer's. A merge takes the id of one of the two contacts away (HubSpot's page
    on merging): `if_merged` says what a merged contact without an id is."""
    owner = contact.get(CUSTOMER_ID, "")
    return owner != customer_id if owner else bool(contact.get(MERGED)) and if_merged


def matching_numbers(said: Mapping[str, str], current: Mapping[str, str], region: str) -> frozenset[str]:
    """The phone numbers (E.164) that the customer said and that the contact has."""
    mine = {said.get(name, "") for name in PHONES} - {""}
    return frozenset(mine & {phone.parse(current.get(name, ""), region).phone for name in PHONES})


def was_filled_in(contact: Customer, numbers: Collection[str], digest: Digest) -> bool:
    """Whether one of `numbers` stands in the contact's shared record as something that a customer matched by email only
    filled in, even one who is forgotten since."""
    filled = {(SEEN, digest(name, number)) for name in PHONES for number in numbers}
    return any(contact.clock.get(name) in filled for name in PHONES)


def may_have_filled(linked: Customer, contact_ids: Collection[str], numbers: Collection[str], digest: Digest) -> bool:
    """Whether one of `numbers` may be on the contact only because this customer, matched by email only, typed it: then
    it proves nothing. `linked`: the record of a customer who is linked to the contact, `contact_ids` its ids, former
    ones too. Where Redis does not know, it may."""
    if linked.contact_id not in contact_ids:
        return True
    if not linked.email_match_only:
        return False
    stamps = {linked.clock[name][1] for name in PHONES if name in linked.clock}
    filled = {digest(name, number) for name in PHONES for number in numbers} | {UNRECORDED}
    return not linked.fill_only or not linked.clock or not stamps.isdisjoint(filled)
