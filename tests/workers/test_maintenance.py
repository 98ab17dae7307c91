"""The maintenance thread of a worker."""

from typing import Any

import pytest
import redis
import structlog

from leadcore.config import Inbox
from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.counters import Tally
from leadcore.store.outage import Outage
from leadcore.store.streams import LOCK_MS, Stream
from tests.conftest import eventually
from workers import maintenance as module
from workers.flow.lease import LeaseRegistry
from workers.maintenance import Maintenance
from workers.outbox.sent_log import SentLog


class SlowLog(SentLog):
    """Writing it to Redis takes too long."""

    def reassert(self, connection: Any, worker: str = "") -> None:
        raise redis.TimeoutError


def test_an_outage_is_not_over_before_the_monitor_has_met_the_new_redis(client: Any) -> None:
    """Else each outage is logged twice, as the monitor's connection finds out later that it was cut."""
    machine, logs = Machine(), structlog.testing.capture_logs()
    outage, config = Outage("redis://test", "", machine), Inbox()
    of = (config, LeaseRegistry(machine), SentLog(machine), Tally(), machine, outage)
    maintenance = Maintenance(client, "w", *of, lambda: None)
    maintenance.beat()
    with logs as said:
        outage.note(redis.ConnectionError())
        client.client_kill_filter(_id=maintenance._monitor.client_id())
        with pytest.raises(redis.ConnectionError):
            maintenance.beat()
        outage.note(redis.ConnectionError())
        maintenance.beat()
    assert [one["event"] for one in said] == ["redis.away", "redis.back"]


def test_locks_are_renewed_before_anything_is_asserted(client: Any) -> None:
    machine, inbox = Machine(), Stream(client, keys.INBOX)
    leases, outage = LeaseRegistry(machine), Outage("redis://test", "", machine)
    tally, config = Tally(), Inbox()
    maintenance = Maintenance(client, "w", config, leases, SlowLog(machine), tally, machine, outage, lambda: None)
    with leases.hold(inbox, 0) as lease:
        client.pexpire(keys.lock(keys.INBOX, 0), 2_000)
        with pytest.raises(redis.TimeoutError):
            maintenance.beat()
        assert client.pttl(keys.lock(keys.INBOX, 0)) > LOCK_MS - 1_000
        assert lease
        inbox.release(0, lease.token)


def test_a_worker_is_known_before_it_sends_its_first_message(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nobody waits for what it remembers if Redis is lost within its first second."""
    monkeypatch.setattr(module, "BEAT_SECONDS", 60.0)
    machine = Machine()
    of = (Inbox(), LeaseRegistry(machine), SentLog(machine), Tally(), machine, Outage("redis://test", "", machine))
    maintenance = Maintenance(client, "w", *of, lambda: None)
    maintenance.start()
    eventually(lambda: client.zscore(keys.WORKERS, "w"))
    eventually(lambda: client.hexists(keys.ASSERTED, "w"))
    maintenance.stop()


@pytest.mark.parametrize(
    ("fault", "waits"),
    [(redis.ConnectionError, True), (redis.OutOfMemoryError, False), (ValueError, False)],
    ids=["lost", "full", "a fault"],
)
def test_nothing_is_swept_before_a_redis_that_was_lost_has_heard_what_is_remembered(
    client: Any, monkeypatch: pytest.MonkeyPatch, fault: type[Exception], waits: bool
) -> None:
    """A sweep takes seconds on a slow network, and the others wait for 10 s at most."""
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    machine, done = Machine(), list[str]()
    of = (Inbox(), LeaseRegistry(machine), SentLog(machine), Tally(), machine, Outage("redis://test", "", machine))
    maintenance = Maintenance(client, "w", *of, lambda: None)

    def beat() -> None:
        done.append("beat")
        if len(done) <= 2:
            raise fault

    monkeypatch.setattr(maintenance, "beat", beat)
    monkeypatch.setattr(maintenance, "sweep", lambda: done.append("sweep"))
    maintenance.start()
    eventually(lambda: "sweep" in done)
    maintenance.stop()
    assert done[: done.index("sweep")] == ["beat", "beat", *(["beat"] if waits else [])]
