import hashlib
import hmac
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore.config import Payment
from leadcore.event import encode, read
from receiver.pay.errors import Tampered
from receiver.pay.links import Link, PayLinks, derive_link_key, fill_link

KEY = b"a key of thirty-two characters.."
NOW = 1_800_000_000
LINK = Link("K73FX219", 125050, "THB", NOW + 60)


class Clock:
    now = float(NOW)

    def __call__(self) -> float:
        return self.now


def links(key: bytes = KEY, clock: Clock | None = None) -> PayLinks:
    return PayLinks(key, "https://shop.example.com", Payment(), clock or Clock())


def event(**more: object) -> bytes:
    product = {"name": "Ann's dog food", "price": 600, "count": 2, "total": 1200}
    cart = {"products": [product], "shippingFee": "50.50", "grandTotal": "1250.50"}
    contact = {"name": "Ann Example", "phone": "0812345678"}
    return encode(
        {"mid": "m", "customer_id": "c-1", "intent": "Purchase", "shopping_cart": cart, "contact_info": contact, **more}
    )


def test_a_link_is_bound_to_reference_amount_and_currency_and_says_nothing_else() -> None:
    made = links()
    url = made.make(read(event()), "K73FX219")
    base, _, token = url.rpartition("/")
    assert base == "https://shop.example.com/pay"
    assert made.read(token) == Link("K73FX219", 125050, "THB", NOW + 24 * 3600)
    assert re.fullmatch(r"K73FX219-125050-THB-\d+\.[\w-]{43}", token)


def test_without_a_payable_total_there_is_no_link() -> None:
    assert links().make(read(event(payment_method="cash_on_delivery")), "K73FX219") == ""


def test_no_character_of_a_link_can_be_changed() -> None:
    made = links()
    token = made.sign(LINK)
    letters = "AaBbZz019-_."
    for at, letter in enumerate(token):
        for other in letters.replace(letter, ""):
            with pytest.raises(Tampered):
                made.read(token[:at] + other + token[at + 1 :])
    # The last letter of the signature has bits that mean nothing.
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".replace(token[-1], ""):
        with pytest.raises(Tampered):
            made.read(token[:-1] + other)


@pytest.mark.parametrize("token", ["", ".", "x", "a.b.c", "é", "K73FX219-1-THB-1." + "x" * 500, "\0", "==="])
def test_what_is_no_link_is_refused(token: str) -> None:
    with pytest.raises(Tampered):
        links().read(token)


@given(st.text())
def test_any_text_is_refused(token: str) -> None:
    with pytest.raises(Tampered):
        links().read(token)


def test_another_key_refuses_it() -> None:
    with pytest.raises(Tampered):
        links(b"another").read(links().sign(LINK))


def test_it_expires() -> None:
    clock = Clock()
    made = links(clock=clock)
    assert not made.has_expired(made.read(made.sign(LINK)))
    clock.now += 60
    assert made.has_expired(made.read(made.sign(LINK)))


def test_a_clock_that_is_behind_that_of_the_maker_takes_it_all_the_same() -> None:
    clock = Clock()
    clock.now -= 5
    made = links(clock=clock)
    assert not made.has_expired(made.read(links().sign(LINK)))


def test_the_shops_page_can_check_its_link() -> None:
    key = derive_link_key(KEY)
    url = fill_link("https://pay.example.com/x?ref={reference}&amt={amount}&cur={currency}&sig={signature}", LINK, key)
    said = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    expected = hmac.new(key, b"K73FX219|1250.50|THB", hashlib.sha256).hexdigest()
    assert said == {"ref": "K73FX219", "amt": "1250.50", "cur": "THB", "sig": expected}
    assert KEY not in key
