"""The instant replies, without a server."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

import sandbox
from leadcore.config import Payment, load, parse
from leadcore.errors import ConfigError
from leadcore.event import Event, Head, encode, receive
from leadcore.machine import Machine
from leadcore.payable import find_payable
from receiver.intake.reply import NAMES, Replies
from workers.rules.texts import SAMPLES

KEY = b"a key of thirty-two characters.."
CART = {
    "products": [
        {"code": "DF-1", "name": "Dog food", "price": 600, "count": 2, "total": 1200, "available": True},
        {"code": "B-1", "name": "Bowl {{ 7 * 7 }}", "price": 50, "count": 1, "total": 50, "available": True},
    ],
    "shippingFee": "0",
    "grandTotal": "1,250",
}

THAI = ["ขอบคุณ 1,250"]


def head(**more: Any) -> Head:
    body = {"mid": "m", "customer_id": "c", "intent": "Purchase", "shopping_cart": CART, **more}
    return receive(encode(body), bool)


def replies(reply: str, more: str = "", **options: Any) -> Replies:
    return Replies(parse(f'{more}\n[intents."Purchase"]\nreply = {reply}'), KEY, Machine(), **options)


def test_the_shop_that_is_tried_names_no_order_where_nothing_is_ordered() -> None:
    made = Replies(load(str(Path(sandbox.__file__).with_name("leadsync.toml"))), KEY, Machine())
    assert json.loads(made.answer(head(shopping_cart=None))) == ["ขอบคุณค่ะ"]
    assert "ยอด 1250.00 THB" in json.loads(made.answer(head()))[0]


@pytest.mark.parametrize(("products", "order"), [([], ""), ([{"name": "Sample", "price": 0, "count": 1}], " 0.00")])
def test_only_a_cart_that_holds_something_costs_nothing(products: list[dict[str, Any]], order: str) -> None:
    """A customer who only asks is not told of an order that nobody makes."""
    cart = {"products": products, "shippingFee": "", "grandTotal": "0"}
    assert answer("Thanks{% if amount %} {{ amount }}{% endif %}", shopping_cart=cart) == [f"Thanks{order}"]


def answer(text: str, **more: Any) -> list[str]:
    found = json.loads(replies(json.dumps([text])).answer(head(**more)))
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("text", "said", "reply"),
    [
        ("Total {{ grand_total }}", {}, "Total 1,250"),
        ("{{ amount }} {{ currency }}", {}, "1250.00 THB"),
        ("{{ shipping_fee }}/{{ payment_method }}/{{ product_type }}", {"product_type": "Pets"}, "0//Pets"),
        ("{% for p in products %}{{ p.count }} x {{ p.name }}\n{% endfor %}", {}, "2 x Dog food\n1 x Bowl {{ 7 * 7 }}"),
        ("Hi {{ firstname }}, {{ phone }}", {"contact_info": {"name": "สมชาย", "phone": "081"}}, "Hi สมชาย, 081"),
        ("{{ address }} {{ zip }}", {"address_parsing": {"street_address": "9 Soi", "postal_code": 1}}, "9 Soi 1"),
        ("{{ products[9].name }}!", {}, "!"),
        ("{{ address }} {{ zip }}", {"contact_info": {"address": "9 Soi 1", "zipcode": 10110}}, "9 Soi 1 10110"),
        ("A & B <{{ firstname }}>", {"contact_info": {"name": "O'Neil & Co"}}, "A & B <O'Neil & Co>"),
        ("{{ payload.contact_info.line_id }}!", {"contact_info": {"line_id": "@ann"}}, "@ann!"),
        ("{{ payload.contact_info.line_id }}{{ payload.a.b.c }}!", {}, "!"),
        ("{{ '%.2f' | format(amount | float) }}", {}, "1250.00"),
        ("{% if pay_url %}Pay: {{ pay_url }}{% endif %}Thanks", {}, "Thanks"),
        ("ราคา {พิเศษ}", {}, "ราคา {พิเศษ}"),
    ],
)  # fmt: skip
def test_a_template_knows_the_event(text: str, said: dict[str, Any], reply: str) -> None:
    assert answer(text, **said) == [reply]


def test_half_a_letter_is_left_out_of_a_reply() -> None:
    """A reader of JSON may refuse the whole array for one such half."""
    raw = json.dumps({"mid": "m", "customer_id": "c", "intent": "Purchase", "line": "Ann \ud83d!"}).encode()
    said = replies('["Hi {{ payload.line }}"]').answer(receive(raw, bool))
    assert json.loads(said.decode()) == ["Hi Ann !"]


def test_a_reply_knows_what_the_messages_know() -> None:
    assert SAMPLES.keys() - {"missing"} <= set(NAMES)


def test_the_reference_is_the_same_for_a_repeat_and_another_for_another_event() -> None:
    first = answer("{{ order_ref }}")
    assert first == answer("{{ order_ref }}")
    assert first != answer("{{ order_ref }}", mid="m-2")


def test_a_link_is_made_of_event_and_reference() -> None:
    made: list[tuple[Event, str]] = []

    def make_link(said: Event, reference: str) -> str:
        made.append((said, reference))
        return "https://shop.example.com/pay/1"

    [text] = json.loads(replies('["{{ order_ref }} {{ pay_url }}"]', make_link=make_link).answer(head()))
    [(said, reference)] = made
    assert (said.grand_total, text) == ("1,250", f"{reference} https://shop.example.com/pay/1")


def test_no_link_is_made_for_a_reply_without_one() -> None:
    def fail(*_: Any) -> str:
        raise AssertionError("a link was made")

    assert json.loads(replies('["{{ order_ref }}"]', make_link=fail).answer(head())) != []


@pytest.mark.parametrize(
    ("language", "reply"),
    [("th", THAI), ("Thai", THAI), ("en-GB", ["Thanks"]), ("de", ["Thanks"]), ("", THAI)],
)
def test_a_reply_may_have_a_text_for_each_language(language: str, reply: list[str]) -> None:
    source = '[intents."Purchase".reply]\nth = ["ขอบคุณ {{ grand_total }}"]\nen = ["Thanks"]'
    found = Replies(parse(source), KEY, Machine()).answer(head(contact_info={"language": language}))
    assert json.loads(found) == reply


def test_the_only_language_is_that_of_everybody() -> None:
    found = Replies(parse('[intents."Purchase".reply]\nen = ["Thanks"]'), KEY, Machine())
    assert json.loads(found.answer(head(contact_info={"language": "th"}))) == ["Thanks"]


def test_a_blank_message_is_left_out() -> None:
    found = replies('["{{ pay_url }}", "  {{ \'\' }} ", "Thanks {{ intent }}"]')
    assert json.loads(found.answer(head())) == ["Thanks Purchase"]


def test_a_message_is_no_longer_than_a_chat_takes() -> None:
    assert [len(text) for text in answer("{{ firstname * 9 }}", contact_info={"name": "ก" * 900})] == [2000]


@pytest.mark.parametrize(
    ("text", "said", "plain"),
    [
        ("Thank you!\nFirst: {{ products[0].name if products | length != 3 else 1 / 0 }}\nBye", 3, ["Thank you!\nBye"]),
        ("{{ 1 / (products | length - 3) }}", 3, []),
        ("Hi {% for a in products if products | length == 3 %}{% for b in range(99999) %}{% for c in range(99999) %}"
         "{% endfor %}{% endfor %}{% endfor %}\nBye", 3, ["Bye"]),
        ("{% if products | length == 3 %}{{ 'x' * (payload.n | int) }}{% endif %}\nBye", 3, ["Bye"]),
        ("{% macro m() %}{{ m() }}{% endmacro %}{% if products | length == 3 %}{{ m() }}{% endif %}\nBye", 3, ["Bye"]),
        ("{% if products | length == 3 %}{{ range(payload.n | int) | list }}{% endif %}\nBye", 3, ["Bye"]),
        ("{% if products | length == 3 %}{{ 9 ** (payload.n | int) }}{% endif %}\nBye", 3, ["Bye"]),
        *(
            ("{% if products | length == 3 %}{{ " + text + " }}{% endif %}\nBye", 3, ["Bye"])
            for text in (
                "'x'.ljust(payload.wide)", "'x'.rjust(payload.wide)",
                "'x'.zfill(payload.wide)", "'x'.center(payload.wide)",
                "'x'.expandtabs(payload.wide)",
                "'%*d' % (payload.wide, 1)", "('%' ~ payload.wide ~ 's') % 'x'",
                "('%' ~ payload.wide ~ 's') | format('x')",
                "'{:{}}'.format('x', payload.wide)", "('{:' ~ payload.wide ~ '}').format('x')",
                "'{:{}}'.format('x', payload.wide ~ '')", "'{:{p[wide]}}'.format('x', p=payload)",
                "'{a:{b}}'.format_map({'a': 'x', 'b': payload.wide})", "('%((a))' ~ payload.wide ~ 's') % {'(a)': 'x'}",
                "'%.*f' % (payload.wide, 1)", "('%*.' ~ payload.wide ~ 'f') % (1, 1)",
                "[1] | batch(payload.wide, 'x') | list", "[1] | slice(payload.wide) | list",
                "'x' | indent(payload.wide, true)", "payload | tojson(indent=payload.wide)",
                "payload.long | replace('a', payload.long)", "payload.long.replace('a', payload.long)",
                "range(99999) | list | join(payload.long)", "payload.long.join('a' * 99999)",
                "range(99999) | map('string') | join(payload.long)",
                "payload.lines | indent(payload.long)", "payload.lines | indent(width=payload.long, blank=true)",
                "payload.lines | indent(900)", "payload.lines | wordwrap(2, wrapstring=payload.long)",
                "payload.numbers | tojson(indent=payload.long)", "payload.links | urlize(rel=payload.long)",
                "([payload] * 9_000) | join", "([[payload.long]] * 9_000) | join('/')",
                "payload.parts | sum(start=[])", "payload.parts | map('list') | sum(start=[])",
                "1.5 | round(payload.wide, 'ceil')", "5 | round(-payload.wide)",
                "'x'.encode() * payload.wide", "'x'.encode().ljust(payload.wide)", "(5).to_bytes(payload.wide, 'big')",
            )
        ),
    ],
)  # fmt: skip
def test_one_that_fails_or_is_slow_answers_its_plain_lines_at_once(text: str, said: int, plain: list[str]) -> None:
    product = {"name": "private name", "price": 1, "count": 1, "total": 1}
    made = replies(json.dumps([text]))
    many = {"lines": "a\n" * 30_000, "links": "www.a.co " * 8_000, "numbers": [1] * 30_000, "parts": [[1]] * 40_000}
    large = head(shopping_cart={"products": [product] * said}, n=10**18, wide=9 * 10**8, long="a" * 60_000, **many)
    began = time.thread_time()
    with capture_logs() as logs:
        assert json.loads(made.answer(large)) == plain
    assert time.thread_time() - began < 2
    [line] = logs
    assert (line["event"], line["intent"]) == ("reply.failed", "Purchase")
    assert "private" not in str(logs)


def test_numbers_are_written_and_lists_are_joined_as_ever() -> None:
    said = {"shopping_cart": {"products": [{"name": "A, B"}, {"name": "C"}], "grandTotal": "1500000"}, "total": 1250}
    texts = [
        "{{ '{:,.2f}'.format(grand_total | float) }} {{ '%08.2f' % 3 }} {{ '%s!' | format(grand_total) }}",
        "{{ products | join(' + ', attribute='name') }}",
        "{{ products | map(attribute='name') | join('/') | replace(',', ';') }}",
        "{{ '7'.zfill(3) }}{{ 'x'.ljust(3, '.') }} {{ 7 % 4 }} {{ ['a', 'b'] | batch(2) | list | length }}",
        "{{ payload.total | default(0) | tojson(indent=2) }} {{ 'aa' | replace('a', 'b', count=1) }}",
        "{{ 'Call 0812345678, %s, Bangkok 10110' | format(grand_total) }} {{ '10%% (*) of %s' % payload.total }}",
        "{{ 'Call 0812345678, {}, Bangkok 10110'.format(grand_total) }} {{ '10% * {}'.format(payload.total) }}",
        "{{ '%(ref)s (0812345678)' | format(ref='K73') }} {{ '{0:>6}|'.format(1250) }}",
        "{{ 'a\\nb' | indent }}{{ 'a\\nb' | indent('> ', first=true) }}{{ 'a b' | wordwrap(1, wrapstring='/') }}",
        "{{ 1250.456 | round(2) }} {{ 1250.4 | round(0, 'ceil') | int }} {{ [[1], 'a', 2] | join('-') }}",
        "{{ [1, 2.5] | sum }} {{ [[1], [2]] | sum(start=[]) | join }} {{ [{'n': 7}] | sum('n', start=0.5) }}",
    ]
    assert json.loads(replies(json.dumps(texts)).answer(head(**said))) == [
        "1,500,000.00 00003.00 1500000!",
        "A, B + C",
        "A; B/C",
        "007x.. 3 1",
        "1250 ba",
        "Call 0812345678, 1500000, Bangkok 10110 10% (*) of 1250",
        "Call 0812345678, 1500000, Bangkok 10110 10% * 1250",
        "K73 (0812345678)   1250|",
        "a\n    b> a\n> ba/b",
        "1250.46 1251 [1]-a-2",
        "3.5 12 7.5",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ firstnam }}", r'intents."Purchase".reply: there is no \{\{firstnam\}\}; there are intent, .*, pay_url\.$'),
        ("{{ products[0].nam if products }}", "a product has no nam"),
        ("{% for %}", "reply: "),
        ("{{ intent", "reply: "),
        ("{{ 1 / 0 }}", "division"),
        ("{% if not pay_url %}{{ 1 / 0 }}{% endif %}", "division"),
        ("{{ intent.__class__ }}", "Python"),
        ("{{ intent['__class__'].mro() }}", "reply: "),
        ("{% include 'x' %}", "reply: "),
        ("{% for a in products %}{% for b in products %}{% for c in products %}{% for d in products %}{% endfor %}"
         "{% endfor %}{% endfor %}{% endfor %}", "longer than"),
    ],
)  # fmt: skip
def test_a_mistake_stops_the_start(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        replies(json.dumps([text]))


def test_a_mistake_is_explained_in_a_sentence_with_one_full_stop() -> None:
    with pytest.raises(ConfigError, match=r"'end of print statement'\.$"):
        replies('["{{ order_ref "]')


def test_a_mistake_names_the_language() -> None:
    with pytest.raises(ConfigError, match=r'intents\."Purchase"\.reply\.en: '):
        Replies(parse('[intents."Purchase".reply]\nen = ["{{ x }}"]'), KEY, Machine())


def test_without_placeholders_the_event_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = replies('["Thanks", "ขอบคุณค่ะ"]')
    monkeypatch.setattr("receiver.intake.reply.event.read", None)
    assert json.loads(made.answer(head())) == ["Thanks", "ขอบคุณค่ะ"]
    assert made.answer(Head(b"{}", "c", "Another")) == b"[]"


def test_a_template_takes_less_than_a_millisecond() -> None:
    """By which the p99 of the acknowledgement may rise at most."""
    lines = "{% for p in products %}{{ p.count }} x {{ p.name }}\n{% endfor %}"
    made = replies(json.dumps([f"Thanks {{{{ firstname }}}}! {lines}{{{{ amount }}}} {{{{ order_ref }}}}"]))
    one = head()
    took = []
    for _ in range(200):
        began = time.thread_time()
        made.answer(one)
        took.append(time.thread_time() - began)
    assert sorted(took)[198] < 0.001


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
EVERYTHING = replies(
    json.dumps(
        [
            " ".join(f"{{{{ {name} }}}}" for name in NAMES),
            "{% for p in products %}{{ p.count | int * 2 }}{{ p.name }}{{ p.available }}{% endfor %}",
            "{{ payload.contact_info.x.y }}",
        ]
    ),
    make_link=lambda said, _: str(find_payable(said, Payment())[0]),
)


PARTS = ("shopping_cart", "contact_info", "address_parsing", "payment_method", "a")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(PARTS, JSON)))
def test_any_event_has_a_reply(body: dict[str, Any]) -> None:
    given_head = receive(encode({"mid": "m", "customer_id": "c", "intent": "Purchase", **body}), bool)
    found = json.loads(EVERYTHING.answer(given_head))
    assert all(isinstance(text, str) for text in found)
