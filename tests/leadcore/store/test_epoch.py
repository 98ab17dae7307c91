"""After a failover to a replica that lags behind, no message is repeated: real servers."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis as client

from leadcore.machine import Machine
from leadcore.settings import read
from leadcore.store import keys
from leadcore.store.connection import connect, read_info
from leadcore.store.epoch import read_epoch
from sandbox.failover import Pair
from tests.conftest import eventually
from workers.outbox.sent_log import SentLog, message_key

MESSAGE = {b"e": b"lead", b"c": b'{"id":"c-1"}', b"t": b'"Thank you!"'}


@pytest.fixture
def pair(tmp_path: Path, processes: None) -> Iterator[Pair]:
    with Pair(tmp_path) as made:
        yield made


@pytest.fixture
def redis(pair: Pair) -> Iterator[Any]:
    with closing(connect(read({"REDIS_URL": pair.url}))) as made:
        yield made


class Worker:
    """One that is alive and remembers."""

    def __init__(self, name: str, redis: Any) -> None:
        self.name, self.redis, self.log = name, redis, SentLog(Machine())
        self.beat()

    def beat(self) -> None:
        self.redis.zadd(keys.WORKERS, {self.name: self.redis.time()[0] * 1000})
        self.log.reassert(self.redis, self.name)

    def may_send(self) -> bool:
        return not self.log.seconds_to_wait(self.redis)


def answer(redis: Any) -> bool:
    """Whether Redis answers: a connection that was cut is noticed by who uses it next."""
    try:
        return bool(redis.ping())
    except client.RedisError:
        return False


def fail_over(pair: Pair, redis: Any) -> None:
    pair.fail_over()
    eventually(lambda: answer(redis))


def test_messages_leave_when_every_worker_has_written_what_it_remembers(pair: Pair, redis: Any) -> None:
    """Also after the way back to the first server, and its run id has been seen before."""
    first, second = Worker("first", redis), Worker("second", redis)
    assert first.may_send()
    assert second.may_send()
    for message in (b"one", b"two", b"three"):
        key = message_key({**MESSAGE, b"t": message})
        pair.fall_behind()
        second.log.record({key: "sent"})
        fail_over(pair, redis)
        assert not first.may_send(), "before it has looked itself"
        first.beat()
        assert not first.may_send(), "while the other may still have to tell"
        assert not redis.exists(key)
        second.beat()
        assert first.may_send()
        assert second.may_send()
        assert redis.get(key) == b"sent"
        pair.restore()
        for one in (first, second):
            one.beat()
        eventually(lambda: first.may_send() and second.may_send())


def test_after_a_second_failover_the_worker_that_had_not_written_is_still_waited_for(pair: Pair, redis: Any) -> None:
    """It comes while messages wait for the first."""
    first, second = Worker("first", redis), Worker("second", redis)
    assert first.may_send()
    assert second.may_send()
    pair.fall_behind()
    for worker in (first, second):
        worker.log.record({message_key({**MESSAGE, b"t": worker.name.encode()}): "sent"})
    fail_over(pair, redis)
    first.beat()
    pair.restore()
    pair.fall_behind()
    fail_over(pair, redis)
    first.beat()
    assert not first.may_send()
    second.beat()
    assert first.may_send()
    assert second.may_send()
    for worker in (first, second):
        assert redis.get(message_key({**MESSAGE, b"t": worker.name.encode()})) == b"sent"


def test_a_worker_that_starts_after_the_failover_waits_too(pair: Pair, redis: Any) -> None:
    """Until one that was there before may send."""
    old = Worker("old", redis)
    assert old.may_send()
    eventually(lambda: read_info(redis, "replication")["slave0"]["lag"] <= 1)
    redis.wait(1, 2_000)
    fail_over(pair, redis)
    young = Worker("young", redis)
    assert not young.may_send()
    old.beat()
    assert old.may_send()
    assert young.may_send()


@pytest.mark.parametrize("is_used", [True, False])
def test_a_worker_that_starts_after_the_failover_waits_for_one_that_began_within_the_lag(
    is_used: bool, pair: Pair, redis: Any
) -> None:
    """It has not met that one, and the replica has not heard of it; perhaps of no worker yet."""
    if is_used:
        assert Worker("old", redis).may_send()
        redis.delete(keys.WORKERS)
        redis.wait(1, 2_000)
    pair.fall_behind()
    recent = Worker("recent", redis)
    assert recent.may_send()
    recent.log.record({message_key(MESSAGE): "sent"})
    fail_over(pair, redis)
    young = Worker("young", redis)
    assert not young.may_send()
    recent.beat()
    assert recent.may_send()
    assert young.may_send()
    assert redis.get(message_key(MESSAGE)) == b"sent"


def test_what_is_recorded_while_messages_wait_was_sent_before_and_is_written_too(pair: Pair, redis: Any) -> None:
    """The answer to a message came after the failover was noticed."""
    worker = Worker("worker", redis)
    assert worker.may_send()
    pair.fall_behind()
    fail_over(pair, redis)
    worker.beat()
    worker.log.record({message_key(MESSAGE): "sent"})
    worker.beat()
    assert redis.get(message_key(MESSAGE)) == b"sent"


def test_a_primary_that_is_made_a_replica_is_away_and_is_left(pair: Pair, redis: Any) -> None:
    """Its connections stay open, and it answers every question."""
    before = read_epoch(redis)
    pair.fail_over(kill=False)
    with pytest.raises(client.ReadOnlyError):
        Worker("worker", redis)
    with pytest.raises(client.ReadOnlyError):
        read_epoch(redis)
    redis.connection_pool.disconnect()
    assert read_epoch(redis) != before


def test_an_epoch_is_read_from_one_answer(pair: Pair, redis: Any) -> None:
    """Between two, another server may take over, and the two halves would name an epoch that never was."""
    asked = redis.info("commandstats")["cmdstat_info"]["calls"]
    assert read_epoch(redis)
    assert redis.info("commandstats")["cmdstat_info"]["calls"] == asked + 2


def test_a_server_that_tells_one_section_at_a_time_has_the_same_epoch(pair: Pair) -> None:
    """As Redis 6.2 does: it calls the second one a syntax error."""

    class Old(client.Redis):
        def info(self, *sections: Any, **more: Any) -> Any:
            if len(sections) > 1:
                raise client.ResponseError("syntax error")
            return super().info(*sections, **more)

    with closing(client.Redis.from_url(pair.url)) as new, closing(Old.from_url(pair.url)) as old:
        assert read_epoch(old) == read_epoch(new) != ""


def test_the_first_replica_begins_an_epoch(tmp_path: Path, processes: None) -> None:
    """With nothing lost; asserting is harmless, and messages leave again."""
    with Pair(tmp_path) as pair, closing(connect(read({"REDIS_URL": pair.url}))) as redis:
        worker = Worker("worker", redis)
        pair.fail_over()
        eventually(lambda: answer(redis))
        worker.beat()
        assert worker.may_send()
        alone = read_epoch(redis)
        pair.restore()
        if read_epoch(redis) != alone:
            assert not worker.may_send()
        worker.beat()
        assert worker.may_send()


def test_where_info_is_forbidden_a_lost_connection_begins_an_epoch(pair: Pair, redis: Any) -> None:
    with closing(client.Redis.from_url(pair.url)) as owner:
        owner.execute_command("ACL", "SETUSER", "default", "on", "nopass", "+@all", "-info")
    worker = Worker("worker", redis)
    assert worker.may_send()
    worker.log.record({message_key(MESSAGE): "sent"})
    redis.zadd(keys.WORKERS, {"other": redis.time()[0] * 1000})
    worker.log.note_lost()
    worker.beat()
    assert redis.get(message_key(MESSAGE)) == b"sent"
    assert not worker.may_send(), "the other one's epoch has another name: it is waited for as long as allowed"
