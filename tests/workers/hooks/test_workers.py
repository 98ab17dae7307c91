"""Workers that post hooks die, stand still, are stopped, and are two at once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from leadcore.machine import Machine
from leadcore.store import keys
from tests.conftest import eventually
from tests.workers.hooks.conftest import Hooks, Receiver
from workers.flow import endpoint_loop
from workers.flow.endpoint_loop import ServedEndpoint
from workers.hooks import delivery


@pytest.mark.parametrize("dies_before", [True, False])
def test_a_death_around_the_record_posts_again_under_the_same_id(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, dies_before: bool
) -> None:
    """Whether Redis did not get the record, or only the answer was lost."""
    write, deaths = ServedEndpoint.write, [True]

    def dying(self: ServedEndpoint, commands: Any, **values: Any) -> bool:
        if deaths:
            deaths.clear()
            if not dies_before:
                write(self, commands, **values)
            raise ConnectionError
        return write(self, commands, **values)

    monkeypatch.setattr(ServedEndpoint, "write", dying)
    ids = [hooks.put(f"lead-{number}") for number in range(3)]
    hooks.serve(receiver)
    eventually(lambda: {*receiver.ids()} == {*ids})
    eventually(lambda: not hooks.waiting())
    assert receiver.ids() == [*(ids[:1] if dies_before else ()), *ids]


def test_another_worker_goes_on_where_one_died(hooks: Hooks, receivers: Callable[..., Receiver]) -> None:
    """The dead one's lock is left behind, as is what it had in flight."""
    receiver = receivers(seconds=0.05)
    first = delivery.build(hooks.redis, hooks.settings(receiver), Machine()).deliveries[0]
    ids = [hooks.put(f"lead-{number}", f"customer-{number}") for number in range(40)]
    first.served.register()
    first.step()
    assert first.in_flight
    hooks.redis.pexpire(keys.endpoint_lock(keys.HOOKS, first.served.digest), 500)
    hooks.serve(receiver)
    eventually(lambda: {*receiver.ids()} == {*ids} and not hooks.waiting())
    first.close()


def test_a_worker_that_was_frozen_before_it_records_posts_nothing_that_another_posted(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock has expired, and one of its calls is still under way."""
    monkeypatch.setattr(endpoint_loop, "BEAT_SECONDS", 0.0)
    hanging, ends = iter([True]), threading.Event()

    def answer(body: Any) -> tuple[str, dict[str, str]]:
        if body["data"]["lead"] == "hanging" and next(hanging, False):
            ends.wait(30)
        return "200 OK", {}

    receiver.answer = answer
    frozen = delivery.build(hooks.redis, hooks.settings(receiver), Machine()).deliveries[0]
    assert isinstance(frozen, delivery.HookDelivery)
    for lead, customer in (("first", "ann"), ("second", "ann"), ("third", "ann"), ("hanging", "bob")):
        hooks.put(lead, customer)
    frozen.served.register()
    frozen.step()
    eventually(lambda: any(future.done() for future in frozen.in_flight))
    record = frozen._record

    def stand_still() -> None:
        monkeypatch.setattr(frozen, "_record", record)
        hooks.redis.delete(keys.endpoint_lock(keys.HOOKS, frozen.served.digest))
        other = hooks.serve(receiver)
        eventually(lambda: not hooks.waiting())
        other.stop()
        record()

    monkeypatch.setattr(frozen, "_record", stand_still)
    for _ in range(3):
        frozen.step()
    ends.set()
    more = hooks.put("fourth")
    eventually(lambda: frozen.step() and more in receiver.ids())
    assert [lead for lead in receiver.leads() if lead in ("second", "third")] == ["second", "third"]
    frozen.close()


def test_a_worker_that_was_frozen_goes_on_where_another_came_to(
    hooks: Hooks, receivers: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock has expired, and the other one gave it back."""
    monkeypatch.setattr(endpoint_loop, "BEAT_SECONDS", 0.0)
    receiver = receivers(seconds=0.2)
    frozen = delivery.build(hooks.redis, hooks.settings(receiver), Machine()).deliveries[0]
    ids = [hooks.put(f"lead-{number}") for number in range(3)]
    frozen.served.register()
    frozen.step()
    eventually(lambda: receiver.ids() == ids[:1])
    hooks.redis.delete(keys.endpoint_lock(keys.HOOKS, frozen.served.digest))
    other = hooks.serve(receiver)
    eventually(lambda: not hooks.waiting())
    other.stop()
    more = hooks.put("lead-3")
    eventually(lambda: frozen.step() and more in receiver.ids())
    assert receiver.ids() == [ids[0], *ids, more]
    frozen.close()


def test_two_workers_post_nothing_twice(hooks: Hooks, receiver: Receiver) -> None:
    loops = [hooks.serve(receiver) for _ in range(2)]
    ids = [hooks.put(f"lead-{number}", f"customer-{number % 7}") for number in range(100)]
    eventually(lambda: len(receiver.taken) >= 50)
    loops[0].stop()
    more = [hooks.put(f"more-{number}", f"customer-{number % 7}") for number in range(50)]
    eventually(lambda: {*receiver.ids()} == {*ids, *more})
    eventually(lambda: not hooks.waiting())
    assert len(receiver.ids()) == 150


def test_a_worker_that_is_stopped_starts_no_post_and_records_those_under_way(
    hooks: Hooks, receivers: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_loop, "STOP_SECONDS", 30.0)
    slow, ends = receivers(), threading.Event()

    def answer(body: Any) -> tuple[str, dict[str, str]]:
        ends.wait(30)
        return "200 OK", {}

    slow.answer = answer
    loop = hooks.serve(slow)
    for number in range(200):
        hooks.put(f"lead-{number}", f"customer-{number}")
    eventually(lambda: len(slow.taken) >= 10)
    loop.end()
    ends.set()
    loop.stop()
    posted = len(slow.taken)
    assert posted <= 2 * delivery.IN_FLIGHT
    hooks.serve(slow)
    eventually(lambda: not hooks.waiting())
    assert len(slow.ids()) == len({*slow.ids()}) == 200
