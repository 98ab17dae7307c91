"""What a refusal wants, and what is remembered of it."""

from dataclasses import replace

import pytest

from leadcore.required import Requirement
from workers.rules.portal import Portal
from workers.rules.required import MOST_CONTACTS, RequiredProperties, find_missing

LABELS = {
    "company": "Company Name",
    "name": "Name",
    "city": "City",
    "vat_id": "VAT",
    "dealdroid_customer_id": "DealDroid customer ID",
    "dealdroid_cart": "Cart (chat)",
}
PORTAL = Portal(labels=LABELS)


@pytest.mark.parametrize(
    ("named", "text", "sent", "missing"),
    [
        (["company"], "", {}, ["company"]),
        (["company", "vat_id", "company"], "", {}, ["company", "vat_id"]),
        (["company"], "", {"company": ""}, ["company"]),
        (["company"], "", {"company": "x"}, []),
        (["nobody_knows"], "", {}, []),
        (["Company Name"], "", {}, ["company"]),
        ([], "Required: vat_id, company", {}, ["vat_id", "company"]),
        ([], "company name is required.", {}, ["company"]),
        ([], "The company-name is required", {}, []),
        ([], "the cart (CHAT) is required", {}, ["dealdroid_cart"]),
        ([], "Company Name is required with City", {"city": "x"}, ["company"]),
        ([], "the incompany name is required", {}, ["name"]),
        (["dealdroid_customer_id"], "dealdroid_customer_id is required", {}, []),
        (["company"], "City is required", {}, ["company"]),
        ([], "City is required" + " " * 20_000, {}, []),
        ([], "", {}, []),
    ],
)
def test_what_is_missing_is_named_in_a_field_or_in_words(
    named: list[str], text: str, sent: dict[str, str], missing: list[str]
) -> None:
    assert find_missing(PORTAL, named, text, sent) == missing


SPACELESS = Portal(
    labels={
        "village": "ที",
        "flat": "ตร",
        "first": "ชื่อ",
        "company": "ชื่อบริษัท",
        "given": "名",
        "mail": "電子郵件",
        "kana": "フリガナ",
        "lao": "ຊື່",
        "khmer": "ឈ្មោះ",
        "vat_id": "VAT",
        "name": "Name",
    }
)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("ต้องกรอกชื่อบริษัทก่อนบันทึก", ["company"]),
        ("ต้องกรอกชื่อและชื่อบริษัทก่อน", ["first", "company"]),
        ("必須填寫電子郵件欄位", ["mail"]),
        ("請輸入姓名", []),
        ("名 必填", ["given"]),
        ("フリガナは必須です", ["kana"]),
        ("ກະລຸນາໃສ່ຊື່ກ່ອນ", ["lao"]),
        ("សូមបញ្ចូលឈ្មោះរបស់អ្នក", ["khmer"]),
        ("กรุณากรอกVATก่อน", ["vat_id"]),
        ("กรุณากรอกVATSก่อน", []),
        ("the Names are required", []),
        ("ที่อยู่ is required", []),
        ("ต้องระบุตรา", []),
    ],
)
def test_a_label_is_found_among_words_without_spaces_and_not_in_a_part_of_a_syllable(
    text: str, missing: list[str]
) -> None:
    assert find_missing(SPACELESS, [], text, {}) == missing


@pytest.mark.parametrize(("text", "missing"), [("x is required", ["x"]), ("", [])])
def test_where_the_portals_properties_are_unknown_words_must_speak_of_something_required(
    text: str, missing: list[str]
) -> None:
    assert find_missing(Portal(), ["x"], text, {}) == missing


def of(scope: str, *partners: str) -> Requirement:
    return Requirement("company", "Company Name", scope, partners)  # type: ignore[arg-type]


def test_that_one_contact_cannot_be_written_does_not_hide_what_is_known_of_all() -> None:
    required = RequiredProperties()
    for one in (of("write", "501"), of("create"), of("write", "502"), of("with", "city"), of("write", "501")):
        required.learn(one)
    assert list(required.known.values()) == [replace(of("write", "501", "502"), refused=2), of("with", "city")]
    for contact in range(2 * MOST_CONTACTS):
        required.learn(of("write", str(contact)))
    assert len(required.known["company write"].partners) == MOST_CONTACTS


def test_what_is_not_remembered_yet_outlives_a_refresh_and_what_others_remember_does_not_come_back() -> None:
    required = RequiredProperties()
    required.learn(of("create"))
    required.refresh([Requirement("vat_id", "VAT", "create")])
    assert required.known.keys() == {"company", "vat_id"}
    required.disprove("vat_id")
    required.refresh([Requirement("vat_id", "VAT", "create")])
    assert required.known.keys() == {"company"}
    assert required.take_changes() == ([of("create")], ["vat_id"])
    required.refresh([])
    assert required.known == {}
    required.learn(of("create"))
    required.disprove("company")
    required.learn(of("with", "city"))
    assert required.take_changes() == ([of("with", "city")], [])


def test_customers_who_were_refused_long_ago_prove_nothing_with_one_who_is_refused_now() -> None:
    required = RequiredProperties(known={"company": replace(of("create", "a", "b"), refused=2, fresh=False)})
    assert not required.known["company"].is_proven
    required.learn(of("create", "a"))
    required.learn(of("create", "a"))
    assert not required.known["company"].is_proven
    required.learn(of("create", "c"))
    assert required.known["company"].is_proven
