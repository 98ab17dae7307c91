"""What a customer who has paid is told."""

import pytest

from leadcore.config import Payment, parse
from leadcore.errors import ConfigError
from workers.rules import configuration
from workers.rules.orders.thanks import Thanks

PAID = ("1,250.50", "THB", "K73FX219")


def test_without_a_text_of_the_shops_there_is_one() -> None:
    thanks = Thanks.compile(Payment())
    assert thanks.render("en", *PAID) == "We have received 1,250.50 THB for your order K73FX219. Thank you!"
    assert "1,250.50 THB" in thanks.render("th", *PAID)
    assert Thanks.compile(None).render("en", *PAID) == thanks.render("en", *PAID)


def test_a_text_of_the_shops_replaces_it_in_its_language() -> None:
    config = parse("[payment.thanks]\nen = 'Got {{ amount }} {{ currency }} ({{ order_ref }})'\n")
    thanks = Thanks.compile(config.payment)
    assert thanks.render("en", *PAID) == "Got 1,250.50 THB (K73FX219)"
    assert "ขอบคุณค่ะ" in thanks.render("th", *PAID)


def test_a_blank_text_says_nothing() -> None:
    assert Thanks.compile(Payment(thanks={"en": ""})).render("en", *PAID) == ""


@pytest.mark.parametrize("text", ["{{ price }}", "{{ amount", "{{ amount.__class__ }}", "{{ 1 / 0 }}"])
def test_a_text_that_cannot_be_used_stops_the_start(text: str) -> None:
    with pytest.raises(ConfigError, match=r"payment\.thanks\.en"):
        configuration.check(parse(f"[payment.thanks]\nen = {text!r}\n"))


@pytest.mark.parametrize("table", ["[payment.thanks]\nfr = 'Merci'\n", "[payment.thanks]\nen = 1\n"])
def test_what_is_no_text_of_a_language_is_refused_with_its_line(table: str) -> None:
    with pytest.raises(ConfigError, match="line 2"):
        parse(table)
