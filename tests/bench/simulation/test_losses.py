"""What a loss of Redis, or a replica that lags, excuses, and nothing beside it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bench.chaos.expected import Merge, Post
from bench.chaos.found import Contact, Message, Order
from bench.chaos.script import Lead
from bench.simulation.losses import (
    Loss,
    drop_repeats,
    find_known,
    find_parted,
    find_rejoined,
    find_unsaid,
    join,
    unlink,
)
from bench.simulation.machine import BEGAN
from bench.simulation.scheduler import Process
from leadcore.fields import CUSTOMER
from leadcore.store import keys
from leadcore.store.restoring import INTACT
from leadcore.store.streams import pack_fields
from workers.rules.customer import Customer, pack


def record(customer: str) -> str:
    return keys.customer(keys.digest(b"", customer))


LOSS = Loss(at=100.0, unsaid={"a", "b", "c"}, forgotten={record("a"), record("b")})
FAILOVER = replace(LOSS, unsaid=set(), was_all=False)
MERGE = Merge(98.0, "a", "b")
SETTLED = {"a": [99.0, 104.0], "b": [103.0]}
SALUTATION = ("b", "Hello")


def contact(customer: str, born: float, **history: list[tuple[float, str]]) -> Contact:
    return Contact(
        customer, {"dealdroid_customer_id": customer}, {"dealdroid_customer_id": [(born, customer)], **history}
    )


OWN = contact("b", 103.0, phone=[(103.0, "+66810000002")])
LEFT = contact("a", 90.0, phone=[(99.0, "+66810000003")], email=[(98.0, "b@example.com")])
PARTED = {MERGE: (LEFT, OWN)}


def wait(client: Any, fields: dict[bytes, bytes]) -> None:
    client.xadd(keys.entries(keys.OUTBOX, 0), fields)


def put_off(client: Any, fields: dict[bytes, bytes]) -> None:
    client.zadd(keys.later(keys.OUTBOX, 0), {pack_fields(fields): 1})


def send(client: Any, fields: dict[bytes, bytes]) -> None:
    client.hset(keys.sending(keys.OUTBOX, 0), "1-0", pack_fields(fields))


@pytest.mark.parametrize("place", [wait, put_off, send])
def test_what_had_not_left_a_lost_outbox_and_whose_contact_is_forgotten_is_noted(
    client: Any, place: Callable[[Any, dict[bytes, bytes]], None]
) -> None:
    for name, known in (("a", "1"), ("b", "")):
        client.set(record(name), pack(Customer(contact_id=known)))
    client.set(keys.STORE, INTACT)
    place(client, {CUSTOMER: b'{"id": "b"}'})
    loss = Loss()
    loss.happen(client, 1, 100.0, 102.0, client.flushdb)
    assert loss == Loss(at=100.0, back=102.0, unsaid={"b"}, forgotten={record("a")})


def test_of_a_replica_only_what_it_lacks_counts_as_lost(client: Any) -> None:
    for name in ("a", "b"):
        client.set(record(name), pack(Customer(contact_id=name)))
        wait(client, {CUSTOMER: f'{{"id": "{name}"}}'.encode()})
    send(client, {CUSTOMER: b'{"id": "c"}'})
    client.set(keys.STORE, INTACT)
    newest = client.xrevrange(keys.entries(keys.OUTBOX, 0), count=1)[0][0]

    def lag() -> None:
        client.delete(record("b"))
        client.xdel(keys.entries(keys.OUTBOX, 0), newest)

    loss = Loss()
    loss.happen(client, 1, 100.0, 102.0, lag)
    assert loss == Loss(at=100.0, back=102.0, unsaid={"b"}, forgotten={record("b")}, sending={b"1-0"}, was_all=False)


def test_only_merged_customers_whose_message_waited_may_stay_untold() -> None:
    assert find_unsaid(LOSS, ["x"], [MERGE, Merge(98.0, "d", "e")]) == {"a", "b"}
    assert find_unsaid(LOSS, ["b"], [MERGE]) == {"a"}
    assert find_unsaid(Loss(), [], [MERGE]) == set()


@pytest.mark.parametrize("loss", [LOSS, FAILOVER], ids=["all", "replica"])
def test_a_merge_that_nothing_could_tell_of_is_excused(loss: Loss) -> None:
    contacts = [contact("a", 90.0, phone=[(102.0, "+66810000001")]), contact("b", 103.0)]
    assert [*find_parted(loss, [MERGE], contacts, 3.0, SETTLED)] == [MERGE]


def test_the_call_that_makes_their_own_contact_may_be_on_its_way_when_redis_is_told() -> None:
    assert find_parted(LOSS, [MERGE], [contact("a", 90.0), contact("b", 104.7)], 3.0, SETTLED)


@pytest.mark.parametrize("bearer", ["b", "c"])
def test_an_older_contact_may_be_merged_with_their_own_one(bearer: str) -> None:
    own = contact(bearer, 90.0)
    own.history["dealdroid_customer_id"][:] = [(90.0, "c"), (103.0, "b"), (105.0, bearer)]
    merges = [MERGE, Merge(105.0, bearer, "c" if bearer == "b" else "b")]
    assert [*find_parted(LOSS, merges, [contact("a", 90.0), own], 3.0, SETTLED)] == [MERGE]


def test_the_primary_one_may_be_merged_away_after_the_loss() -> None:
    merges = [MERGE, Merge(105.0, "c", "a")]
    born = [contact("c", 80.0), contact("b", 103.0)]
    assert [*find_parted(LOSS, merges, born, 3.0, SETTLED)] == [MERGE]
    assert not find_parted(LOSS, [MERGE, Merge(105.0, "b", "a")], [contact("b", 103.0)], 3.0, SETTLED)


def test_a_merge_that_only_a_replica_lacks_is_not_searched_for() -> None:
    early = replace(MERGE, at=90.0)
    contacts = [contact("a", 80.0), contact("b", 103.0)]
    assert [*find_parted(FAILOVER, [early], contacts, 3.0, {})] == [early]
    assert not find_parted(LOSS, [early], contacts, 3.0, {})


@pytest.mark.parametrize(
    ("at", "settled", "born", "loss"),
    [
        (96.0, {}, 103.0, LOSS),
        (101.0, {}, 103.0, LOSS),
        (98.0, SETTLED, 105.0, LOSS),
        (98.0, SETTLED, 104.9, FAILOVER),
        (98.0, {}, 99.0, LOSS),
        (98.0, {}, 161.0, LOSS),
        (98.0, {}, 103.0, replace(FAILOVER, forgotten={record("a")})),
        (98.0, {}, 103.0, Loss()),
    ],
    ids=[
        "search shows it",
        "after the loss",
        "primary spoke first",
        "primary spoke first after a failover",
        "before the loss",
        "a minute later",
        "the replica knows",
        "no loss",
    ],
)
def test_no_other_merge_is(at: float, settled: dict[str, list[float]], born: float, loss: Loss) -> None:
    merge = Merge(at, "a", "b")
    assert not find_parted(loss, [merge], [contact("a", 90.0), contact("b", born)], 3.0, settled)


@pytest.mark.parametrize(
    ("later", "rejoined"),
    [([Merge(105.0, "b", "a")], {"b"}), ([Merge(105.0, "c", "a")], set()), ([], set())],
    ids=["with each other", "with another", "not"],
)
def test_a_customer_who_was_parted_may_have_been_merged_again(later: list[Merge], rejoined: set[str]) -> None:
    assert find_rejoined(LOSS, [MERGE, *later], 3.0) == rejoined
    assert not find_rejoined(Loss(), [MERGE, *later], 3.0)


def test_who_was_merged_into_a_parted_customers_contact_is_left_with_the_primary_one() -> None:
    first = Merge(97.0, "b", "c")
    assert find_known([first, MERGE], [MERGE]) == [Merge(98.0, "a", "c")]
    assert find_known([first, MERGE], []) == [first, MERGE]


def test_a_parted_customer_was_told_what_the_merged_contact_had_before_their_own() -> None:
    other = contact("c", 80.0)
    joined, left, third = join([OWN, LEFT, other], PARTED, [], [])
    assert joined.history["phone"] == [(99.0, "+66810000003"), (103.0, "+66810000002")]
    assert (left, third) == (LEFT, other)


def say_phone(customer: str, phone: str, at: float) -> Post:
    return Post(Lead(1, 0.0, customer, {"phone": {"phone": phone}}, "", {"mid": phone}), "acknowledged", at, at)


@pytest.mark.parametrize(
    ("said", "others", "left"),
    [
        ("+66810000003", [], "+66810000001"),
        ("+66810000004", [], "+66810000003"),
        ("+66810000003", [("+66810000003", 98.7)], "+66810000003"),
    ],
    ids=["the last word", "overtaken", "the others' last word too"],
)
def test_the_merged_contact_may_keep_what_a_parted_customer_said_before_the_loss(
    said: str, others: list[tuple[str, float]], left: str
) -> None:
    had = contact("a", 90.0, phone=[(90.0, "+66810000001"), (99.0, "+66810000003")])
    had = replace(had, properties={**had.properties, "phone": "+66810000003"})
    posts = [say_phone("a", phone, at) for phone, at in [("+66810000001", 90.0), *others]]
    posts.append(say_phone("b", said, 98.5))
    assert join([had, OWN], {MERGE: (had, OWN)}, posts, [])[0].properties["phone"] == left


@pytest.mark.parametrize(("email", "excused"), [("b@example.com", True), ("new@example.com", False)])
def test_an_email_that_the_merged_contact_has_may_be_missing_in_the_other(email: str, excused: bool) -> None:
    says = {"email": {"email": email}}
    post = Post(Lead(1, 0.0, "b", says, "", {"mid": "m"}), "acknowledged", 99.0, 99.0)
    assert (join([OWN], PARTED, [post], [])[0].properties.get("email") == email) == excused


@pytest.mark.parametrize(
    ("contacts", "kept"),
    [(["a", "b"], ["b"]), (["a", "c"], ["a", "c"]), (["a"], ["a"])],
    ids=["both", "another", "the merged one"],
)
def test_only_an_order_of_both_contacts_is_excused(contacts: list[str], kept: list[str]) -> None:
    assert unlink([Order("1", "b", {}, contacts)], PARTED)[0].contacts == kept
    assert unlink([Order("1", "c", {}, contacts)], PARTED)[0].contacts == contacts


def say(*times: float) -> list[Message]:
    return [Message(BEGAN + at, *SALUTATION) for at in times]


@pytest.mark.parametrize("at", [5.0, 10.1], ids=["told before", "being told"])
@pytest.mark.parametrize(
    ("sender", "excused"),
    [
        (Process("old"), False),
        (Process("frozen", stood_still=[(9.0, 21.0)]), True),
        (Process("frozen before Redis was back", stood_still=[(12.5, 21.0)]), True),
        (Process("frozen later", stood_still=[(15.5, 30.0)]), False),
        (Process("dead"), True),
        (Process("waited for", stood_still=[(9.0, 19.0)]), False),
    ],
    ids=[
        "nobody",
        "frozen for long",
        "frozen before Redis was back",
        "frozen later",
        "dead, and its heir frozen",
        "frozen",
    ],
)
def test_a_message_is_excused_once_if_redis_could_not_hear_of_it_in_time(
    sender: Process, excused: bool, at: float
) -> None:
    loss = Loss(at=BEGAN + 10.0, back=BEGAN + 12.0, seen_by={"heir"})
    again = Process("new", began=12.0)
    told = say(at, 15.0, 16.0)
    workers = [Process("heir", stood_still=[(13.0, 24.0)]), *([] if sender.name == "dead" else [sender])]
    kept = drop_repeats(loss, told, [sender, again, again], workers)
    assert len(kept) == 3 - excused
    assert drop_repeats(loss, say(5.0, 6.0), [sender, again], workers) == say(5.0, 6.0)


@pytest.mark.parametrize("was_all", [True, False], ids=["all", "replica"])
@pytest.mark.parametrize(("left", "excused"), [("new", True), ("seen", False)])
def test_a_message_of_a_dead_worker_is_excused_where_nobody_is_left_who_knew_the_data(
    left: str, excused: bool, was_all: bool
) -> None:
    """Who did not takes the journal of the dead for that of another Redis."""
    loss = Loss(at=BEGAN + 10.0, back=BEGAN + 12.0, was_all=was_all, seen_by={"dead", "seen"})
    worker = Process(left)
    kept = drop_repeats(loss, say(5.0, 15.0, 16.0), [Process("dead"), worker, worker], [worker])
    assert len(kept) == 3 - (excused and was_all)
