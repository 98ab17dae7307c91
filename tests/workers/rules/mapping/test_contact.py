from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from leadcore import event
from leadcore.config import Crm
from leadcore.reasons import reason
from leadcore.receipts import Note
from tests.workers.rules.mapping.payloads import body, purchase, read
from workers.rules.mapping.contact import PAYMENTS, PortalOptions, map_event
from workers.rules.mapping.options import Option

# Name and placeholder


def test_a_company_is_no_person_and_its_contact_has_no_name() -> None:
    said = read(purchase(name="บริษัท ตัวอย่าง จำกัด"))
    assert said.details["company"] == "บริษัท ตัวอย่าง จำกัด"
    assert "firstname" not in said.details
    assert said.placeholder == "บริษัท ตัวอย่าง จำกัด"


@pytest.mark.parametrize(
    ("body", "first", "last"),
    [
        ({"contact_info": {"name": "山田太郎", "language": "ja"}}, "太郎", "山田"),
        ({"contact_info": {"name": "林健太", "languageName": "Japanese"}}, "健太", "林"),
        ({"contact_info": {"name": "林健太"}, "address_parsing": {"country": "日本"}}, "健太", "林"),
        ({"contact_info": {"name": "林健太"}}, "健太", "林"),
        ({"contact_info": {"name": "Nguyen Lan", "language": "vi-VN"}}, "Lan", "Nguyen"),
        ({"contact_info": {"name": "Tran Lan"}, "address_parsing": {"country": "Vietnam"}}, "Lan", "Tran"),
        ({"contact_info": {"name": "Tran Lan"}}, "Tran", "Lan"),
        ({"contact_info": {"name": "U Aung Kyaw", "language": "my"}}, "Aung", "Kyaw"),
    ],
)
def test_the_language_or_the_country_tells_which_part_of_a_name_is_the_surname(
    body: dict[str, Any], first: str, last: str
) -> None:
    said = read({"mid": "m", "customer_id": "c", "intent": "i"} | body)
    assert (said.details["firstname"], said.details["lastname"]) == (first, last)


@pytest.mark.parametrize("tax_id", ["0105555123456", "เลขประจำตัวผู้เสียภาษี 0-1055-55123-45-6"])
def test_the_tax_id_behind_a_company_goes_to_unsaved(tax_id: str) -> None:
    said = read(purchase(name=f"หจก.แสงทอง (สาขาที่ 2) {tax_id}"))
    assert said.details["company"] == "หจก.แสงทอง (สาขาที่ 2)"
    assert said.unsaved == {"name": tax_id}


def test_a_nickname_is_kept_beside_the_name() -> None:
    said = read(purchase(name="สมชาย ใจดี (ชาย)"))
    assert {name: said.details[name] for name in ("firstname", "lastname", "dealdroid_nickname")} == {
        "firstname": "สมชาย",
        "lastname": "ใจดี",
        "dealdroid_nickname": "ชาย",
    }


@pytest.mark.parametrize(
    ("contact", "placeholder"),
    [
        ({"phone": "0891234567"}, "089 123 4567"),
        ({"phone": "+44 20 7946 0958"}, "020 7946 0958"),
        ({"phone": "call me"}, "Chat b9d35283"),
        ({"email": "a@example.com"}, "Chat b9d35283"),
        ({"email": "a(at)x"}, "Chat b9d35283"),
        ({"email": "test@test.com"}, ""),
        ({"name": "Ann", "phone": "0891234567"}, ""),
        ({"name": "Ann (Acme Ltd.)", "phone": "0891234567"}, ""),
        ({"name": "Acme Ltd.", "phone": "0891234567"}, "Acme Ltd."),
        ({"name": "Acme Ltd."}, "Acme Ltd."),
        ({"name": "Acme Ltd. (Head Office)", "email": "a@example.com"}, "Acme Ltd. (Head Office)"),
        ({"language": "th"}, ""),
    ],
)
def test_the_placeholder_is_the_company_else_the_phone_as_people_write_it_else_the_start_of_the_id(
    contact: dict[str, str], placeholder: str
) -> None:
    said = read({"mid": "m", "customer_id": "b9d35283-131d-4c85", "intent": "Share contact", "contact_info": contact})
    assert said.placeholder == placeholder


def test_an_address_alone_makes_a_contact() -> None:
    said = read({"mid": "m", "customer_id": 7, "intent": "i", "address_parsing": {"city": "London"}})
    assert said.makes_contact
    assert said.placeholder == "Chat 7"


# Email


def test_an_ignored_email_identifies_nobody_and_is_no_mistake_of_the_customer() -> None:
    said = read(purchase(email="Info@Shop.example"), Crm(ignored_emails=("@shop.example",)))
    assert "email" not in said.details
    assert (said.unsaved, said.email_refused) == ({}, False)
    assert said.notes == (Note("email", "dropped", reason("email_ignored")),)


@pytest.mark.parametrize("email", ["", "   ", None, 5.5])
def test_only_an_email_that_the_event_has_can_be_refused(email: Any) -> None:
    said = read(purchase(email=email))
    assert said.email_refused is (email == 5.5)


def test_words_that_mean_no_email_are_kept_and_not_asked_for_again() -> None:
    said = read(purchase(email="ไม่มี ใช้ไลน์"))
    assert (said.unsaved, said.email_refused) == ({"email": "ไม่มี ใช้ไลน์"}, False)


@pytest.mark.parametrize("email", ["Email: a@example.com", "Somchai <a@example.com>", "a@example.comค่ะ"])
def test_an_email_is_taken_out_of_what_stands_round_it(email: str) -> None:
    said = read(purchase(email=email))
    assert (said.details["email"], said.unsaved, said.email_refused, said.notes) == ("a@example.com", {}, False, ())


def test_who_says_an_email_and_more_is_not_asked_again_and_no_word_is_lost() -> None:
    said = read(purchase(email="a@example.com or call my wife"))
    assert said.details["email"] == "a@example.com"
    assert said.unsaved == {"email": "a@example.com or call my wife"}
    assert (said.email_refused, said.notes) == (False, ())


def test_which_of_two_emails_is_meant_is_asked() -> None:
    said = read(purchase(email="a@example.com, b@example.com"))
    assert "email" not in said.details
    assert said.unsaved == {"email": "a@example.com, b@example.com"}
    assert said.email_refused


def test_an_email_beside_the_name_is_used_if_none_was_said_and_never_refused() -> None:
    beside = "สมชาย ใจดี somchai@example.com"
    assert read(purchase(name=beside, email="")).details["email"] == "somchai@example.com"
    assert read(purchase(name=beside, email="a@example.com")).details["email"] == "a@example.com"
    said = read(purchase(name="somchai@", email=""))
    assert "email" not in said.details
    assert not said.email_refused


# Phone


def test_a_phone_beside_the_name_is_the_phone_if_none_was_said_else_another_one() -> None:
    beside = "ชื่อ สมชาย ใจดี เบอร์ ๐๘๑-๒๓๔-๕๖๗๘"
    said = read(purchase(name=beside, phone=""))
    assert (said.details["firstname"], said.details["lastname"]) == ("สมชาย", "ใจดี")
    assert said.details["phone"] == "+66812345678"
    said = read(purchase(name=beside, phone="089-123-4567"))
    assert said.details["phone"] == "+66891234567"
    assert said.details["dealdroid_other_phones"] == "+66812345678"


@pytest.mark.parametrize("country", ["Taiwan", "TW", "TWN", "ไต้หวัน", "台灣", "taiwan"])
def test_a_local_mobile_of_the_country_that_was_said_is_no_thai_one(country: str) -> None:
    payload = body("share_contact_phone_only") | {"address_parsing": {"city": "Taipei", "country": country}}
    payload["contact_info"]["phone"] = "0912-345-678"
    assert read(payload).details["mobilephone"] == "+886912345678"


@pytest.mark.parametrize(("shop", "e164"), [("TH", "+66912345678"), ("TW", "+886912345678"), ("JP", "+66912345678")])
def test_a_local_mobile_without_a_country_is_one_of_the_shops_country_or_thai(shop: str, e164: str) -> None:
    said = read(
        {"mid": "m", "customer_id": 1, "intent": "i", "contact_info": {"phone": "0912345678"}}, Crm(country=shop)
    )
    assert said.details["phone"] == e164


def test_consecutive_lines_are_the_phone_and_other_phones() -> None:
    said = read(purchase(phone="02-123-4567-9"))
    assert said.details["phone"] == "+6621234567"
    assert said.details["dealdroid_other_phones"] == "+6621234568, +6621234569"
    assert said.unsaved == {}


@pytest.mark.parametrize("tax_id", ["0105555123456", "เลขประจำตัวผู้เสียภาษี 0-1055-55123-45-6", "Tax ID: 0105555123456"])
def test_a_tax_id_goes_to_unsaved_and_is_no_phone(tax_id: str) -> None:
    alone, beside = read(purchase(phone=tax_id)), read(purchase(phone=f"0812345678 {tax_id}"))
    assert "phone" not in alone.details
    assert alone.unsaved == {"phone": tax_id}
    assert beside.details["phone"] == "+66812345678"
    assert "dealdroid_other_phones" not in beside.details
    assert beside.unsaved == {"phone": f"0812345678 {tax_id}"}


def test_what_cannot_be_parsed_as_a_phone_goes_to_unsaved_and_not_to_phone() -> None:
    said = read(purchase(phone="ask my wife"))
    assert "phone" not in said.details
    assert said.unsaved == {"phone": "ask my wife"}
    assert said.notes == (Note("phone", "dropped", reason("phone_invalid")),)


def test_a_national_number_is_read_in_the_country_of_the_address() -> None:
    payload = body("purchase_en")
    payload["contact_info"]["phone"] = "020 7946 0958"
    assert read(payload).details["phone"] == "+442079460958"


# What says nothing, and what cannot be read


def test_words_that_say_nothing_make_no_contact_and_no_complaint() -> None:
    said = read(
        {
            "mid": "m",
            "customer_id": "c",
            "intent": "i",
            "contact_info": {"name": "undefined undefined", "phone": "ไม่มี", "email": "N/A", "address": "-"},
            "address_parsing": {"street_address": "null", "city": "ไม่ระบุ", "country": "unknown"},
            "payment_method": "none",
        }
    )
    assert not said.makes_contact
    assert (said.details, said.address, said.unsaved, said.email_refused, said.notes) == ({}, {}, {}, False, ())


def test_each_word_of_a_name_may_say_nothing_and_the_name_stays_as_given() -> None:
    said = read(purchase(name="สมชาย undefined"))
    assert said.details["firstname"] == "สมชาย"
    assert "lastname" not in said.details
    assert said.details["dealdroid_name_given"] == "สมชาย undefined"


def test_a_company_is_no_filler_word_by_word() -> None:
    assert read(purchase(name="บริษัท ไม่มี จำกัด")).details["company"] == "บริษัท ไม่มี จำกัด"


def test_what_the_parts_do_not_say_is_taken_from_the_free_text() -> None:
    payload = body("purchase_th")
    payload["address_parsing"] |= {"postal_code": "N/A", "state": "-", "city": "ไม่ระบุ"}
    assert read(payload).address["zip"] == "10110"


@pytest.mark.parametrize(
    ("parts", "field", "item"),
    [
        ({"contact_info": "ชื่อวิภา 0891112233"}, "contact_info", "phone"),
        ({"contact_info": {"name": {"a": "A", "b": "B"}}}, "name", "name"),
        ({"contact_info": {"email": ["a@example.com", "b@example.com"]}}, "email", "email"),
        ({"address_parsing": 10110}, "address_parsing", "address"),
        ({"address_parsing": {"city": ["A", "B"]}}, "city", "address"),
    ],
)
def test_what_can_be_read_in_two_ways_goes_to_unsaved_and_makes_a_contact(
    parts: dict[str, Any], field: str, item: str
) -> None:
    """A lead whose details nobody could read would be lost without one."""
    said = read({"mid": "m", "customer_id": "c", "intent": "i", **parts})
    assert said.unsaved.keys() == {field}
    assert (said.unclear, said.makes_contact, said.placeholder) == (frozenset({item}), True, "Chat c")
    assert said.notes == (Note(field, "dropped", reason("ambiguous")),)


@pytest.mark.parametrize(
    ("contact", "unclear"),
    [
        ({"phone": "081-234-567"}, {"phone"}),
        ({"phone": "๐๘๑๒๓๔๕๖๗"}, {"phone"}),
        ({"phone": "line: somchai99"}, set()),
        ({"phone": "081-234-567", "name": "สมชาย 0812345678"}, set()),
        ({"phone": "0812345678 หรือไลน์ @abc"}, set()),
    ],
)
def test_a_number_that_is_no_phone_is_asked_for_again(contact: dict[str, str], unclear: set[str]) -> None:
    """The customer who left out a digit is not told that the details are saved."""
    assert read(purchase(**{"name": "สมชาย", **contact})).unclear == unclear


def test_a_cart_that_cannot_be_read_makes_no_contact() -> None:
    said = read({"mid": "m", "customer_id": "c", "intent": "i", "shopping_cart": "two bags"})
    assert (said.unsaved, said.makes_contact, said.unclear) == ({"shopping_cart": "two bags"}, False, frozenset())


# Options of the portal

PROVINCES = [Option("bkk", "Bangkok"), Option("cnx", "Chiang Mai")]


@pytest.mark.parametrize(
    ("property", "options", "value"),
    [
        ("country", [Option("TH", "thailand")], "TH"),
        ("country", [Option("ไทย", "ไทย")], "ไทย"),
        ("state", PROVINCES, "bkk"),
        ("state", [Option("กรุงเทพมหานคร", "x")], "กรุงเทพมหานคร"),
    ],
)
def test_a_place_is_written_as_the_option_that_means_it(property: str, options: list[Option], value: str) -> None:
    assert read(body("purchase_th"), portal_options=PortalOptions({property: options})).address[property] == value


@pytest.mark.parametrize(("property", "value"), [("country", "Thailand"), ("state", "กรุงเทพมหานคร")])
def test_a_place_that_is_no_option_goes_to_unsaved(property: str, value: str) -> None:
    said = read(body("purchase_th"), portal_options=PortalOptions({property: [Option("x", "Elsewhere")]}))
    assert property not in said.address
    assert said.unsaved == {property: value}
    assert said.notes == (Note(property, "dropped", reason("option_missing")),)


@pytest.mark.parametrize(
    ("property", "value"),
    [
        ("hs_lead_status", "NEW"),
        ("dealdroid_payment_method", "bank_transfer"),
        ("city", "กรุงเทพมหานคร"),
        ("dealdroid_product_type", "pet food"),
    ],
)
def test_a_value_of_any_other_dropdown_that_is_no_option_is_not_written(property: str, value: str) -> None:
    """The options of every mapped enumeration are read: what HubSpot must refuse is not sent, call by call."""
    said = read(body("purchase_th"), portal_options=PortalOptions({property: [Option("x", "Something else")]}))
    assert {**said.details, **said.address, **said.activity, **said.creation}.get(property) != value


@pytest.mark.parametrize(
    ("options", "value"),
    [(["zh-cn", "zh"], "zh-cn"), (["zh", "en"], "zh"), (["en", "th"], None)],
)
def test_the_language_is_an_option_or_its_base_or_left_out(options: list[str], value: str | None) -> None:
    portal_options = PortalOptions({"hs_language": [Option(code, code) for code in options]})
    said = read(body("chinese_customer"), portal_options=portal_options)
    assert said.details.get("hs_language") == value
    assert said.language == "zh"


# Activity and creation


@pytest.mark.parametrize("method", PAYMENTS)
def test_known_payment_methods_are_written_whatever_their_case(method: str) -> None:
    said = read({**body("purchase_th"), "payment_method": method.upper()})
    assert said.activity["dealdroid_payment_method"] == method
    assert said.unsaved == {}


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("Bank Transfer", "bank_transfer"),
        ("credit-card", "credit_card"),
        ("COD", "cash_on_delivery"),
        ("เก็บเงินปลายทาง", "cash_on_delivery"),
        ("โอนเงิน", "bank_transfer"),
        ("โอนผ่านธนาคาร", "bank_transfer"),
        ("bankTransfer", "bank_transfer"),
        ("creditCard", "credit_card"),
        ("บัตรเครดิต/เดบิต", "credit_card"),
        ("ชำระปลายทาง", "cash_on_delivery"),
        ("เก็บเงินปลายทาง (COD)", "cash_on_delivery"),
        ("Cash on delivery (COD)", "cash_on_delivery"),
        ("pay on delivery", "cash_on_delivery"),
        ("Bank Transfer (KBank)", "bank_transfer"),
        ("PromptPay", "bank_transfer"),
        ("พร้อมเพย์", "bank_transfer"),
        ("Credit Card / Debit Card", "credit_card"),
    ],
)
def test_payment_methods_in_other_words_are_the_known_ones(text: str, method: str) -> None:
    said = read({**body("purchase_th"), "payment_method": text})
    assert said.activity["dealdroid_payment_method"] == method
    assert said.unsaved == {}


@pytest.mark.parametrize(
    "text",
    [
        "ไม่เอาปลายทาง โอนเลย",
        "ไม่โอน",
        "โอนหรือปลายทาง",
        "bank transfer or COD",
        "COD / bank transfer",
        "no cod please",
        "store credit",
    ],
)
def test_a_method_that_is_denied_or_left_open_is_another(text: str) -> None:
    said = read({**body("purchase_th"), "payment_method": text})
    assert said.activity["dealdroid_payment_method"] == "other"
    assert said.unsaved == {"payment_method": text}


@pytest.mark.parametrize(
    ("total", "number"), [("1,230.50 บาท", "1230.50"), (1230.5, "1230.5"), (0, "0"), ("1.250", None), (None, None)]
)
def test_the_cart_total_is_a_number_or_absent(total: Any, number: str | None) -> None:
    """Absent where it could mean another sum (see `leadcore.orders.money`); the cart shows what was said."""
    payload = body("purchase_th")
    payload["shopping_cart"]["grandTotal"] = total
    activity = read(payload).activity
    assert activity.get("dealdroid_cart_total") == number
    assert not isinstance(total, str) or f"Total: {total}" in activity["dealdroid_cart"]


@pytest.mark.parametrize(
    ("product", "line"),
    [
        ({"name": "Dog food"}, "1 x Dog food"),
        ({"code": "DF-10", "count": 3}, "3 x DF-10"),
        ({}, "1 x ?"),
        (
            {"name": "Tea", "code": "T", "count": 2, "total": 40.5, "available": False},
            "2 x Tea (T) = 40.5 [not available]",
        ),
    ],
)
def test_a_line_of_the_cart_says_what_is_known(product: dict[str, Any], line: str) -> None:
    said = read({**body("purchase_th"), "shopping_cart": {"products": [product]}})
    assert said.activity["dealdroid_cart"] == line


def test_an_intent_that_is_no_lead_gets_no_lead_status() -> None:
    assert read(body("purchase_th"), lead=False).creation == {
        "dealdroid_first_intent": "Purchase",
        "dealdroid_first_intent_at": "2026-03-01T02:45:05.250Z",
    }


def test_the_legal_basis_is_set_on_creation_if_it_is_configured() -> None:
    assert read(body("purchase_th"), Crm(legal_basis="Legitimate interest")).creation["hs_legal_basis"] == (
        "Legitimate interest"
    )


# Whatever comes in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
# Text that reaches further into the mapping than arbitrary characters do.
WORDS = st.lists(
    st.sampled_from(
        ["คุณ", "บริษัท", "(", ")", "0812345678", "+66", "ต่อ 12", "๐๘", "a@b.co", "@", "99/12", "แขวง", "เขต",
         "จ.", "10110", "กรุงเทพ", "Thailand", "Japan", "ประเทศ", "zh-CN",
         "王", "\n", ",", ".", "\u200d", "\ud800", "𝕬", "１", "ext", "ฯ"]
    ) | st.text(max_size=4),
    max_size=8,
).map(" ".join)  # fmt: skip
ANY = st.one_of(JSON, WORDS)


def some(*names: str) -> st.SearchStrategy[Any]:
    return ANY | st.fixed_dictionaries({}, optional=dict.fromkeys(names, ANY))


ANY_PAYLOAD = st.fixed_dictionaries(
    {"mid": st.text() | st.integers(), "customer_id": st.integers() | st.text(min_size=1), "intent": st.text()},
    optional={
        "address_parsing": some(
            "street_address", "village_or_project", "subdistrict", "district", "city", "state", "postal_code", "country"
        ),
        "contact_info": some("name", "phone", "email", "address", "city", "zipcode", "language", "languageName"),
        "shopping_cart": st.fixed_dictionaries(
            {},
            optional={
                "products": ANY | st.lists(some("code", "name", "price", "count", "total", "available"), max_size=3),
                "shippingFee": ANY,
                "grandTotal": ANY,
            },
        )
        | ANY,
        "payment_method": ANY,
        "product_type": ANY,
        "folder": ANY,
        "e": ANY,
    },
)
SOME_CHOICES = st.sampled_from(
    [
        PortalOptions(),
        PortalOptions(
            {"country": [Option("TH", "Thailand")], "state": PROVINCES, "hs_language": [Option("th", "Thai")]}
        ),
    ]
)
SOME_CRM = st.builds(
    Crm,
    country=st.sampled_from(["TH", "GB", "ZZ"]),
    province_language=st.sampled_from(["th", "en"]),
    legal_basis=st.sampled_from(["", "x"]),
)


@settings(max_examples=400, deadline=None)
@given(ANY_PAYLOAD, SOME_CRM, SOME_CHOICES, st.integers(0, 2**47))
def test_no_payload_however_malformed_raises(
    payload: dict[str, Any], crm: Crm, portal_options: PortalOptions, said_ms: int
) -> None:
    """And what comes out is clean text that HubSpot can take, never a blank."""
    assume(not event.unusable(payload))
    said = map_event(event.read(event.encode(payload)), said_ms, crm, portal_options)
    for values in (said.details, said.address, said.activity, said.creation, said.unsaved):
        for name, value in values.items():
            assert isinstance(value, str), name
            assert value, name
            if name != "dealdroid_cart":
                value.encode()
