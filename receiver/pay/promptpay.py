"""The PromptPay code of an amount: made by a library, and read again before anybody sees it, because a lost zero pays a
stranger."""

from decimal import ROUND_HALF_UP, Decimal

import segno
from promptpay_qr import generate_payload

from receiver.pay.emv import read_fields, split
from receiver.pay.errors import BadPayload, WrongCode

_APPLICATION = "A000000677010111"
_BAHT, _THAILAND = "764", "TH"
_SATANG = Decimal("0.01")


def make_payload(payee: str, amount: Decimal) -> str:
    """What the code says. `payee`: digits, checked by `leadcore.settings.read_promptpay_id`. Raises `WrongCode`."""
    # 0 means "the payer decides" to some banks.
    rounded = amount.quantize(_SATANG, ROUND_HALF_UP)
    if rounded <= 0:
        raise WrongCode("there is nothing to pay")
    payload: str = generate_payload(payee, rounded)
    _check(payload, payee, rounded)
    return payload


def _check(payload: str, payee: str, amount: Decimal) -> None:
    """Raises `WrongCode`."""
    try:
        fields = read_fields(payload)
        account = split(fields.get("29", ""))
    except BadPayload as error:
        raise WrongCode(str(error)) from None
    target = {10: ("01", f"0066{payee[1:]}"), 13: ("02", payee), 15: ("03", payee)}.get(len(payee), ("", ""))
    # "12": for one payment, not for many.
    wanted = {"00": "01", "01": "12", "53": _BAHT, "54": f"{amount:.2f}", "58": _THAILAND}
    said = {name: fields[name] for name in fields.keys() - {"29", "63"}}
    if said != wanted or account != {"00": _APPLICATION, target[0]: target[1]}:
        raise WrongCode("the code says something else")


def draw(payload: str) -> str:
    """The code as an SVG element. `segno.make` would make a Micro QR code of a short text, which few readers see."""
    code = segno.make_qr(payload, error="m")
    return code.svg_inline(scale=8, border=4, omitsize=True, light="#fff", svgclass=None, lineclass=None)
