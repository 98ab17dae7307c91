"""What people really send: each line of `real_data.jsonl` goes through a real Redis, the workers' classes and the
served stand-ins, and has to become exactly the contact and the messages that the line expects.

`payloads`: in the order in which they come. `expect`: `contact` (property -> value, null for blank, a list for any of
these; null: no contact), `messages` and `messages_after_first` (how many), `unsaved_holds`, `cart_holds` and
`address_lacks` (a part of that text), `not_said` (in no message, in either language)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Scene, scene, stage  # noqa: F401 - the fixtures
from workers.rules.mapping.property_names import UNSAVED

LINES = (Path(__file__).parent / "real_data.jsonl").read_text(encoding="utf-8")
CASES = [json.loads(line) for line in LINES.split("\n") if line]
CHECKED = {
    *("contact", "messages", "messages_after_first", "unsaved_holds", "cart_holds", "address_lacks", "not_said"),
}
IN_THAI = {"saved": "บันทึก"}
CART = "dealdroid_cart"


def test_every_expectation_is_one_that_is_checked() -> None:
    assert {name for case in CASES for name in case["expect"]} <= CHECKED


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["kind"])
def test_what_people_send_becomes_good_data(case: dict[str, Any], scene: Scene) -> None:  # noqa: F811
    first, *others = case["payloads"]
    expect = case["expect"]
    scene.sync(first)
    before = len(scene.messages().get("c", []))
    scene.sync(*others)
    told, contact = scene.messages().get("c", []), scene.contacts().get("c")
    assert len(told) == expect.get("messages", len(told))
    assert len(told) - before == expect.get("messages_after_first", len(told) - before)
    if word := expect.get("not_said"):
        assert not any(word in text or IN_THAI[word] in text for text in told)
    if expect["contact"] is None:
        assert contact is None
        return
    assert contact is not None
    found = {name: contact.get(name) or None for name in expect["contact"]}
    wrong = {name: found[name] for name, value in expect["contact"].items() if found[name] not in _any(value)}
    assert not wrong
    assert expect.get("unsaved_holds", "") in contact.get(UNSAVED, "")
    assert expect.get("cart_holds", "") in contact.get(CART, "")
    assert "address_lacks" not in expect or expect["address_lacks"] not in contact.get("address", "")


def _any(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
