import pytest

from leadcore.receipts import PROPERTIES
from workers.hubspot.properties import DEFINITIONS
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import (
    ACTIVITY,
    ADDRESS,
    CUSTOMER_ID,
    DETAILS,
    OTHER_IDS,
    PLACE,
    PLACEHOLDER,
    SHORTER,
    UNSAVED,
)


@pytest.mark.parametrize(
    ("mapped", "makes"),
    [
        (MappedEvent(), False),
        (MappedEvent(details={"firstname": "Ann"}), True),
        (MappedEvent(details={"company": "Example Co."}), True),
        (MappedEvent(details={"email": "a@example.com"}), True),
        (MappedEvent(details={"phone": "+66812345678"}), True),
        (MappedEvent(details={"hs_language": "th"}), False),
        (MappedEvent(address={"zip": "10110"}), True),
        (MappedEvent(activity={"dealdroid_last_intent": "Ask price"}, buying=True, language="th"), False),
        (MappedEvent(creation={"hs_lead_status": "NEW"}), False),
        (MappedEvent(unsaved={"payment_method": "wallet"}), False),
        (MappedEvent(unsaved={"email": "a(at)x"}, placeholder="Chat b9d35283"), True),
    ],
)
def test_a_contact_needs_a_name_a_contact_detail_or_an_address(mapped: MappedEvent, makes: bool) -> None:
    assert mapped.makes_contact is makes


def test_every_name_has_its_code_in_records_and_receipts() -> None:
    assert {*DETAILS, *ADDRESS, *ACTIVITY, CUSTOMER_ID, OTHER_IDS, UNSAVED, PLACEHOLDER} <= set(PROPERTIES)
    assert len(PROPERTIES) == len(set(PROPERTIES))
    assert set(PLACE) <= set(ADDRESS)


def test_every_property_of_ours_is_made_by_setup() -> None:
    ours = {name for name in PROPERTIES if name.startswith("dealdroid_")} - {PLACEHOLDER, *SHORTER}
    assert ours == {one.name for one in DEFINITIONS}
