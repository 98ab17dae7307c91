"""A label means the same wherever it stands: in the phone's own field, behind an address, beside a name."""

import pytest

from workers.rules.mapping import name, phone
from workers.rules.mapping.address_extras import Extras, cut_extras
from workers.rules.mapping.name import Name

TAX_ID = "0105536000001"


@pytest.mark.parametrize(
    "label",
    [
        "เบอร์โทรศัพท์มือถือ ", "เบอร์ติดต่อ: ", "โทรศัพท์มือถือ ", "โทรศัพท์: ", "โทร.", "ติดต่อ ", "มือถือ ", "เบอร์ ", "Tel. ", "TEL:",
        "telp ", "Telephone no. ", "mobile number: ", "Mob. ", "cell ", "call ", "hp ", "Ph. ", "wa ", "whatsapp: ",
        "T. ", "M: ", "电话：", "手機 ", "携帯 ", "전화 ", "số điện thoại ", "điện thoại: ", "SĐT: ", "đt ",
    ],
)  # fmt: skip
def test_a_number_with_its_label_is_a_phone_and_nothing_else(label: str) -> None:
    assert phone.parse(f"{label}0812345678") == phone.Phones("+66812345678", "+66812345678")
    assert cut_extras(f"9 ถ.สีลม {label}0812345678", "TH") == Extras("9 ถ.สีลม", ("0812345678",))
    assert name.parse(f"สมชาย {label}0812345678") == Name("สมชาย")


def test_a_latin_label_may_be_glued_to_thai_and_not_to_a_latin_word() -> None:
    assert name.parse("สมชายtel 0812345678") == Name("สมชาย")
    assert name.parse("สมชาย Hotel 0812345678") == Name("สมชาย", "Hotel")


@pytest.mark.parametrize(
    "label",
    ["เลขประจำตัวผู้เสียภาษีอากร ", "เลขที่ผู้เสียภาษี: ", "เลขทะเบียนนิติบุคคล ", "เลขบัตรประชาชน ", "เลขภาษี ",
     "Tax ID: ", "TaxID ", "VAT no. ", "tax payer identification number ", "TIN "],
)  # fmt: skip
def test_a_tax_id_goes_with_its_label(label: str) -> None:
    assert cut_extras(f"9 ถ.สีลม {label}{TAX_ID}", "TH") == Extras("9 ถ.สีลม", (), (f"{label}{TAX_ID}",))
    assert name.parse(f"สมชาย {label}{TAX_ID}") == Name("สมชาย")
    assert phone.parse(f"{label}{TAX_ID}") == phone.Phones(unparsed=f"{label}{TAX_ID}")


@pytest.mark.parametrize(
    "branch", ["สำนักงานใหญ่", "สำนักงาน ใหญ่", "สนง.ใหญ่", "สนญ.", "Head Office", "สาขาที่ 2", "สาขา 00002", "Branch no. 2"]
)
def test_which_office_of_a_company_is_meant_is_no_part_of_an_address_or_a_name(branch: str) -> None:
    assert cut_extras(f"9 ถ.สีลม {branch}", "TH") == Extras("9 ถ.สีลม", (), (branch,))
    assert name.parse(f"เอ จำกัด {branch}").first == name.parse(f"สมชาย ({branch})").nickname == ""


@pytest.mark.parametrize("label", ["line: ", "ไลน์: ", "IG: ", "line id "])
@pytest.mark.parametrize("handle", ["ก้อย", "น้องกิ๊ฟ99", "ນ້ອງ", "ကို"])
def test_a_name_in_a_chat_with_its_label_is_no_name(label: str, handle: str) -> None:
    assert name.parse(f"สมชาย ใจดี {label}{handle}") == Name("สมชาย", "ใจดี")
