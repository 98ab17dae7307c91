"""A web process leaves the Redis that is no longer the primary: no acknowledged lead stays behind."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from leadcore import settings
from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.connection import AWAY, connect
from receiver.intake import group_commit
from receiver.intake.errors import SpoolError
from receiver.intake.feeder import Feeder
from receiver.intake.spool import Spool
from sandbox.failover import Pair
from tests.conftest import SECRET, SHARDS, eventually, head, lead

# Longer than the receiver's own: a machine that is busy with other tests is no Redis that hangs.
TIMEOUT = 5.0


@pytest.fixture
def pair(tmp_path: Path, processes: None) -> Iterator[Pair]:
    with Pair(tmp_path / "redis") as made:
        yield made


def feeder_settings(pair: Pair) -> settings.Settings:
    return settings.read({"REDIS_URL": pair.url, "DEALDROID_SECRET": SECRET})


@pytest.fixture
def feeder(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feeder]:
    """Its background thread is not started."""
    monkeypatch.setattr(group_commit, "ANSWER_SECONDS", 2 * TIMEOUT)
    shared = feeder_settings(pair)
    with closing(connect(shared, TIMEOUT)) as connection:
        made = Feeder(connection, Spool(tmp_path / "spool", Machine()), shared, Machine())
        made.maintain()
        yield made
        made.stop()
        put: Any = made.inbox._put
        put._connection.disconnect()


def waiting(port: int) -> int:
    """Leads in the inbox of the server at this port."""
    with closing(redis.Redis(port=port)) as server:
        return sum(server.xlen(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS))


def maintain(feeder: Feeder) -> None:
    """Twice, as the first one may find that a connection was lost."""
    with suppress(*AWAY):
        feeder.maintain()
    feeder.maintain()


def fill_disk(feeder: Feeder) -> None:
    """So that SQLite deletes nothing."""
    feeder.spool._database.run(
        lambda db: db.execute("CREATE TRIGGER full BEFORE DELETE ON spool BEGIN SELECT RAISE(FAIL, 'full'); END")
    )


def test_what_a_new_replica_refuses_goes_to_the_disk_and_its_connections_are_left(pair: Pair, feeder: Feeder) -> None:
    """READONLY comes as an answer among others over a connection that stays open."""
    feeder.feed(head(lead("c-1")))
    pair.fail_over(kill=False)
    feeder.feed(head(lead("c-2")))
    assert feeder.spool.count() == 1
    maintain(feeder)
    assert (waiting(pair.port), feeder.spool.count()) == (2, 0)


def test_a_web_process_that_sees_a_new_primary_puts_no_more_into_the_old_one(pair: Pair, feeder: Feeder) -> None:
    """The old one lives on and takes writes, and the connection for puts is still open."""
    feeder.feed(head(lead("c-1")))
    eventually(lambda: waiting(pair.ports[1]))
    pair.fall_behind()
    feeder.feed(head(lead("c-2")))
    pair.fail_over(kill=False, demote=False)
    feeder.feed(head(lead("c-3")))
    assert waiting(pair.port) == 1
    feeder._monitor.connection.disconnect()
    maintain(feeder)
    feeder.feed(head(lead("c-4")))
    assert waiting(pair.port) == 4, "what the old one took is put again"


def test_what_was_acknowledged_within_the_lag_outlives_a_process_that_ended_in_between(
    pair: Pair, feeder: Feeder, tmp_path: Path
) -> None:
    """It was stopped in order, for a deploy; the replica was more behind than a Redis that restarts ever is."""

    class LaterMachine(Machine):
        def monotonic(self) -> float:
            return super().monotonic() + 4.0

    pair.fall_behind()
    feeder.feed(head(lead("c-1")))
    for recent in feeder._recents():
        recent.machine = LaterMachine()
    feeder.stop()
    # As the system does with those of a process that ends.
    for file, _ in feeder.recent.journal._pages:
        os.close(file)
    feeder.recent.journal._pages.clear()
    pair.fail_over()
    with closing(connect(feeder_settings(pair), TIMEOUT)) as connection:
        heir = Feeder(connection, Spool(tmp_path / "spool", Machine()), feeder_settings(pair), Machine())
        heir.maintain()
        assert waiting(pair.port) == 1
        heir.stop()
        put: Any = heir.inbox._put
        put._connection.disconnect()


def test_no_customer_waits_for_a_name_that_does_not_resolve(
    pair: Pair, feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of Redis is looked up again once the connection is lost, which no timeout of ours ends."""
    real, may_answer, asked = socket.getaddrinfo, threading.Event(), list[str]()

    def look_up(*given: Any, **named: Any) -> Any:
        asked.append(threading.current_thread().name)
        may_answer.wait()
        return real(*given, **named)

    feeder.feed(head(lead("c-1")))
    feeder.start()
    eventually(lambda: not feeder._wake.is_set())
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    pair._address.cut()
    eventually(lambda: "spool" in asked)
    post = threading.Thread(target=feeder.feed, args=(head(lead("c-2")),), name="post")
    post.start()
    post.join(30.0)
    waits = post.is_alive()
    may_answer.set()
    post.join()
    assert not waits
    assert "post" not in asked
    eventually(lambda: waiting(pair.port) == 2)


def test_a_fault_of_the_background_thread_keeps_no_lead_from_redis(
    pair: Pair, feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot say any more that Redis, which was away, is back."""
    looks = 0

    def fail() -> None:
        nonlocal looks
        looks += 1
        raise redis.ConnectionError if looks == 1 else ValueError

    with monkeypatch.context() as patch:
        patch.setattr(feeder, "maintain", fail)
        feeder.start()
        eventually(lambda: looks > 2)
        feeder.feed(head(lead("c-1")))
    assert waiting(pair.port) == 1


def test_a_disk_that_deletes_nothing_keeps_no_lead_from_redis(pair: Pair, feeder: Feeder) -> None:
    """Nor is it said of Redis that it is away."""
    feeder.away_until = float("inf")
    feeder.feed(head(lead("c-1")))
    fill_disk(feeder)
    with capture_logs() as logs:
        feeder.start()
        eventually(lambda: "spool.waits" in [line["event"] for line in logs])
        feeder.feed(head(lead("c-2")))
    assert (waiting(pair.port), feeder.spool.count()) == (2, 1)
    assert "redis.away" not in [line["event"] for line in logs]


def test_what_redis_refuses_to_take_back_keeps_no_lead_from_it_after_an_outage(pair: Pair, feeder: Feeder) -> None:
    looks = 0

    def refuse(raw: bytes) -> None:
        nonlocal looks
        looks += 1
        raise redis.ResponseError

    feeder.replay_also("other", refuse)(b"said")
    feeder.away_until, feeder.needs_replay = float("inf"), True
    feeder.start()
    eventually(lambda: looks > 1)
    feeder.feed(head(lead("c-1")))
    feeder._others.clear()
    assert (waiting(pair.port), feeder.spool.count()) == (1, 0)


def test_what_a_full_disk_still_has_is_put_into_a_redis_that_was_emptied(pair: Pair, feeder: Feeder) -> None:
    """By FLUSHALL, which ends no connection; it was put more than 10 s before."""
    feeder.away_until = float("inf")
    feeder.feed(head(lead("c-1")))
    fill_disk(feeder)
    with pytest.raises(SpoolError):
        feeder.maintain()
    feeder.recent.journal.close()
    with closing(redis.Redis(port=pair.port)) as server:
        server.flushall()
    feeder.spool._database.run(lambda db: db.execute("DROP TRIGGER full"))
    feeder.maintain()
    assert (waiting(pair.port), feeder.spool.count()) == (1, 0)
