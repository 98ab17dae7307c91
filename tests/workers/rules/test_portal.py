from typing import Any

import pytest

from workers.flow.errors import LineDown
from workers.hubspot.portal_cache import build_portal
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.options import Option
from workers.rules.mapping.property_names import ADDRESS, DETAILS, UNSAVED
from workers.rules.portal import Portal

KEY = {"name": "dealdroid_customer_id", "type": "string", "hasUniqueValue": True}
TARGETS: dict[str, Any] = {"phone": "shop_phone", "company": False}


def property_(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "string", **more}


def choice(name: str, *options: tuple[str, str]) -> dict[str, Any]:
    return {"name": name, "type": "enumeration", "options": [{"value": v, "label": label} for v, label in options]}


# Names


def test_a_mapped_name_goes_out_as_the_shops_and_comes_back_as_ours() -> None:
    portal = Portal(targets=TARGETS)
    assert portal.to_portal({"phone": "1", "email": "e", "company": "c"}) == {"shop_phone": "1", "email": "e"}
    assert portal.from_portal({"shop_phone": "1", "email": "e"}) == {"phone": "1", "email": "e"}
    assert portal.compared_targets() == [
        "shop_phone" if name == "phone" else name
        for name in (*DETAILS, *ADDRESS, "hs_language", UNSAVED)
        if name != "company"
    ]


@pytest.mark.parametrize(
    ("names", "name", "has"),
    [
        (None, "email", True),
        (None, "company", False),
        ({"email"}, "email", True),
        ({"email"}, "zip", False),
        ({"shop_phone"}, "phone", True),
        ({"phone"}, "phone", False),
    ],
)
def test_a_property_is_there_if_its_target_is(names: set[str] | None, name: str, has: bool) -> None:
    assert Portal(None if names is None else frozenset(names), targets=TARGETS).has(name) is has


def test_an_event_is_limited_to_the_portals_properties_and_unsaved_texts_stay() -> None:
    said = {"email": "e", "zip": "10110"}
    mapped = MappedEvent(details=said, address=said, activity=said, creation=said, unsaved=said, placeholder="Chat x")
    held = {"email": "e"}
    assert Portal(frozenset({"email"})).without_unsupported(mapped) == MappedEvent(
        held, held, held, held, said, "Chat x"
    )


# The description


def test_a_portal_is_described_by_its_writable_properties_and_their_options() -> None:
    portal = build_portal(
        [
            KEY,
            property_("email"),
            property_("shop_phone", modificationMetadata={"readOnlyValue": False}),
            property_("hs_object_id", modificationMetadata={"readOnlyValue": True}),
            choice("state", ("bkk", "Bangkok")),
            choice("country"),
        ],
        TARGETS,
    )
    assert portal.names == frozenset({"dealdroid_customer_id", "email", "shop_phone", "state", "country"})
    assert portal.options.by_property == {"state": [Option("bkk", "Bangkok")]}
    assert portal.targets == TARGETS


def test_the_options_of_a_mapped_dropdown_go_by_our_name() -> None:
    portal = build_portal([KEY, choice("shop_state", ("bkk", "Bangkok"))], {"state": "shop_state"})
    assert list(portal.options.by_property) == ["state"]


@pytest.mark.parametrize("own", [choice("shop_language", ("lo", "Lao")), property_("shop_language")])
@pytest.mark.parametrize("first", [True, False])
def test_the_options_of_a_property_that_another_stands_for_count_for_nothing(own: dict[str, Any], first: bool) -> None:
    listed = [own, choice("hs_language", ("th", "Thai"))]
    portal = build_portal([KEY, *(listed if first else reversed(listed))], {"hs_language": "shop_language"})
    assert portal.options.pick("hs_language", ["lo"]) == "lo"


@pytest.mark.parametrize("target", ["shop_phone", False])
def test_a_property_that_another_stands_for_keeps_a_name_of_its_own(target: Any) -> None:
    portal = Portal(targets={"phone": target})
    name = portal.source("phone")
    assert portal.to_portal({name: "1", "phone": "2"}) == {"phone": "1"} | ({target: "2"} if target else {})
    assert portal.has(name)


@pytest.mark.parametrize(
    "definition",
    [
        {"name": "x"},
        {"name": "x", "type": "enumeration"},
        {"name": "x", "type": "enumeration", "options": None, "modificationMetadata": None},
        {},
    ],
)
def test_a_property_that_is_hardly_described_does_no_harm(definition: dict[str, Any]) -> None:
    assert build_portal([KEY, definition], {}).options.by_property == {}


@pytest.mark.parametrize("definitions", [[], [property_("email")], [{**KEY, "hasUniqueValue": False}]])
def test_without_a_unique_key_the_line_waits_and_setup_is_named(definitions: list[dict[str, Any]]) -> None:
    with pytest.raises(LineDown, match="leadsync setup") as down:
        build_portal(definitions, {})
    assert down.value.code == "no_key"


def test_a_portal_that_does_not_tell_whether_the_key_is_unique_is_trusted() -> None:
    build_portal([property_("dealdroid_customer_id")], {})
