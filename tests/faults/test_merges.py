"""A salesperson merged two customers' contacts: HubSpot makes one new contact with a new id, and what both customers
say next lands in it, whatever happens meanwhile."""

import threading
from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import lead
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
    SALES,
    listed,
    merge,
    record,
    set_up,
    shard_of,
    the_contact,
)
from tests.faults.wires import interruption
from workers.rules.customer import Customer, pack

pytestmark = pytest.mark.usefixtures("hurry")


def lose(scene: Scene, what: str) -> None:
    """Let Redis lose "all", or Bob's "record"."""
    if what == "all":
        scene.redis.flushall()
    else:
        scene.redis.delete(keys.customer(keys.digest(scene.redis.get(keys.SECRET), BOB)))


def overtake(other: threading.Thread) -> None:
    """Let it go on until it is done, or waits for the contact's lock."""
    other.start()
    other.join(0.3)


@EVERY_WRITE
@PAIRS
@pytest.mark.parametrize("primary", [0, 1], ids=["first", "second"])
def test_both_customers_next_news_lands_in_the_merged_contact(
    scene: Scene, each_version: None, writes: str, one: str, two: str, primary: int
) -> None:
    version = scene.version
    set_up(scene, one, two, writes=writes)
    scene.version = version
    first, second = (one, two) if primary == 0 else (two, one)
    new = merge(scene, first, second)
    worker = scene.worker()
    for customer, said in (
        (second, {"city": "Leeds"}),
        (first, {"phone": "0899999999"}),
        (second, {"name": "Last Said"}),
    ):
        scene.accept(lead(customer, **said))
        worker.work()
        scene.assert_done()
    contact = the_contact(scene)
    assert (contact["phone"], contact["city"], contact["lastname"]) == ("+66899999999", "Leeds", "Said")
    assert (contact["dealdroid_customer_id"], listed(contact)) == (first, {second})
    assert {record(scene, each).contact_id for each in (one, two)} == {new}
    assert not record(scene, second).fill_only
    assert {scene.receipts()[each].contact_id for each in (one, two)} == {new}


@EVERY_WRITE
@PAIRS
@pytest.mark.parametrize("late", [False, True], ids=["in order", "late"])
def test_of_two_who_speak_at_once_the_newest_word_stands(
    scene: Scene, writes: str, one: str, two: str, late: bool
) -> None:
    """Also if the one whose word is older is written last, by a worker who knows of no merge yet."""
    set_up(scene, one, two, writes=writes)
    merge(scene, one, two)
    scene.accept(lead(one, phone="0811111111", name="Older Word"), lead(two, phone="0822222222", city="Leeds"))
    shards = [keys.shard_of(each, scene.config.inbox.shards) for each in (one, two)]
    for shard in reversed(shards) if late else shards:
        scene.steady.sync.drain(shard)
    scene.recover()
    scene.assert_done()
    contact = the_contact(scene)
    assert (contact["phone"], contact["city"], contact["lastname"]) == ("+66822222222", "Leeds", "Word")


@EVERY_WRITE
@pytest.mark.parametrize("older", [FAR_ANN, FAR_BOB], ids=["primary", "other"])
@pytest.mark.parametrize("elsewhere", [HOME, BANGKOK], ids=["no state", "state"])
def test_of_two_workers_at_once_the_newest_word_stands_wherever_one_overtakes(
    scene: Scene, subtests: Any, writes: str, older: str, elsewhere: dict[str, str]
) -> None:
    """At each command of the one that writes the older word, another one writes the newer word."""
    newer = FAR_BOB if older == FAR_ANN else FAR_ANN
    shards = scene.config.inbox.shards
    others: list[threading.Thread] = []
    for wire in scene.moments(interruption, lambda: overtake(others[-1])):
        set_up(scene, FAR_ANN, FAR_BOB, writes=writes)
        merge(scene, FAR_ANN, FAR_BOB)
        scene.accept(
            lead(older, phone="0811111111", name="Older Word", address=elsewhere),
            lead(newer, phone="0822222222", address={**HOME, "city": "Leeds", "postal_code": "LS1 1AA"}),
        )
        others.append(threading.Thread(target=scene.worker().sync.drain, args=[keys.shard_of(newer, shards)]))
        scene.worker(wire).sync.drain(keys.shard_of(older, shards))
        if wire.reached:
            others[-1].join()
        with subtests.test(moment=wire.index):
            scene.recover()
            scene.assert_done()
            contact = the_contact(scene)
            assert (contact["phone"], contact["city"], contact["zip"]) == ("+66822222222", "Leeds", "LS1 1AA")
            assert (contact.get("state", ""), contact["lastname"]) == ("", "Word")


@EVERY_WRITE
def test_a_worker_that_dies_anywhere_leaves_one_contact(scene: Scene, subtests: Any, writes: str) -> None:
    for wire in scene.moments():
        set_up(scene, ANN, BOB, writes=writes)
        merge(scene, ANN, BOB)
        scene.accept(
            lead(BOB, phone="0811111111", name="Older Word"), lead(ANN, phone="0822222222"), lead(BOB, city="Leeds")
        )
        scene.worker(wire).die()
        with subtests.test(moment=wire.index):
            scene.recover()
            scene.assert_done()
            contact = the_contact(scene)
            assert (contact["phone"], contact["city"]) == ("+66822222222", "Leeds")
            assert (contact["lastname"], listed(contact)) == ("Word", {BOB})


@EVERY_WRITE
def test_a_chain_of_merges_leads_all_customers_to_the_last_contact(scene: Scene, writes: str) -> None:
    """Whether somebody spoke between the merges or nobody did."""
    for between in ((), (BOB,), (ANN, BOB)):
        set_up(scene, ANN, BOB, CAT, writes=writes)
        merge(scene, ANN, BOB)
        scene.sync(*(lead(one, city=f"City {one}") for one in between))
        last = merge(scene, CAT, ANN)
        scene.sync(lead(BOB, phone="0811111111"), lead(ANN, city="Leeds"), lead(CAT, name="Cat Last"))
        contact = the_contact(scene)
        assert (contact["phone"], contact["city"], contact["lastname"]) == ("+66811111111", "Leeds", "Last")
        assert {record(scene, one).contact_id for one in (ANN, BOB, CAT)} == {last}
        assert (contact["dealdroid_customer_id"], listed(contact)) == (CAT, {ANN, BOB})


@EVERY_WRITE
@pytest.mark.parametrize("spoke", [(), (ANN,), (BOB,)], ids=["nobody spoke", "the primary spoke", "the other spoke"])
@pytest.mark.parametrize("speaks", [(ANN, BOB), (BOB, ANN)], ids=["primary first", "other first"])
def test_after_a_loss_of_redis_a_merged_customer_is_no_guest(
    scene: Scene, writes: str, spoke: tuple[str, ...], speaks: tuple[str, ...]
) -> None:
    set_up(scene, ANN, BOB, writes=writes)
    new = merge(scene, ANN, BOB)
    scene.sync(*(lead(one, city="Leeds") for one in spoke))
    scene.redis.flushall()
    scene.sync(*(lead(one, name=f"New {one}", phone=f"082000000{at}") for at, one in enumerate(speaks)))
    contact = the_contact(scene)
    assert (contact["firstname"], contact["lastname"], contact["phone"]) == ("New", speaks[1], "+66820000001")
    assert {record(scene, one).contact_id for one in speaks} == {new}
    assert not any(record(scene, one).fill_only for one in speaks)
    assert listed(contact) == {BOB}


@EVERY_WRITE
@pytest.mark.parametrize("email", ["", "bob@example.com"])
@pytest.mark.parametrize("raw", [None, pack(Customer(attempted=True))], ids=["none", "a write begun"])
def test_a_merged_customer_whom_redis_lost_alone_is_found(
    scene: Scene, writes: str, raw: bytes | None, email: str
) -> None:
    """By the email that HubSpot says belongs to the merged contact; without one, once the other customer has spoken."""
    set_up(scene, ANN, BOB, writes=writes)
    if email:
        scene.sync(lead(BOB, email=email))
    new = merge(scene, ANN, BOB)
    name = keys.customer(keys.digest(scene.redis.get(keys.SECRET), BOB))
    scene.redis.delete(name)
    if raw:
        scene.redis.set(name, raw)
    if not email:
        scene.sync(lead(ANN, city="Leeds"))
    scene.sync(lead(BOB, name="New Bob", email=email))
    assert the_contact(scene)["lastname"] == "Bob"
    assert (record(scene, BOB).contact_id, record(scene, BOB).fill_only) == (new, False)


@EVERY_WRITE
@pytest.mark.parametrize("lost", ["record", "all"])
@pytest.mark.parametrize("speaks", [(ANN, BOB), (BOB, ANN)], ids=["primary first", "other first"])
def test_a_merged_customer_whom_nothing_but_the_contacts_history_knows_is_found_beside_the_primary(
    scene: Scene, writes: str, lost: str, speaks: tuple[str, ...]
) -> None:
    """Redis lost the record, and search does not show the merge yet; the primary one's word is in the same batch."""
    set_up(scene, ANN, BOB, writes=writes)
    new = merge(scene, ANN, BOB)
    scene.line.crm.settings(search_lag=60)
    lose(scene, lost)
    for at, one in enumerate(speaks):
        scene.accept(lead(one, name=f"New {one}", phone=f"082000000{at}"))
    scene.steady.work()
    assert not scene.line.left()
    contact = the_contact(scene)
    assert (contact["firstname"], contact["lastname"], contact["phone"]) == ("New", speaks[1], "+66820000001")
    assert {record(scene, one).contact_id for one in speaks} == {new}
    assert listed(contact) == {BOB}


@EVERY_WRITE
@pytest.mark.parametrize("lost", ["record", "all"])
def test_after_a_loss_nobody_in_the_call_is_new_while_a_merged_contact_is_locked(
    scene: Scene, writes: str, lost: str
) -> None:
    """Search does not show the merge yet, and the worker that found it out died before Redis knew."""
    set_up(scene, ANN, BOB, writes=writes)
    new = merge(scene, ANN, BOB)
    scene.line.crm.settings(search_lag=60)
    lose(scene, lost)
    scene.accept(lead(ANN, name="New Ann"), lead(BOB, name="New Bob"))
    dead = keys.contact_lock(new)
    scene.redis.set(dead, "dead", px=10_000)
    scene.steady.sync.drain(shard_of(scene, ANN))
    the_contact(scene)
    scene.redis.delete(dead)
    scene.steady.work()
    assert not scene.line.left()
    assert the_contact(scene)["lastname"] == "Bob"
    assert {record(scene, one).contact_id for one in (ANN, BOB)} == {new}


@EVERY_WRITE
@pytest.mark.parametrize("values", ["primary", "filled", "filled_unique"])
@pytest.mark.parametrize("primary", [True, False], ids=["sales", "chat"])
@pytest.mark.parametrize("lost", [False, True], ids=["kept", "lost"])
def test_a_contact_merged_with_one_of_the_shops_own_stays_the_customers(
    scene: Scene, writes: str, values: str, primary: bool, lost: bool
) -> None:
    """And once that is settled, their news costs one call again."""
    set_up(scene, ANN, BOB, writes=writes, merged_values=values)
    sales = SALES + scene.line.crm.create(firstname="Of", lastname="Sales", email="sales@example.com")
    merge(scene, *((sales, ANN) if primary else (ANN, sales)))
    if lost:
        scene.redis.flushall()
    scene.sync(lead(ANN, phone="0811111111"))
    [contact] = [
        each["properties"] for each in scene.line.crm.contacts() if "hs_merged_object_ids" in each["properties"]
    ]
    assert (contact["dealdroid_customer_id"], contact["phone"], listed(contact)) == (ANN, "+66811111111", set())
    before = scene.line.crm.calls("")
    scene.sync(lead(ANN, phone="0822222222"))
    assert scene.line.crm.calls("") - before == 1
    assert len(scene.line.crm.contacts()) == 2


@EVERY_WRITE
def test_a_guest_of_a_merged_contact_stays_a_guest(scene: Scene, writes: str) -> None:
    scene.clear()
    scene.line.crm.settings(merged_writes=writes, search_lag=0)
    said = {"phone": "0810000000", "email": "ann@example.com"}
    scene.sync(lead(ANN, name="Name Ann", **said), lead(BOB, name="Name Bob"))
    scene.sync(lead(CAT, name="Guest Cat", email=said["email"]))
    assert record(scene, CAT).fill_only
    merge(scene, BOB, ANN)
    scene.sync(lead(CAT, name="Guest Again", city="Leeds"), lead(ANN, phone="0822222222"))
    contact = the_contact(scene)
    assert (contact["lastname"], contact["phone"]) == ("Bob", "+66822222222")
    assert listed(contact) == {ANN, CAT}
    assert (record(scene, CAT).fill_only, record(scene, ANN).fill_only) == (True, False)


@EVERY_WRITE
@pytest.mark.parametrize("lost", [False, True], ids=["kept", "lost"])
def test_who_came_by_email_to_the_shops_own_contact_stays_a_guest_of_it_after_a_merge(
    scene: Scene, writes: str, lost: bool
) -> None:
    scene.clear()
    scene.line.crm.settings(merged_writes=writes, search_lag=0)
    own = scene.line.crm.create(firstname="Of", lastname="Sales", email="sales@example.com")
    other = scene.line.crm.create(firstname="Another", lastname="Sales")
    scene.sync(lead(CAT, name="Guest Cat", email="sales@example.com"))
    merge(scene, SALES + own, SALES + other)
    if lost:
        scene.redis.flushall()
    scene.sync(lead(CAT, name="Guest Again", phone="0822222222"))
    contact = the_contact(scene)
    assert (contact["lastname"], contact["phone"]) == ("Sales", "+66822222222")
    assert (record(scene, CAT).fill_only, record(scene, CAT).email_match_only) == (True, True)


@EVERY_WRITE
def test_a_merged_contact_that_is_deleted_is_made_again_whole(scene: Scene, writes: str) -> None:
    set_up(scene, ANN, BOB, writes=writes)
    new = merge(scene, ANN, BOB)
    scene.line.crm.control("DELETE", f"contacts/{new}")
    scene.sync(lead(ANN, name="Name Again", phone="0810000000", address=HOME))
    contact = the_contact(scene)
    assert (contact["lastname"], contact["phone"], contact["zip"]) == ("Again", "+66810000000", "NW1 6XE")
    assert contact["hs_lead_status"] == "NEW"


@EVERY_WRITE
def test_merged_customers_share_one_clock(scene: Scene, writes: str) -> None:
    """What the one has said is no news from the other, and a salesperson's edit stays."""
    set_up(scene, ANN, BOB, writes=writes)
    new = merge(scene, ANN, BOB)
    scene.sync(lead(BOB, city="Leeds"))
    scene.line.crm.control("PATCH", f"contacts/{new}", {"properties": {"city": "Sales' own"}})
    scene.sync(lead(ANN, city="Leeds"))
    assert the_contact(scene)["city"] == "Sales' own"


def test_customers_without_a_merge_cost_one_call_for_each_batch(scene: Scene, each_version: None) -> None:
    version = scene.version
    set_up(scene, ANN, BOB, CAT, writes="routed")
    scene.version = version
    worker = scene.worker()
    for phone, calls in (("0898888888", None), ("0899999999", 1)):
        scene.accept(*(lead(one, phone=phone) for one in (ANN, BOB, CAT)))
        before = scene.line.crm.calls("")
        worker.work()
        assert calls in (None, scene.line.crm.calls("") - before)
