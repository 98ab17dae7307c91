"""What the team reads."""

import json
from contextlib import nullcontext
from typing import Any

import pytest

from leadcore.config import Config, Notify, parse
from leadcore.errors import ConfigError
from leadcore.events import EVENTS
from workers.rules.configuration import check
from workers.rules.notice import WHAT, NoticeTemplate

FIELDS = {
    b"g": b"lead.parked",
    b"e": b"lead-1",
    b"c": b'{"id": 42}',
    b"d": json.dumps({"intent": "สั่งซื้อ", "state": "parked", "reason": "row"}).encode(),
    b"b": json.dumps({"name": "Ann", "phone": "081", "cart": "2 x A"}).encode(),
}


def body(rest: int = 0, link: str = "", fields: dict[bytes, bytes] = FIELDS, **more: Any) -> str:
    return NoticeTemplate(Notify(**more)).compose(fields, link, rest).body


def test_the_built_in_text_says_what_happened_and_where_to_look() -> None:
    assert body(link="https://x") == "A lead needs you (สั่งซื้อ)\nhttps://x"
    assert body(rest=1) == "A lead needs you (สั่งซื้อ)\n+ 1 more"


def test_a_text_of_ones_own_knows_ids_state_and_reason() -> None:
    assert body(text="{{ event }} {{ customer_id }} {{ state }} {{ reason }} {{ lead }}") == (
        "lead.parked 42 parked row lead-1"
    )


def test_names_are_known_only_with_private() -> None:
    assert body(text="{{ name }}, {{ phone }}: {{ cart }}", private=True) == "Ann, 081: 2 x A"
    for name in ("name", "phone", "cart"):
        with pytest.raises(ConfigError, match=rf"notify.text: \{{\{{{name}\}}\}} needs private = true"):
            NoticeTemplate(Notify(text=f"{{{{ {name} }}}}"))


@pytest.mark.parametrize("text", ["{{ nonsense }}", "{{ intent.__class__ }}", "{% if %}", "{{ 1 / 0 }}"])
def test_a_text_that_cannot_be_used_stops_the_start(text: str) -> None:
    with pytest.raises(ConfigError, match=r"notify.text"):
        check(Config(notify=Notify(text=text)))


def test_a_blank_text_becomes_the_built_in_one() -> None:
    assert body(link="https://x", text="{{ order }}") == "A lead needs you https://x"


@pytest.mark.parametrize("fields", [{}, {b"g": b"lead.created", b"d": b"no JSON", b"c": b"{", b"b": b"["}])
def test_an_entry_that_cannot_be_read_is_told_all_the_same(fields: dict[bytes, bytes]) -> None:
    assert body(fields=fields)


def test_what_a_customer_says_is_no_template() -> None:
    fields = {**FIELDS, b"b": json.dumps({"name": "{{ 1 + 1 }}"}).encode()}
    assert body(fields=fields, text="{{ name }}", private=True) == "{{ 1 + 1 }}"


def test_each_event_of_which_a_team_may_be_told_is_named_in_words() -> None:
    for name in EVENTS:
        source = f'[notify]\non = ["{name}"]'
        with nullcontext() if name in WHAT else pytest.raises(ConfigError):
            assert parse(source).notify.on == (name,)
    assert {"order.paid", "order.cancelled", "order.refunded"} < WHAT.keys() <= {*EVENTS}


@pytest.mark.parametrize("name", WHAT)
def test_titles_are_short_and_plain(name: str) -> None:
    title = NoticeTemplate(Notify()).compose({b"g": name.encode()}, "", 99_999).title
    assert title.isascii()
    assert len(title) < 60


@pytest.mark.parametrize(
    "source",
    [
        '[notify]\non = ["lead.nonsense"]',
        "[notify]\nevery_seconds = 0",
        '[notify]\ntext = " "',
        "[hooks]\nnonsense = 1",
        '[hooks]\non = [""]',
    ],
)
def test_a_mistake_in_the_tables_is_named(source: str) -> None:
    with pytest.raises(ConfigError, match=r"line 2"):
        parse(source)
