"""A message that Redis lost is not sent again."""

import os
from pathlib import Path
from typing import Any

import pytest
import redis

from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.epoch import EMPTIED
from sandbox.redis import start
from tests.conftest import eventually, own_port
from workers.outbox.sent_log import SentLog, message_key
from workers.rules.delivery import NOT_DELIVERED
from workers.rules.sending import MAX_AGE_HOURS

RETURNED = {b"e": b"back", b"c": b'{"id":"c-9"}', b"t": b'"Thank you!"'}
MESSAGE = {b"e": b"lead", b"c": b'{"id":"c-1"}', b"t": b'"Thank you!"'}


class ManualMachine(Machine):
    """Its clock for spans of time stands still until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


def test_what_was_sent_is_written_to_a_restarted_redis(tmp_path: Path) -> None:
    sent_log = SentLog(Machine())
    with start(tmp_path) as server:
        sent_log.reassert(redis.Redis.from_url(server.url))
        sent_log.record({message_key(MESSAGE): "sent"})
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        sent_log.reassert(again)
        assert again.get(message_key(MESSAGE)) == b"sent"


def test_what_was_sent_is_written_to_a_redis_that_was_away_for_minutes(tmp_path: Path) -> None:
    machine = ManualMachine()
    sent_log = SentLog(machine)
    with start(tmp_path) as server:
        sent_log.reassert(redis.Redis.from_url(server.url))
        sent_log.record({message_key(MESSAGE): "sent"})
        server.kill()
    machine.seconds += 300
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        sent_log.reassert(again)
        assert again.get(message_key(MESSAGE)) == b"sent"


def test_what_a_dead_worker_sent_is_written_to_a_restarted_redis(tmp_path: Path) -> None:
    """Only the dead worker's journal is left."""
    port = own_port()
    with start(tmp_path, port) as server:
        connection = redis.Redis.from_url(server.url)
        dead = SentLog(Machine())
        dead.reassert(connection)
        dead.record({message_key(MESSAGE): "sent"})
        dead.record({message_key(RETURNED): "sending"})
        dead.record({message_key(RETURNED): NOT_DELIVERED})
        connection.bgrewriteaof()
        connection.shutdown(save=True)
    release_journal(dead)
    with start(tmp_path, port) as server:
        again = redis.Redis.from_url(server.url)
        heir = SentLog(Machine())
        heir.reassert(again)
        assert again.get(message_key(MESSAGE)) == b"sent"
        assert not again.exists(message_key(RETURNED))


def test_what_a_dead_worker_sent_is_not_written_to_a_redis_that_has_not_restarted(tmp_path: Path) -> None:
    """That Redis knows the message's result, and the message may be due again."""
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        dead = SentLog(Machine())
        dead.reassert(connection)
        dead.record({message_key(MESSAGE): "sending"})
        release_journal(dead)
        SentLog(Machine()).reassert(connection)
        assert not connection.exists(message_key(MESSAGE))


class ClockAhead(Machine):
    """Its wall clock is set back later."""

    def time(self) -> float:
        return super().time() + 180


@pytest.mark.parametrize("machine", [Machine(), ClockAhead()], ids=["steady", "set back"])
def test_the_newest_entry_of_several_dead_workers_counts(tmp_path: Path, machine: Machine) -> None:
    """The worker that recorded `NOT_DELIVERED` is inherited last."""
    port = own_port()
    with start(tmp_path, port) as server:
        connection = redis.Redis.from_url(server.url)
        first, second = SentLog(machine), SentLog(Machine())
        first.reassert(connection)
        first.record({message_key(MESSAGE): "sending"})
        first.record({message_key(MESSAGE): NOT_DELIVERED})
        second.reassert(connection)
        second.record({message_key(MESSAGE): "sent"})
        connection.bgrewriteaof()
        connection.shutdown(save=True)
    with start(tmp_path, port) as server:
        again = redis.Redis.from_url(server.url)
        release_journal(first)
        second.reassert(again)
        assert again.get(message_key(MESSAGE)) == b"sent"


def release_journal(dead: SentLog) -> None:
    """Unlock the journal, as the system does when a process ends."""
    for file, _ in dead._journal._pages:
        os.close(file)


def test_no_message_is_sent_in_the_first_seconds_of_a_restarted_redis(tmp_path: Path) -> None:
    before, fresh = SentLog(Machine()), SentLog(Machine())
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        assert before.seconds_to_wait(connection) == 0
        before.reassert(connection)
        connection.bgrewriteaof()
        connection.shutdown(save=True)
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        assert 0 < before.seconds_to_wait(again) <= 5
        assert 0 < fresh.seconds_to_wait(again) <= 5, "also a worker that was not there before must wait"


def test_a_worker_that_starts_with_an_emptied_redis_waits_for_those_who_knew_it(tmp_path: Path) -> None:
    """Who sent may come back last: one of the others says that there is somebody to wait for, though not who."""
    port = own_port()
    other, fresh = SentLog(Machine()), SentLog(Machine())
    with start(tmp_path / "before", port) as server:
        other.reassert(redis.Redis.from_url(server.url), "other")
        server.kill()
    with start(tmp_path / "after", port) as server:
        again = redis.Redis.from_url(server.url)
        for name, sent_log in {"other": other, "fresh": fresh}.items():
            again.zadd(keys.WORKERS, {name: again.time()[0] * 1000})
            sent_log.reassert(again, name)
        assert fresh.seconds_to_wait(again) > 0
        eventually(lambda: not fresh.seconds_to_wait(again), 20)


def test_an_hour_after_redis_was_emptied_no_worker_that_starts_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where no message was due until then."""
    port = own_port()
    other, fresh = SentLog(Machine()), SentLog(Machine())
    with start(tmp_path / "before", port) as server:
        other.reassert(redis.Redis.from_url(server.url), "other")
        server.kill()
    with start(tmp_path / "after", port) as server:
        again = redis.Redis.from_url(server.url)
        other.reassert(again, "other")
        assert again.get(keys.EPOCH) == EMPTIED.encode()
        later_ms = again.time()[0] * 1000 + 3_700_000
        again.delete(keys.EPOCH, *again.keys(keys.epoch_since("*")))  # they have expired
        monkeypatch.setattr("workers.outbox.sent_log._read_ms", lambda _: later_ms)
        other.reassert(again, "other")
        assert fresh.seconds_to_wait(again) == 0


def test_after_minutes_without_redis_no_message_leaves_before_every_worker_has_told_it(tmp_path: Path) -> None:
    """Nobody is listed as alive then but who came back first."""
    machine = ManualMachine()
    workers = {"first": SentLog(machine), "second": SentLog(machine)}
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        connection.zadd(keys.WORKERS, dict.fromkeys(workers, connection.time()[0] * 1000))
        for name, sent_log in workers.items():
            sent_log.reassert(connection, name)
            assert sent_log.seconds_to_wait(connection) == 0
        server.kill()
    machine.seconds += 300
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        again.delete(keys.WORKERS)
        again.zadd(keys.WORKERS, {"first": again.time()[0] * 1000})
        workers["first"].reassert(again, "first")
        assert workers["first"].seconds_to_wait(again) > 0
        workers["second"].reassert(again, "second")
        assert workers["first"].seconds_to_wait(again) == 0


def test_what_came_back_during_the_wait_is_known_before_messages_leave(tmp_path: Path) -> None:
    """Else a drain would find its claim alone, and end a message that was sent as interrupted."""
    sent_log = SentLog(Machine())
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        sent_log.reassert(connection, "worker")
        assert sent_log.seconds_to_wait(connection) == 0
        sent_log.record({message_key(MESSAGE): "sending"})
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        again.zadd(keys.WORKERS, {"worker": again.time()[0] * 1000})
        sent_log.reassert(again, "worker")
        assert again.get(message_key(MESSAGE)) == b"sending"
        sent_log.record({message_key(MESSAGE): "sent"})
        eventually(lambda: not sent_log.seconds_to_wait(again), 20)
        assert again.get(message_key(MESSAGE)) == b"sent"


def test_where_info_is_hidden_a_flapping_connection_holds_messages_no_longer_than_one_epoch(tmp_path: Path) -> None:
    machine = ManualMachine()
    sent_log = SentLog(machine)
    with start(tmp_path) as server:
        administrator = redis.Redis.from_url(server.url)
        administrator.execute_command("ACL", "SETUSER", "default", "-info")
        administrator.zadd(keys.WORKERS, {"another": administrator.time()[0] * 1000, "worker": 9e12})
        sent_log.reassert(administrator, "worker")
        for _ in range(11):
            sent_log.note_lost()
            sent_log.reassert(administrator, "worker")
            machine.seconds += 1.0
        assert sent_log.seconds_to_wait(administrator) == 0


def test_nobody_waits_for_a_dead_worker_however_often_a_connection_is_lost(tmp_path: Path) -> None:
    machine = ManualMachine()
    sent_log = SentLog(machine)
    with start(tmp_path) as server:
        connection: Any = redis.Redis.from_url(server.url)
        connection.execute_command("ACL", "SETUSER", "default", "-info")
        connection.zadd(keys.WORKERS, dict.fromkeys(["alive", "dead"], connection.time()[0] * 1000))
        sent_log.reassert(connection, "alive")
        connection.zrem(keys.WORKERS, "dead")
        for second in range(81):
            if second % 20 == 0:
                sent_log.note_lost()
            machine.seconds += 1
            sent_log.reassert(connection, "alive")
            waits = sent_log.seconds_to_wait(connection)
        assert waits == 0


def test_workers_that_start_again_and_again_leave_no_names(client: redis.Redis) -> None:
    """Whom nobody waits for any more goes, whoever can still be waited for stays."""
    now_ms = client.time()[0] * 1000
    client.hset(keys.ASSERTED, mapping={"before": f"run:history {now_ms - 120_000}", "recent": f"run:history {now_ms}"})
    SentLog(Machine()).reassert(client, "worker")
    assert {*client.hkeys(keys.ASSERTED)} == {b"recent", b"worker"}


def test_nobody_waits_for_a_new_redis(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        assert SentLog(Machine()).seconds_to_wait(redis.Redis.from_url(server.url)) == 0


def test_the_same_text_to_another_customer_is_another_message() -> None:
    assert message_key(MESSAGE) != message_key({**MESSAGE, b"c": b'{"id":"c-2"}'})
    assert message_key(MESSAGE) == message_key({**MESSAGE, b"e": b"other"})


def test_what_was_certainly_not_delivered_may_be_sent_again(tmp_path: Path) -> None:
    sent_log = SentLog(Machine())
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        sent_log.reassert(connection)
        sent_log.record({message_key(MESSAGE): "sending"})
        sent_log.record({message_key(MESSAGE): NOT_DELIVERED})
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        sent_log.reassert(again)
        assert not again.exists(message_key(MESSAGE))


def test_what_was_sent_is_written_to_a_restarted_redis_that_is_full(tmp_path: Path) -> None:
    sent_log = SentLog(Machine())
    with start(tmp_path) as server:
        sent_log.reassert(redis.Redis.from_url(server.url))
        sent_log.record({message_key(MESSAGE): "sent"})
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        again.config_set("maxmemory", 1)
        sent_log.reassert(again)
        assert again.get(message_key(MESSAGE)) == b"sent"
        assert again.ttl(message_key(MESSAGE)) > 0


def test_what_was_sent_is_known_for_as_long_as_it_may_leave(tmp_path: Path) -> None:
    """DealDroid may be away for hours after Redis was; a text alone may well be said again."""
    sent_log, own = SentLog(Machine()), {**MESSAGE, b"e": b"api:one"}
    with start(tmp_path) as server:
        sent_log.reassert(redis.Redis.from_url(server.url))
        sent_log.record({message_key(MESSAGE): "sent", message_key(own): "sent"})
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        sent_log.reassert(again)
        assert again.ttl(message_key(own)) >= MAX_AGE_HOURS * 3600
        assert 3000 < again.ttl(message_key(MESSAGE)) <= 3600
