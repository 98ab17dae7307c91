import pytest

from leadcore.receipts import PROPERTIES
from workers.hubspot.properties import DEFINITIONS
from workers.rules.mapping.facts import (
    ACTIVITY,
    ADDRESS,
    CUSTOMER_ID,
    DETAILS,
    OTHER_IDS,
    PLACE,
    PLACEHOLDER,
    SHORTER,
    UNSAVED,
    Facts,
)


@pytest.mark.parametrize(
    ("facts", "makes"),
    [
        (Facts(), False),
        (Facts(details={"firstname": "Ann"}), True),
        (Facts(details={"company": "Example Co."}), True),
        (Facts(details={"email": "a@example.com"}), True),
        (Facts(details={"phone": "+66812345678"}), True),
        (Facts(details={"hs_language": "th"}), False),
        (Facts(address={"zip": "10110"}), True),
        (Facts(activity={"dealdroid_last_intent": "Ask price"}, buying=True, language="th"), False),
        (Facts(creation={"hs_lead_status": "NEW"}), False),
        (Facts(unsaved={"payment_method": "wallet"}), False),
        (Facts(unsaved={"email": "a(at)x"}, placeholder="Chat b9d35283"), True),
    ],
)
def test_a_contact_is_made_of_something_to_call_write_or_send_to(facts: Facts, makes: bool) -> None:
    assert facts.makes_contact is makes


def test_every_name_has_its_code_in_records_and_receipts() -> None:
    assert {*DETAILS, *ADDRESS, *ACTIVITY, CUSTOMER_ID, OTHER_IDS, UNSAVED, PLACEHOLDER} <= set(PROPERTIES)
    assert len(PROPERTIES) == len(set(PROPERTIES))
    assert set(PLACE) <= set(ADDRESS)


def test_every_property_of_ours_is_made_by_setup() -> None:
    ours = {name for name in PROPERTIES if name.startswith("dealdroid_")} - {PLACEHOLDER, *SHORTER}
    assert ours == {one.name for one in DEFINITIONS}
