"""A customer's messages arrive one at a time and in their order, each at most once, whatever dies or fails on the way
to DealDroid."""

import itertools
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from leadcore.config import Config, Messages
from leadcore.reasons import english, reason
from leadcore.store import keys, lines
from leadcore.store.messages import NEW, OTHER, SAME
from leadcore.store.messages import Messages as MessageStore
from leadcore.store.outgoing import Outgoing, outgoing
from leadcore.store.parked import Parked
from leadcore.store.streams import Stream
from sandbox.dealdroid import WEBHOOK
from tests.conftest import BANGKOK, SHARDS, lead, own_port, same_shard
from tests.faults.conftest import Scene, Worker, patched
from tests.faults.outbox import due_in, message_states, work_when_due
from tests.faults.wires import Killed
from workers.flow.errors import LineDown
from workers.rules import places
from workers.rules.customer import pack, unpack

CUSTOMERS = same_shard("chat", 2)
ONE = CUSTOMERS[0]
ANY_TIME = Config(messages=Messages(window_hours=0))
TEXTS = ["Thank you", "It is on its way", "Thank you", "It has arrived"]


def put(scene: Scene, customer: str = ONE, texts: Sequence[str] = TEXTS, tag: str = "order", **more: Any) -> list[str]:
    """Put a message for each text into the outbox; returns their ids."""
    ids = [f"{tag}:{customer}:{number}" for number in range(len(texts))]
    for one, text in zip(ids, texts, strict=True):
        assert store(scene).put(Outgoing(one, customer, [text], **more), "key") == NEW
    scene.redis.delete(f"rq:queue:{keys.QUEUE}", keys.bell(keys.OUTBOX, 0))
    return ids


def store(scene: Scene) -> MessageStore:
    return MessageStore(scene.redis, SHARDS)


def states(scene: Scene, ids: Sequence[str]) -> list[str]:
    return [found.state if (found := store(scene).read(one)) else "" for one in ids]


def chat(scene: Scene, customer: str = ONE) -> list[str]:
    """What the customer was told, in order."""
    with scene.line.chat.chats.lock:
        return [one["text"] for one in scene.line.chat.chats.messages if str(one["customer_id"]) == customer]


def is_in_order(said: Sequence[str], texts: Sequence[str] = TEXTS) -> bool:
    """Whether what was said is the texts, in their order, perhaps without some."""
    left = iter(texts)
    return all(text in left for text in said)


def finish(scene: Scene, worker: Worker, rounds: int = 12) -> None:
    for _ in range(rounds):
        if not scene.line.left():
            return
        work_when_due(scene, worker)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(("resend", "fault"), [(False, "500"), (True, "500"), (False, "")])
def test_a_sender_may_die_at_any_moment_and_the_order_stays(
    scene: Scene, subtests: pytest.Subtests, resend: bool, fault: str
) -> None:
    for wire in scene.moments():
        scene.clear()
        scene.config = Config(messages=Messages(window_hours=0, resend_interrupted=resend))
        ids = put(scene)
        if fault:
            # Its first message fails, repeats included, so it waits when the others' turn comes.
            scene.line.chat.fault(fault, count=3)
        worker = scene.worker(wire)
        with suppress(Killed):
            worker.outbox.drain(0)
            worker.maintenance.sweep()
            worker.outbox.drain(0)
        cut = scene.sending()
        with subtests.test(moment=wire.index):
            scene.advance(11)
            finish(scene, scene.worker())
            scene.assert_left_nothing()
            assert not scene.redis.zcard(keys.places(0))
            said, found = chat(scene), states(scene, ids)
            if resend:
                assert [text for text, _ in itertools.groupby(said)] == TEXTS
                assert len(said) - len(TEXTS) <= cut
                assert set(found) == {"sent"}
            else:
                assert is_in_order(said)
                assert found.count("interrupted") == cut
                assert len(said) >= len(TEXTS) - cut


@pytest.mark.parametrize("kind", ["429", "500", "refused"])
def test_one_that_waits_holds_back_its_customers_next_and_nobody_elses(scene: Scene, kind: str) -> None:
    scene.config = ANY_TIME
    ids = put(scene)
    if kind == "refused":
        worker = scene.worker(DEALDROID_WEBHOOK_URL=f"http://127.0.0.1:{own_port()}{WEBHOOK}")
    else:
        scene.line.chat.fault(kind)
        worker = scene.worker()
    worker.outbox.drain(0)
    scene.line.chat.control("DELETE", "faults")
    scene.redis.delete(lines.OUTBOX.pause)
    others = put(scene, CUSTOMERS[1])
    late = put(scene, texts=["The last"], tag="late")
    worker = scene.worker()
    worker.outbox.drain(0)
    assert chat(scene) == [], "the first one still waits"
    assert chat(scene, CUSTOMERS[1]) == TEXTS
    assert states(scene, others) == ["sent"] * len(TEXTS)
    [first, *behind] = [store(scene).read(one) for one in [*ids, *late]]
    assert first
    assert first.state == "waiting"
    assert {english(one.why) for one in behind if one} == {"an earlier message to the customer waits"}
    finish(scene, worker)
    assert chat(scene) == [*TEXTS, "The last"]


def test_confirmations_keep_their_order_with_other_messages(scene: Scene) -> None:
    scene.config = ANY_TIME
    scene.accept(lead(ONE, name="Nok Jaidee"))
    scene.steady.sync.drain(0)
    put(scene, texts=["And your order is on its way"])
    scene.line.chat.fault("500", count=3)
    worker = scene.worker()
    worker.outbox.drain(0)
    assert chat(scene) == []
    finish(scene, worker)
    assert len(chat(scene)) == 2
    assert chat(scene)[-1] == "And your order is on its way"
    assert message_states(scene) == {ONE: "sent"}


def test_a_customers_messages_never_go_side_by_side(scene: Scene) -> None:
    scene.config = ANY_TIME
    for customer in CUSTOMERS:
        put(scene, customer)
    worker = scene.worker()
    send, on_their_way, most = worker.outbox.dealdroid.send, [], []

    def watched(customer: Any, *texts: str) -> Any:
        on_their_way.append(customer)
        most.append(max(on_their_way.count(one) for one in CUSTOMERS))
        try:
            return send(customer, *texts)
        finally:
            on_their_way.remove(customer)

    with patched(worker.outbox.dealdroid, "send", watched):
        worker.outbox.drain(0)
    assert set(most) == {1}
    assert [chat(scene, one) for one in CUSTOMERS] == [TEXTS, TEXTS]


def test_a_place_that_an_older_worker_left_blocks_nobody(scene: Scene) -> None:
    """It ends a message without giving up its place."""
    scene.config = ANY_TIME
    gone = places.take(0, b"1-0", {b"c": json.dumps({"id": ONE}).encode()}, 1)
    scene.worker().outbox.outbox.apply(gone)
    ids = put(scene)
    finish(scene, scene.worker())
    assert chat(scene) == TEXTS
    assert states(scene, ids) == ["sent"] * len(TEXTS)
    assert not scene.redis.zcard(keys.places(0))


def test_dealdroids_429_slows_all_workers_and_loses_nothing(scene: Scene) -> None:
    scene.config = ANY_TIME
    crowd = same_shard("crowd", 30)
    ids = [one for customer in crowd for one in put(scene, customer, TEXTS[:2])]
    scene.line.chat.fault("429", count=1, retry_after=40)
    worker = scene.worker()
    worker.outbox.drain(0)
    pause = scene.redis.hgetall(lines.OUTBOX.pause)
    seconds, _ = scene.redis.time()
    assert 39 <= int(pause[b"until"]) / 1000 - seconds <= 46, "Retry-After, with jitter"
    assert pause[b"code"] == b"dealdroid_busy"
    before = len(scene.line.chat.chats.messages)
    scene.worker().outbox.drain(0)
    assert len(scene.line.chat.chats.messages) == before, "no worker sends anything meanwhile"
    finish(scene, scene.worker())
    assert [chat(scene, one) for one in crowd] == [TEXTS[:2]] * len(crowd)
    assert set(states(scene, ids)) == {"sent"}


def test_a_worker_in_the_middle_of_its_round_sees_that_another_was_asked_to_slow_down(scene: Scene) -> None:
    scene.config = ANY_TIME
    put(scene)
    worker, other = scene.worker(), scene.worker()
    send = worker.outbox.dealdroid.send

    def paused_meanwhile(*what: Any) -> Any:
        other.outbox.pause.start(LineDown("dealdroid_busy", reason("dealdroid_busy"), 60.0))
        return send(*what)

    with patched(worker.outbox.dealdroid, "send", paused_meanwhile):
        worker.outbox.drain(0)
    assert chat(scene) == TEXTS[:1]


def quiet_for(minutes: int) -> Config:
    """Quiet hours that began a minute ago and last for so long."""
    now = datetime.now(BANGKOK)
    hours = tuple(f"{now + timedelta(minutes=each):%H:%M}" for each in (-1, minutes))
    return Config(messages=Messages(window_hours=0, quiet_hours=hours))


def test_quiet_hours_hold_a_message_and_those_behind_it_until_they_end(scene: Scene) -> None:
    scene.config = quiet_for(5)
    ids = put(scene)
    scene.worker().outbox.drain(0)
    assert chat(scene) == []
    first = store(scene).read(ids[0])
    assert first
    assert (first.state, english(first.why)) == ("held", "quiet hours")
    assert first.held_until_ms
    assert first.held_until_ms % 60_000 == 0
    assert 180 < min(due_in(scene)) <= 301
    scene.config = ANY_TIME
    finish(scene, scene.worker())
    assert chat(scene) == TEXTS


def test_an_urgent_message_goes_in_quiet_hours_too(scene: Scene) -> None:
    scene.config = quiet_for(5)
    put(scene, urgent=True)
    scene.worker().outbox.drain(0)
    assert chat(scene) == TEXTS


def test_after_the_window_nothing_is_sent_until_a_person_says_so(scene: Scene) -> None:
    scene.config = Config(messages=Messages(window_hours=1))
    scene.sync(lead(ONE, name="Nok Jaidee"))
    before = len(chat(scene))
    [early] = put(scene, texts=["In time"])
    scene.worker().outbox.drain(0)
    assert states(scene, [early]) == ["sent"]
    worker = scene.worker()
    heard = worker.outbox.last_words.read([ONE])[ONE]
    with patched(worker.outbox.last_words, "read", lambda _: {ONE: heard - 61 * 60_000}):
        [late] = put(scene, texts=["Too late"], tag="late")
        [unknown] = put(scene, CUSTOMERS[1], texts=["Who are you?"], tag="late")
        worker.outbox.drain(0)
    assert [english(store(scene).read(one).why) for one in (late, unknown)] == [  # type: ignore[union-attr]
        "the customer was last heard longer ago than window_hours",
        "it is not known when the customer was last heard, and window_hours is set",
    ]
    assert len(chat(scene)) == before + 1
    assert [one.lead for one in worker_parked(scene).receipts()] == [late, unknown]
    assert worker_parked(scene).retry(late, "somebody") == ""
    scene.worker().outbox.drain(0)
    assert chat(scene)[-1] == "Too late"


@pytest.mark.parametrize("heard_before", [False, True])
def test_a_message_waits_for_what_the_customer_said_before_it(scene: Scene, heard_before: bool) -> None:
    """While HubSpot is away nobody has noted that the customer was heard just now."""
    scene.config = Config(messages=Messages(window_hours=1))
    if heard_before:
        scene.sync(lead(ONE, name="Nok Jaidee"))
        digest = keys.digest(scene.redis.get(keys.SECRET), ONE)
        stored = unpack(scene.redis.get(keys.customer(digest)))
        scene.redis.set(keys.customer(digest), pack(replace(stored, active_ms=stored.active_ms - 61 * 60_000)))
    before = len(chat(scene))
    scene.accept(lead(ONE, "Purchase", name="Nok Jaidee", phone="0812345678"))
    [said] = put(scene, texts=["We have it"])
    scene.worker().outbox.drain(0)
    assert (states(scene, [said]), len(chat(scene))) == (["held"], before)
    work_when_due(scene, scene.worker())
    finish(scene, scene.worker())
    assert (states(scene, [said]), chat(scene)[before:].count("We have it")) == (["sent"], 1)


def test_what_is_said_after_a_message_does_not_hold_it_back(scene: Scene) -> None:
    """A shop of many customers always has events that wait."""
    scene.config = Config(messages=Messages(window_hours=1))
    [said] = put(scene, texts=["Who are you?"])
    scene.accept(lead(CUSTOMERS[1], name="Nok Jaidee"))
    scene.worker().outbox.drain(0)
    assert states(scene, [said]) == ["failed"]


def worker_parked(scene: Scene) -> Any:
    return Parked(scene.redis, scene.config.inbox)


def test_the_same_id_is_sent_once_by_whatever_way_it_comes(scene: Scene) -> None:
    scene.config = ANY_TIME
    message = Outgoing("order:R1:shipped", ONE, ["It is on its way"])
    stream = Stream(scene.redis, keys.OUTBOX)
    for _ in range(2):
        stream.apply([outgoing(message, SHARDS)])
    assert store(scene).put(message, "key") == OTHER, "it was not asked for over HTTP"
    scene.worker().outbox.drain(0)
    stream.apply([outgoing(message, SHARDS)])
    scene.worker().outbox.drain(0)
    assert chat(scene) == ["It is on its way"]
    assert store(scene).put(Outgoing("api:1", ONE, ["Thank you"]), "key") == NEW
    assert store(scene).put(Outgoing("api:1", ONE, ["Thank you"]), "key") == SAME
    assert store(scene).put(Outgoing("api:1", ONE, ["Thanks"]), "key") == OTHER


def test_a_redis_that_forgot_that_a_message_was_sent_does_not_send_it_again(scene: Scene) -> None:
    """The mark is the message's id: the same text under another id is sent."""
    scene.config = ANY_TIME
    [first, second] = put(scene, texts=["Thank you", "Thank you"])
    rows = scene.redis.xrange(keys.entries(keys.OUTBOX, 0))
    worker = scene.worker()
    scene.redis.xdel(keys.entries(keys.OUTBOX, 0), rows[1][0])
    worker.outbox.drain(0)
    for number, (entry, fields) in enumerate(rows):
        scene.redis.xadd(keys.entries(keys.OUTBOX, 0), fields, id=f"{entry.decode().partition('-')[0]}9-{number}")
    scene.redis.set(keys.own_message_sent(first), "sent")
    scene.worker().outbox.drain(0)
    assert chat(scene) == ["Thank you", "Thank you"]
    assert states(scene, [first, second]) == ["sent", "sent"]


def test_a_record_holds_no_text_and_ends(scene: Scene) -> None:
    scene.config = ANY_TIME
    [one] = put(scene, texts=["It is on its way"])
    scene.worker().outbox.drain(0)
    assert b"on its way" not in repr(scene.redis.hgetall(keys.message(one))).encode()
    assert 29 * 86_400 < scene.redis.ttl(keys.message(one)) <= 30 * 86_400
