"""What each example payload says, whole."""

import pytest
from msgspec.structs import replace

from leadcore.reasons import reason
from leadcore.receipts import Note
from tests.workers.rules.mapping.payloads import PAYLOADS, body, read
from workers.rules.mapping.mapped_event import MappedEvent

SAID_AT = "2026-03-01T02:45:05.250Z"

SOMCHAI = {
    "firstname": "สมชาย",
    "lastname": "ใจดี",
    "dealdroid_name_given": "คุณสมชาย ใจดี",
    "email": "somchai.j@example.com",
    "phone": "+66812345678",
    "mobilephone": "+66812345678",
    "hs_language": "th",
}
SUKHUMVIT = {
    "address": "99/12 ซอยสุขุมวิท 39 หมู่บ้านพฤกษา 12 แขวงคลองตันเหนือ เขตวัฒนา",
    "city": "กรุงเทพมหานคร",
    "state": "กรุงเทพมหานคร",
    "zip": "10110",
    "country": "Thailand",
    "dealdroid_subdistrict": "คลองตันเหนือ",
    "dealdroid_district": "วัฒนา",
    "dealdroid_village": "พฤกษา 12",
}
DOG_FOOD = {
    "dealdroid_cart": "2 x Dog food 10 kg (DF-10) = 1180\nShipping: 50\nTotal: 1230",
    "dealdroid_cart_total": "1230",
}


def without(values: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in names}


def active(intent: str, payment: str = "bank_transfer", **more: str) -> dict[str, str]:
    said = {
        "dealdroid_last_intent": intent,
        "dealdroid_last_intent_at": SAID_AT,
        "dealdroid_payment_method": payment,
        "dealdroid_product_type": "pet food",
    }
    return said | more


def created(intent: str) -> dict[str, str]:
    return {"hs_lead_status": "NEW", "dealdroid_first_intent": intent, "dealdroid_first_intent_at": SAID_AT}


PURCHASE = MappedEvent(
    details=SOMCHAI,
    address=SUKHUMVIT,
    activity=active("Purchase", **DOG_FOOD),
    creation=created("Purchase"),
    language="th",
    buying=True,
)
EXPECTED = {
    "purchase_th": PURCHASE,
    "purchase_en": MappedEvent(
        details={
            "firstname": "Mary-Jane",
            "lastname": "O'Connor Smith",
            "dealdroid_name_given": "Dr. Mary-Jane O'Connor Smith",
            "email": "mj@example.co.uk",
            "phone": "+442079460958",
            "hs_language": "en",
        },
        address={
            "address": "12 Baker Street, Marylebone",
            "city": "London",
            "zip": "NW1 6XE",
            "country": "United Kingdom",
            "dealdroid_district": "Marylebone",
        },
        activity=active("Purchase", "credit_card", **DOG_FOOD),
        creation=created("Purchase"),
        language="en",
        buying=True,
    ),
    "chinese_customer": MappedEvent(
        details={
            "firstname": "小明",
            "lastname": "王",
            "dealdroid_name_given": "王小明",
            "email": "wang@example.cn",
            "phone": "+8613800138000",
            "mobilephone": "+8613800138000",
            "hs_language": "zh-cn",
        },
        address={
            "address": "深南大道 1 号, 南山区",
            "city": "深圳市",
            "state": "广东省",
            "zip": "518057",
            "country": "China",
            "dealdroid_district": "南山区",
        },
        activity=active("Purchase", **DOG_FOOD),
        creation=created("Purchase"),
        language="zh",
        buying=True,
    ),
    "share_contact_phone_only": MappedEvent(
        details={"phone": "+66891234567", "mobilephone": "+66891234567", "hs_language": "th"},
        activity=active("Share contact", "other"),
        creation=created("Share contact"),
        placeholder="089 123 4567",
        language="th",
    ),
    "address_only": MappedEvent(
        details={"hs_language": "th"},
        address=SUKHUMVIT,
        activity=active("แจ้งที่อยู่"),
        creation=created("แจ้งที่อยู่"),
        placeholder="Chat c-ad-1",
        language="th",
    ),
    "bad_email": replace(
        PURCHASE,
        details=without(SOMCHAI, "email"),
        unsaved={"email": "somchai(at)gmail..com"},
        email_refused=True,
        notes=(Note("email", "dropped", reason("email_invalid")),),
    ),
    "two_phones": replace(PURCHASE, details={**SOMCHAI, "dealdroid_other_phones": "+6621234567 ext. 12"}),
    "unavailable_items": replace(
        PURCHASE,
        activity=active(
            "Purchase",
            dealdroid_cart="1 x Dog food 10 kg (DF-10) = 590\n3 x Cat food 2 kg (CF-2) = 720 [not available]\n"
            "Shipping: 0\nTotal: 590",
            dealdroid_cart_total="590",
        ),
    ),
    "unknown_fields": replace(
        PURCHASE, activity=active("Purchase", "other", **DOG_FOOD), unsaved={"payment_method": "wallet"}
    ),
    "fields_missing": MappedEvent(
        details={
            "firstname": "Anan",
            "dealdroid_name_given": "Anan",
            "phone": "+66912345678",
            "mobilephone": "+66912345678",
        },
        activity={"dealdroid_last_intent": "Share contact", "dealdroid_last_intent_at": SAID_AT},
        creation=created("Share contact"),
    ),
    "nulls_and_numbers": MappedEvent(
        details={"phone": "+66812345678", "mobilephone": "+66812345678", "hs_language": "th"},
        address={"city": "กรุงเทพมหานคร", "state": "กรุงเทพมหานคร", "zip": "10110", "country": "Thailand"},
        activity=active("Purchase"),
        creation=created("Purchase"),
        placeholder="081 234 5678",
        language="th",
    ),
    "nothing_to_sync": MappedEvent(
        activity=active("Ask price", **DOG_FOOD), creation=created("Ask price"), buying=True
    ),
}


def test_every_payload_has_its_expectation() -> None:
    assert EXPECTED.keys() == {file.stem for file in PAYLOADS.glob("*.json")}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_payload_says_exactly_this(name: str) -> None:
    assert read(body(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_only_a_payload_without_contact_details_makes_no_contact(name: str) -> None:
    assert read(body(name)).makes_contact is (name != "nothing_to_sync")
