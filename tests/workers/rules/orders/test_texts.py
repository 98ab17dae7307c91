import pytest

from leadcore.config import parse
from leadcore.errors import ConfigError
from workers.rules.orders.texts import NAME_SAMPLES, OrderTexts, render

CONFIG = """
[orders.messages.th]
Shipped = "ส่งแล้วค่ะ{% if tracking %} {{ tracking }} {{ tracking_url }}{% endif %}"
[orders.messages.en]
Shipped = "On its way: {{ tracking }}"
Delivered = "Enjoy {{ hs_order_name }} & more"
"""


def texts(source: str = CONFIG) -> OrderTexts:
    found = OrderTexts.compile(parse(source))
    assert found
    return found


def test_without_orders_there_are_no_texts() -> None:
    assert OrderTexts.compile(parse("")) is None


@pytest.mark.parametrize(
    ("stage", "language", "expected"),
    [
        ("Shipped", "th", "ส่งแล้วค่ะ TH1 https://example.com/TH1"),
        (" shipped", "", "ส่งแล้วค่ะ TH1 https://example.com/TH1"),
        ("Shipped", "zh-cn", "On its way: TH1"),
        ("Delivered", "th", "Enjoy Malee & more"),
        ("Open", "th", None),
    ],
)
def test_a_stage_is_found_by_its_label_in_the_customers_language_else_in_the_other(
    stage: str, language: str, expected: str | None
) -> None:
    order = {
        "hs_shipping_tracking_number": "TH1",
        "hs_shipping_status_url": "https://example.com/TH1",
        "hs_order_name": "Malee",
    }
    found = texts().find(stage, language)
    assert (render(found, order) if found else None) == expected


def test_what_an_order_lacks_is_blank() -> None:
    found = texts().find("Shipped", "th")
    assert found
    assert render(found, {}) == "ส่งแล้วค่ะ"


def test_the_properties_that_texts_speak_of_and_the_stages_that_have_one_are_known() -> None:
    assert texts().variables == {"hs_shipping_tracking_number", "hs_shipping_status_url", "hs_order_name"}
    assert texts().stages == {"shipped", "delivered"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"firstname": "Malee", "lastname": "Dee", "order_ref": "K73FX219", "zip": "10110"}, "Malee Dee K73FX219"),
        ({"order_ref": "K73FX219"}, "K73FX219"),
        ({"firstname": "\n Malee ", "order_ref": "K73FX219", "other": "x"}, "Malee K73FX219"),
        ({"firstname": "m" * 400}, "m" * 250),
    ],
)
def test_an_order_is_named_after_its_customer_and_reference(values: dict[str, str], expected: str) -> None:
    assert texts("[orders]").name(values) == expected


def test_a_name_of_which_nothing_is_left_is_the_reference() -> None:
    assert texts("[orders]\nname = '{{ company }}'").name({"order_ref": "K73FX219"}) == "K73FX219"
    failing = texts("[orders]\nname = '{% if zip %}{{ 10 // (zip | int) }}{% endif %}'")
    assert failing.name({"order_ref": "K73FX219", "zip": "x"}) == "K73FX219"


@pytest.mark.parametrize("name", NAME_SAMPLES)
def test_every_variable_of_a_name_can_be_used(name: str) -> None:
    assert texts(f"[orders]\nname = '-{{{{ {name} }}}}'").name({name: "x"}) == "-x"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("[orders]\nname = '{{ firstnam }}'", "orders.name: there is no {{firstnam}}"),
        ("[orders]\nname = '{{ missing }}'", "orders.name: there is no {{missing}}"),
        ("[orders]\nname = '{{ firstname'", "orders.name: "),
        ("[orders.messages.th]\nShipped = '{% if tracking %}'", 'orders.messages.th."Shipped": '),
        ("[orders.messages.en]\nShipped = '{{ tracking.__class__ }}'", "may not reach for Python"),
        ("[orders.messages.en]\n'On its way' = '{{ 1 / 0 }}'", 'orders.messages.en."On its way": division by zero'),
    ],
)
def test_a_template_that_cannot_be_used_is_named(source: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        OrderTexts.compile(parse(source))
    assert words in str(caught.value)
