"""At which moments the tests of faults strike: one that is left out is the same as one that is not."""

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
import redis

from tests.conftest import lead
from tests.faults.conftest import Scene
from tests.faults.test_crash import set_up
from tests.faults.wires import Killed, Moment, MomentWire, Same, death, interruption, lost_answer

ACTS: dict[str, Callable[[Any], Any]] = {
    "the same value again": lambda one: one.set("key", "value"),
    "a later end": lambda one: one.pexpire("key", 60_000),
    "a delete": lambda one: one.delete("key"),
    "a field": lambda one: one.hset("hash", "name", "value"),
    "an entry": lambda one: one.xadd("stream", {"name": "value"}),
    "a script": lambda one: one.eval("redis.call('INCR', KEYS[1])", 1, "number"),
    "a transaction": lambda one: one.pipeline().set("key", "value").get("key").execute(),
}
READS: dict[str, Callable[[Any], Any]] = {
    "a value": lambda one: one.get("key"),
    "a script that writes nothing": lambda one: one.eval("return redis.call('GET', KEYS[1])", 1, "key"),
    "a delete of nothing": lambda one: one.delete("none"),
    "a lock that is taken": lambda one: one.set("key", "mine", nx=True),
}


# What Redis says of the end of a key.
ENDLESS, GONE = -1, -2


class Observing(MomentWire):
    """Strikes nowhere. At each moment that a death would leave out, it compares all that there is with what there was
    at the moment before."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(self.observe, 0)
        self.scene, self.left_out, self.different = scene, 0, list[Moment]()
        self.before: dict[str, Any] = {}
        self.found: dict[str, Any] = {}

    def observe(self) -> Any:
        """The world, and all that is in it while it stays as it is: other threads go on."""
        self.before = self.found
        while True:
            world = self.scene.world()
            self.found = everything(self.scene)
            if self.scene.world() == world:
                if self.before:
                    self.before["redis"] = drop_ended(self.scene, self.before["redis"])
                return world

    def is_same(self, before: Moment, now: Moment) -> bool:
        if super().is_same(before, now):
            self.left_out += 1
            if any(self.before[name] != self.found[name] for name in self.before.keys() & self.found.keys()):
                self.different.append(now)
        return False

    def _is_due(self, number: int, when: str) -> bool:
        super()._is_due(number, when)
        self.reached = False
        return False


def everything(scene: Scene) -> dict[str, Any]:
    """What Redis holds and until when, but for what soon ends by itself, all files, and what the stand-ins hold unless
    a request is in flight: that lands sooner or later, whether its process lives or not."""
    store = scene.observer
    stored = {name: (store.dump(name), store.execute_command("PEXPIRETIME", name)) for name in store.scan_iter()}
    found: dict[str, Any] = {
        "redis": {name: one for name, one in stored.items() if one[1] != GONE and not name.endswith(b":swept")},
        "files": {path: path.read_bytes() for path in scene.folder.rglob("*") if path.is_file()},
    }
    held = scene.line.crm.contacts(), [*scene.line.chat.chats.messages]
    asked, told = scene.line.crm.requests, scene.line.chat.requests
    if (asked.begun, told.begun) == (asked.ended, told.ended):
        found["stand-ins"] = held
    return found


def drop_ended(scene: Scene, stored: dict[bytes, tuple[bytes, int]]) -> dict[bytes, tuple[bytes, int]]:
    """What has not ended by itself meanwhile: a busy machine may take longer than a lock's life."""
    seconds, micros = scene.observer.time()
    now_ms = seconds * 1000 + micros // 1000
    return {name: one for name, one in stored.items() if one[1] == ENDLESS or one[1] > now_ms}


def test_at_a_moment_that_is_left_out_everything_is_as_at_the_moment_before(scene: Scene) -> None:
    set_up(scene)
    wire = Observing(scene)
    worker = scene.worker(wire)
    worker.maintenance.sweep()
    worker.work()
    scene.assert_done()
    assert wire.left_out > 20
    assert wire.different == []


def test_a_post_leaves_nothing_at_a_moment_that_is_left_out(scene: Scene) -> None:
    wire = Observing(scene)
    scene.web(wire).accept(lead("c-1", name="Nok Jaidee"))
    assert wire.left_out
    assert wire.different == []


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_whatever_is_written_to_redis_changes_the_world(scene: Scene, act: Callable[[Any], Any]) -> None:
    scene.redis.set("key", "value")
    before = scene.world()
    act(scene.redis)
    assert scene.world() != before


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_what_writes_nothing_leaves_the_world_as_it_was(scene: Scene, read: Callable[[Any], Any]) -> None:
    scene.redis.set("key", "value")
    before = scene.world()
    read(scene.redis)
    assert scene.world() == before


def test_a_request_and_a_line_in_a_file_change_the_world(scene: Scene) -> None:
    seen = [scene.world()]
    scene.line.crm.create(firstname="Nok")
    seen.append(scene.world())
    scene.line.chat.struck()
    seen.append(scene.world())
    file = scene.folder / "page"
    for text in ("one", "two"):
        file.write_text(text)
        seen.append(scene.world())
    file.unlink()
    seen.append(scene.world())
    assert all(one != two for one, two in pairwise(seen))


@pytest.mark.parametrize(
    ("same", "struck"),
    [
        (death, [(1, "before"), (2, "after"), (4, "after")]),
        (lost_answer, [(1, "before"), (2, "before"), (2, "after"), (3, "before"), (4, "before"), (4, "after")]),
        (interruption, [(1, "before"), (1, "after"), (2, "after"), (3, "after"), (4, "after")]),
    ],
)
def test_every_write_and_whatever_else_may_matter_is_struck(
    scene: Scene, same: Same, struck: list[tuple[int, str]]
) -> None:
    """The process reads, writes, reads and writes."""
    found = []
    for wire in scene.moments(same):
        process: redis.Redis = scene.client(wire)
        with suppress(Killed):
            for name in ("one", "two"):
                process.get(name)
                process.set(name, "value")
        if wire.reached:
            found.append((wire.struck.number, wire.struck.when))
    assert found == struck
