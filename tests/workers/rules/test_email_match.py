import pytest
from msgspec.structs import replace

from workers.rules.customer import UNKNOWN, UNRECORDED_PHONES, Customer
from workers.rules.email_match import bears_another_id, matching_numbers, may_have_filled, was_filled_in
from workers.rules.field_clock import SEEN, digester
from workers.rules.mapping.property_names import CUSTOMER_ID, MERGED

DIGEST = digester(b"key of the tests")
PHONE = "+66812345678"


@pytest.mark.parametrize(
    ("contact", "if_merged", "anothers"),
    [
        ({}, True, False),
        ({CUSTOMER_ID: ""}, True, False),
        ({CUSTOMER_ID: "c-1"}, True, False),
        ({CUSTOMER_ID: "c-2"}, False, True),
        ({CUSTOMER_ID: "C-1"}, False, True),
        ({CUSTOMER_ID: "c-1", MERGED: "7"}, True, False),
        ({CUSTOMER_ID: "c-2", MERGED: "7"}, False, True),
        ({MERGED: "7"}, True, True),
        ({MERGED: "7"}, False, False),
    ],
)
def test_a_contact_is_anothers_if_it_bears_another_id(contact: dict[str, str], if_merged: bool, anothers: bool) -> None:
    """Where a merge took an id away, it is what it was."""
    assert bears_another_id(contact, "c-1", if_merged=if_merged) is anothers


@pytest.mark.parametrize(
    ("said", "current", "found"),
    [
        ({"phone": PHONE}, {"phone": "081 234 5678"}, {PHONE}),
        ({"phone": PHONE}, {"mobilephone": PHONE}, {PHONE}),
        ({"phone": PHONE}, {"phone": "+66899999999"}, set()),
        ({"phone": PHONE}, {}, set()),
        ({}, {}, set()),
        ({}, {"phone": ""}, set()),
    ],
)
def test_a_number_matches_however_it_is_written(said: dict[str, str], current: dict[str, str], found: set[str]) -> None:
    assert matching_numbers(said, current, "TH") == found


def linked(**more: object) -> Customer:
    """Linked by email only to contact 501, to which the first intent was written."""
    given = {"contact_id": "501", "shared": True, "email_match_only": True, "fill_only": True}
    clock = {"dealdroid_last_intent": (7, DIGEST("dealdroid_last_intent", "Ask"))}
    return Customer(**{**given, "clock": clock, **more})  # type: ignore[arg-type]


def said(name: str, number: str) -> dict[str, tuple[int, bytes]]:
    return {name: (7, DIGEST(name.removeprefix("~"), number))}


@pytest.mark.parametrize(
    ("customer", "may"),
    [
        (linked(), False),
        (linked(clock=said("phone", PHONE)), True),
        (linked(clock=said("mobilephone", PHONE)), True),
        (linked(clock=said("phone", "+66899999999")), False),
        (linked(clock=said("~phone", PHONE)), False),
        (linked(clock=said("phone", PHONE), email_match_only=False, fill_only=False), False),
        (linked(contact_id="499"), False),
        (linked(contact_id="77"), True),
        (linked(contact_id="77", email_match_only=False, fill_only=False), True),
        (linked(fill_only=False), True),
        (linked(clock={}), True),
        (linked(clock={**UNRECORDED_PHONES, **linked().clock}), True),
        (UNKNOWN, True),
    ],
    ids=[
        "said no phone",
        "filled it in",
        "filled it in as the mobile phone",
        "filled in another",
        "said it when the contact had one",
        "is proven",
        "by a former id of the contact",
        "is elsewhere by now",
        "is elsewhere and proven there",
        "overwrites",
        "is read back from HubSpot",
        "was read back from HubSpot",
        "is not known",
    ],
)
def test_a_phone_that_an_email_only_match_may_have_filled_in_proves_nothing(customer: Customer, may: bool) -> None:
    assert may_have_filled(customer, {"501", "499"}, {PHONE}, DIGEST) is may


def test_a_number_that_only_a_match_by_email_filled_in_is_known_even_when_its_customer_is_forgotten() -> None:
    number, other = "+66812345678", "+66899999999"
    filled = replace(UNKNOWN, clock={"phone": (SEEN, DIGEST("phone", number))})
    assert was_filled_in(filled, [number], DIGEST)
    assert not was_filled_in(filled, [other], DIGEST)
    said = replace(UNKNOWN, clock={"phone": (7 << 16, DIGEST("phone", number))})
    assert not was_filled_in(said, [number], DIGEST), "the contact's own customer has said it"
