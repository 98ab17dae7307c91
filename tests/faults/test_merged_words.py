"""Whose word stands in a merged contact: no part of two names or addresses is mixed there, and the newest one is put
back over an older one."""

from contextlib import suppress
from typing import Any

import pytest

from leadcore.config import Config
from leadcore.store import keys
from leadcore.store.restoring import RESTORED
from tests.conftest import eventually, lead
from tests.faults.conftest import Scene
from tests.faults.merging import (
    ANN,
    BANGKOK,
    BOB,
    CAT,
    EVERY_WRITE,
    FAR_ANN,
    FAR_BOB,
    HOME,
    PAIRS,
    merge,
    record,
    set_up,
    shard_of,
    the_contact,
)
from tests.faults.wires import Killed

pytestmark = pytest.mark.usefixtures("hurry")


@EVERY_WRITE
@PAIRS
def test_what_is_said_after_a_merge_stands_beside_a_repeated_word_that_the_merge_took_away(
    scene: Scene, writes: str, one: str, two: str
) -> None:
    """The repeated word is newer, but no news to a worker that knows of no merge yet, so that HubSpot never gets it."""
    said = {"phone": "0833333333", "name": "Said Before", "city": "Leeds"}
    set_up(scene, one, two, writes=writes)
    scene.accept(lead(two, **said, intent="Ask price"))
    scene.steady.work()
    merge(scene, one, two)
    scene.accept(lead(one, phone="0811111111", name="Name Since", city="York", intent="Track order"))
    scene.accept(lead(two, **said, intent="Ask price", again="1"))
    for customer in (two, one):
        scene.steady.sync.drain(shard_of(scene, customer))
    scene.recover()
    scene.assert_done()
    contact = the_contact(scene)
    assert contact["dealdroid_last_intent"] in ("Track order", "Ask price")
    assert (contact["phone"], contact["firstname"], contact["lastname"], contact["city"]) in (
        ("+66811111111", "Name", "Since", "York"),
        ("+66833333333", "Said", "Before", "Leeds"),
    )


def test_late_words_of_two_customers_in_one_call_are_both_taken_back(scene: Scene) -> None:
    """HubSpot takes them under the ids of before the merges, the one after the other."""
    newest = next(one for one in (FAR_ANN, FAR_BOB) if shard_of(scene, one) != shard_of(scene, BOB))
    set_up(scene, newest, BOB, CAT, writes="routed")
    scene.accept(
        lead(BOB, phone="0811111111", name="Older Word", address=HOME),
        lead(CAT, phone="0822222222", name="Old Word", address={**HOME, "city": "Leeds", "postal_code": "LS1 1AA"}),
    )
    said = scene.redis.time()
    # A version is a millisecond.
    eventually(lambda: scene.redis.time() > (said[0], said[1] + 1000))
    scene.accept(
        lead(newest, phone="0833333333", name="Last Said", address={**HOME, "city": "York", "postal_code": "YO1 7HH"}),
    )
    scene.steady.sync.drain(shard_of(scene, newest))
    for other in (BOB, CAT):
        merge(scene, newest, other)
    scene.recover()
    scene.assert_done()
    contact = the_contact(scene)
    assert (contact["phone"], contact["lastname"], contact["city"]) == ("+66833333333", "Said", "York")


@EVERY_WRITE
@pytest.mark.parametrize("repeats", [False, True], ids=["once", "repeated"])
def test_an_older_name_whose_worker_died_is_taken_back_though_the_other_spoke_meanwhile(
    scene: Scene, subtests: Any, writes: str, repeats: bool
) -> None:
    for wire in scene.moments():
        set_up(scene, FAR_ANN, FAR_BOB, writes=writes)
        scene.accept(lead(FAR_BOB, name="Older Name"))
        scene.accept(lead(FAR_ANN, name="Newest Word"))
        scene.steady.sync.drain(shard_of(scene, FAR_ANN))
        merge(scene, FAR_ANN, FAR_BOB)
        worker = scene.worker(wire)
        with suppress(Killed):
            worker.sync.drain(shard_of(scene, FAR_BOB))
        for said in ({"phone": "0833333333"}, *([{"name": "Newest Word"}] if repeats else ())):
            scene.accept(lead(FAR_ANN, **said))
            scene.steady.sync.drain(shard_of(scene, FAR_ANN))
        with subtests.test(moment=wire.index):
            scene.recover()
            scene.assert_done()
            contact = the_contact(scene)
            name = (contact["firstname"], contact["lastname"], contact["dealdroid_name_given"])
            assert name == ("Newest", "Word", "Newest Word")


@EVERY_WRITE
@pytest.mark.parametrize("speaks", [ANN, BOB])
@pytest.mark.parametrize("spoke", [False, True], ids=["nobody spoke", "one spoke"])
def test_after_a_loss_of_redis_another_address_clears_the_parts_that_a_shared_contact_has(
    scene: Scene, writes: str, speaks: str, spoke: bool
) -> None:
    set_up(scene, ANN, BOB, writes=writes)
    scene.sync(lead(ANN, address=BANGKOK))
    merge(scene, ANN, BOB)
    if spoke:
        scene.sync(lead(BOB, name="New Word"))
    scene.redis.flushall()
    scene.accept(lead(ANN, phone="0822222222"), lead(speaks, address=HOME))
    scene.steady.work()
    assert not scene.line.left()
    contact = the_contact(scene)
    assert (contact["address"], contact["city"], contact.get("state", "")) == ("1 Baker Street", "London", "")


@EVERY_WRITE
def test_of_two_in_one_call_who_share_a_merged_contact_no_address_is_mixed(scene: Scene, writes: str) -> None:
    """The one is found by id after a loss, the other has the id of before the merge still."""
    set_up(scene, ANN, BOB, writes=writes)
    merge(scene, ANN, BOB)
    scene.redis.delete(keys.customer(keys.digest(scene.redis.get(keys.SECRET), ANN)))
    scene.redis.set(keys.STORE, RESTORED)
    scene.accept(lead(BOB, address=BANGKOK))
    scene.accept(lead(ANN, address=HOME))
    scene.steady.work()
    assert not scene.line.left()
    contact = the_contact(scene)
    assert (contact["address"], contact["city"], contact.get("state", "")) == ("1 Baker Street", "London", "")


@EVERY_WRITE
@pytest.mark.parametrize("primary", [ANN, BOB])
def test_an_address_is_written_whole_beside_that_of_the_other_customer(scene: Scene, writes: str, primary: str) -> None:
    """Parts of two addresses never mix, whichever of them the merged contact has."""
    set_up(scene, ANN, BOB, writes=writes)
    paris = {"street_address": "1 Rue Lepic", "city": "Paris", "postal_code": "75018", "country": "France"}
    scene.sync(lead(ANN, address=paris), lead(BOB, address=HOME))
    merge(scene, primary, BOB if primary == ANN else ANN)
    scene.sync(lead(BOB, address={**HOME, "street_address": "2 Baker Street"}))
    contact = the_contact(scene)
    assert [contact[name] for name in ("address", "city", "zip", "country")] == [
        "2 Baker Street",
        *[*HOME.values()][1:],
    ]


@EVERY_WRITE
@pytest.mark.parametrize("primary", [ANN, BOB])
def test_a_name_is_written_whole_beside_that_of_the_other_customer(scene: Scene, writes: str, primary: str) -> None:
    """Half of the newest name never stands beside half of another customer's, whichever the merged contact has."""
    set_up(scene, ANN, BOB, writes=writes)
    scene.sync(lead(ANN, name="Emil Krueger"))
    scene.sync(lead(BOB, name="Carla Depaz"))
    merge(scene, primary, BOB if primary == ANN else ANN)
    scene.sync(lead(BOB, name="Carla Namibo"))
    contact = the_contact(scene)
    assert (contact["firstname"], contact["lastname"]) == ("Carla", "Namibo")


@EVERY_WRITE
def test_an_older_word_of_a_city_brings_no_part_of_another_address_there(scene: Scene, writes: str) -> None:
    """The merge gave the contact an address in the city of which an older word comes late, though since that address:
    it took away what was said later."""
    set_up(scene, FAR_ANN, FAR_BOB, writes=writes)
    paris = {"street_address": "1 Rue Lepic", "city": "Paris", "postal_code": "75018", "country": "France"}
    scene.sync(lead(FAR_ANN, address={**HOME, "street_address": "14 Baker Street"}))
    scene.accept(lead(FAR_ANN, address=HOME), lead(FAR_BOB, address=paris))
    ann, bob = (keys.shard_of(each, scene.config.inbox.shards) for each in (FAR_ANN, FAR_BOB))
    scene.steady.sync.drain(bob)
    merge(scene, FAR_ANN, FAR_BOB)
    scene.steady.sync.drain(ann)
    scene.recover()
    scene.assert_done()
    contact = the_contact(scene)
    parts = [contact.get(name) for name in ("address", "city", "zip", "country")]
    assert parts in ([*paris.values()], [*HOME.values()])


@EVERY_WRITE
def test_a_state_that_a_salesperson_typed_outlasts_an_older_word_of_it(scene: Scene, writes: str) -> None:
    """The newest address has none, so that it stands beside that."""
    set_up(scene, FAR_ANN, FAR_BOB, writes=writes)
    merge(scene, FAR_ANN, FAR_BOB)
    scene.accept(lead(FAR_ANN, address=BANGKOK))
    scene.accept(lead(FAR_BOB, address=HOME))
    scene.steady.sync.drain(shard_of(scene, FAR_BOB))
    typed = {"properties": {"state": "กรุงเทพมหานคร"}}
    scene.line.crm.control("PATCH", f"contacts/{record(scene, FAR_BOB).contact_id}", typed)
    scene.recover()
    scene.assert_done()
    contact = the_contact(scene)
    assert (contact["city"], contact["zip"], contact.get("state")) == ("London", "NW1 6XE", "กรุงเทพมหานคร")


def test_an_address_is_put_back_though_the_shop_leaves_a_part_of_it_out_since(scene: Scene) -> None:
    set_up(scene, FAR_ANN, FAR_BOB, writes="routed")
    merge(scene, FAR_ANN, FAR_BOB)
    older = {"street_address": "5 Park Row", "city": "Leeds", "postal_code": "LS1 1AA", "country": "United Kingdom"}
    scene.accept(lead(FAR_ANN, address=older))
    scene.accept(lead(FAR_BOB, address=HOME))
    scene.steady.sync.drain(shard_of(scene, FAR_BOB))
    # Somebody's write that took long.
    landed = dict(zip(("address", "city", "zip"), older.values(), strict=False))
    scene.line.crm.control("PATCH", f"contacts/{record(scene, FAR_BOB).contact_id}", {"properties": landed})
    scene.config = Config(mapping={"country": False})
    scene.recover()
    scene.assert_done()
    contact = the_contact(scene)
    assert [contact[name] for name in ("address", "city", "zip", "country")] == [*HOME.values()]
