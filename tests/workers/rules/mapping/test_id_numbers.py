import pytest

from workers.rules.mapping.id_numbers import is_thai_id, remove


@pytest.mark.parametrize(
    "text",
    [
        "เลขประจำตัวผู้เสียภาษี 0105555123456",
        "เลขประจำตัวผู้เสียภาษีอากร (13 หลัก): 0-1055-55123-45-6",
        "เลขที่ผู้เสียภาษี 0 1055 55123 45 6",
        "เลขผู้เสียภาษี 812345678",
        "tax id 0105555123456",
        "Tax ID No. 0-1055-55123-45-6",
        "TaxID:0105555123456",
        "Taxpayer Identification Number 0105555123456",
        "VAT no. 0105555123456",
        "เลขทะเบียน 13 หลัก 0105555123456",
        "เลขทะเบียนนิติบุคคล 0105555123456",
        "เลขบัตรประจำตัวประชาชน 1103700123456",
        "ID card 1103700123456",
        "Passport no. 812345678",
        "เลขที่บัญชี 081-2-34567-8",
        "บัญชีธนาคาร 0812345678",
        "ธ.กรุงเทพ 0812345678",
        "กสิกรไทย 0812345678",
        "SCB 405-123456-7",
        "bank account: 4051234567",
        "a/c no. 0812345678",
        "3-1005-00123-45-6",
        "3 1005 00123 45 6",
        "098-7-65432-1",
        "405-123456-7",
        "120363041234567890@g.us",
        "6591234567@lid",
        "somchai0812345678@example.com",
    ],
)
def test_a_labelled_number_and_the_written_form_of_an_id_are_removed(text: str) -> None:
    rest, found = remove(f"โทร 0891234567 {text} และ 02-123-4567")
    assert found
    assert [word for word in rest.split() if any(map(str.isdigit, word.strip("(")))][:1] == ["0891234567"]
    assert rest.endswith("| และ 02-123-4567")


@pytest.mark.parametrize(
    "text",
    [
        "0812345678",
        "081-234-5678",
        "02-123-4567-9",
        "053-123456-8",
        "62 812-3456-7890",
        "+66 81 234 5678",
        "hotline 0812345678",
        "0812345678@example.com",
        "กรุงเทพ 0812345678",
        "Tin 0812345678",
        "นิติบุคคล 02-123-4567",
        "ธนาคารกรุงเทพ 02-123-4567",
        "SCB 02-123-4567",
        "สถานที่ 0812345678",
        "",
    ],
)
def test_a_phone_is_no_id(text: str) -> None:
    assert remove(text) == (text, False)


def with_check_digit(twelve: str) -> str:
    """The rule of the Thai national id: weights 13 to 2, modulus 11."""
    total = sum(int(digit) * (13 - position) for position, digit in enumerate(twelve))
    return twelve + str((11 - total % 11) % 10)


@pytest.mark.parametrize("twelve", ["110370012345", "310050012345", "334010012345", "150990012345", "010555512345"])
def test_the_id_of_a_person_or_company_is_known_by_its_check_digit(twelve: str) -> None:
    whole = with_check_digit(twelve)
    assert is_thai_id(whole)
    assert not any(is_thai_id(twelve + str(last)) for last in range(10) if str(last) != whole[-1])


@pytest.mark.parametrize("prefix", ["861380013", "491512345", "628123456", "880184336", "856202783", "234901234"])
def test_a_mobile_of_thirteen_digits_with_its_country_code_is_no_thai_id(prefix: str) -> None:
    assert not any(is_thai_id(f"{prefix}{rest:04}") for rest in range(10_000))
