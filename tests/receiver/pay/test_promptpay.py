"""The code, read by a reader of our own."""

from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.pay import promptpay
from receiver.pay.emv import checksum, read_fields, split
from receiver.pay.errors import BadPayload, WrongCode
from receiver.pay.promptpay import draw, make_payload

PHONE, TAX_ID, WALLET = "0812345678", "1234567890121", "004999000288505"


@pytest.mark.parametrize(
    ("payee", "account"),
    [(PHONE, {"01": "0066812345678"}), (TAX_ID, {"02": TAX_ID}), (WALLET, {"03": WALLET})],
)
def test_the_code_pays_the_amount_to_the_payee(payee: str, account: dict[str, str]) -> None:
    fields = read_fields(make_payload(payee, Decimal("1250.5")))
    assert split(fields["29"]) == {"00": "A000000677010111", **account}
    assert (fields["53"], fields["54"], fields["58"], fields["01"]) == ("764", "1250.50", "TH", "12")


def test_a_known_code_is_read() -> None:
    """Of the specification's own example of a checksum: CRC-16/IBM-3740 of "123456789"."""
    assert checksum(b"123456789") == 0x29B1


@pytest.mark.parametrize(
    ("amount", "said"),
    [("1.005", "1.01"), ("2.675", "2.68"), ("1.115", "1.12"), ("0.005", "0.01"), ("99999.994", "99999.99")],
)
def test_amounts_are_rounded_as_people_do(amount: str, said: str) -> None:
    assert read_fields(make_payload(PHONE, Decimal(amount)))["54"] == said


@pytest.mark.parametrize("amount", ["0", "0.00", "0.004", "-1"])
def test_nothing_is_no_amount(amount: str) -> None:
    with pytest.raises(WrongCode):
        make_payload(PHONE, Decimal(amount))


@pytest.mark.parametrize("payee", ["812345678", "12345678901234", "1234567890123456", ""])
def test_a_payee_that_the_library_takes_but_nobody_has_is_refused(payee: str) -> None:
    with pytest.raises(WrongCode):
        make_payload(payee, Decimal(10))


@pytest.mark.parametrize(
    "change", [("0066812345678", "0066812345679"), ("5406100.00", "5406900.00"), ("5802TH", "5802SG")]
)
def test_a_code_that_says_something_else_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, change: tuple[str, str]
) -> None:
    made = promptpay.generate_payload

    def generate(payee: str, amount: Decimal) -> str:
        body = made(payee, amount)[:-4].replace(*change)
        return f"{body}{checksum(body.encode()):04X}"

    monkeypatch.setattr(promptpay, "generate_payload", generate)
    with pytest.raises(WrongCode):
        make_payload(PHONE, Decimal(100))


@given(st.integers(0, 60), st.sampled_from("0123456789ABCDEF"))
def test_one_wrong_letter_is_noticed(at: int, letter: str) -> None:
    payload = make_payload(PHONE, Decimal("1250.50"))
    changed = payload[:at] + letter + payload[at + 1 :]
    if changed != payload:
        with pytest.raises(BadPayload):
            read_fields(changed)


@given(st.text())
def test_any_text_is_no_payload(text: str) -> None:
    with pytest.raises(BadPayload):
        read_fields(text)


@pytest.mark.parametrize("text", ["0", "00", "0002", "00021", "0000", "00010001", "ab01x", "00011" * 2])
def test_fields_that_are_cut_empty_or_there_twice_are_refused(text: str) -> None:
    with pytest.raises(BadPayload):
        split(text)


def test_the_drawing_is_a_whole_qr_code_with_its_quiet_zone() -> None:
    svg = ElementTree.fromstring(draw(make_payload(PHONE, Decimal(1))))  # noqa: S314 - our own drawing
    *_, width, height = map(int, svg.attrib["viewBox"].split())
    # A Micro QR code has at most 17 modules; this one at least 21, and 4 at each side.
    assert width == height
    assert width // 8 >= 21 + 8
