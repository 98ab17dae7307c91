"""A replica that lags takes over: Redis holds the data of a moment before, and the receivers put the leads of the last
seconds again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.conftest import lead
from tests.faults.conftest import Scene

ANN = "replica-ann"
FIRST: dict[str, Any] = {
    "name": "Ann First",
    "phone": "0811111111",
    "address": {"street_address": "1 Baker Street", "city": "London", "postal_code": "NW1 6XE", "country": "GB"},
}
BETWEEN: dict[str, Any] = {
    "name": "Ann Between",
    "phone": "0822222222",
    "address": {"street_address": "2 High Street", "city": "Leeds", "postal_code": "LS1 1AA", "country": "GB"},
}


@contextmanager
def lagging(scene: Scene) -> Iterator[None]:
    """What Redis is told meanwhile is lost."""
    kept = {name: (scene.redis.dump(name), max(scene.redis.pttl(name), 0)) for name in scene.redis.scan_iter()}
    yield
    scene.redis.flushdb()
    for name, (dumped, left) in kept.items():
        scene.redis.restore(name, left, dumped)


def the_contact(scene: Scene) -> dict[str, str]:
    (contact,) = scene.line.crm.contacts()
    return dict(contact["properties"])


def tell(contact: dict[str, str]) -> tuple[str, str, str]:
    return contact["lastname"], contact["phone"], contact["city"]


@pytest.mark.parametrize("again", [FIRST, {**FIRST, "phone": "0833333333"}], ids=["all", "all but one value"])
def test_a_value_said_again_before_a_lost_one_is_put_again_stands(scene: Scene, again: dict[str, Any]) -> None:
    web = scene.web()
    scene.sync(lead(ANN, "Purchase", **FIRST))
    with lagging(scene):
        web.accept(lead(ANN, "Ask price", **BETWEEN))
        scene.steady.work()
        assert tell(the_contact(scene)) == ("Between", "+66822222222", "Leeds")
    scene.sync(lead(ANN, "Purchase", **again))
    web.feeder.replay()
    scene.recover()
    scene.assert_done()
    contact = the_contact(scene)
    assert tell(contact) == ("First", f"+66{again['phone'][1:]}", "London")
    assert contact["dealdroid_last_intent"] == "Purchase"


@pytest.mark.parametrize(
    "edit",
    [{"phone": "+66822222222"}, {"phone": "+66822222222", "address": "Back entrance"}],
    ids=["a value", "a part of a block"],
)
def test_what_a_salesperson_set_to_the_lost_word_stays(scene: Scene, edit: dict[str, str]) -> None:
    web = scene.web()
    scene.sync(lead(ANN, **FIRST))
    with lagging(scene):
        web.accept(lead(ANN, **BETWEEN))
        scene.steady.work()
    contact_id = scene.line.crm.contacts()[0]["id"]
    for name, value in edit.items():
        for each in ("by hand", value):
            scene.line.crm.control("PATCH", f"contacts/{contact_id}", {"properties": {name: each}})
    scene.sync(lead(ANN, **FIRST))
    web.feeder.replay()
    scene.recover()
    contact = the_contact(scene)
    assert {name: contact[name] for name in edit} == edit
    assert contact["city"] == ("Leeds" if "address" in edit else "London")
    assert contact["lastname"] == "First"


def test_a_lost_word_that_a_salesperson_has_changed_since_changes_nothing(scene: Scene) -> None:
    web = scene.web()
    scene.sync(lead(ANN, **FIRST))
    with lagging(scene):
        web.accept(lead(ANN, **BETWEEN))
        scene.steady.work()
    contact_id = scene.line.crm.contacts()[0]["id"]
    scene.line.crm.control("PATCH", f"contacts/{contact_id}", {"properties": {"phone": "+66899999999"}})
    scene.sync(lead(ANN, **FIRST))
    web.feeder.replay()
    scene.recover()
    assert tell(the_contact(scene)) == ("First", "+66899999999", "London")
