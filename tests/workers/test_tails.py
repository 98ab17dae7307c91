from collections.abc import Iterator
from typing import Any

import pytest
import redis

from receiver import keys
from receiver.inbox import LOCK_MS, Inbox
from sandbox.redis import Running
from workers.lease import Lease
from workers.tails import Tails, Turn, age

FULL = 3
GO, WAIT, LEAVE = Turn("go", taken=False), Turn("wait", taken=False), Turn("leave", taken=False)
TAKEN = Turn("go", taken=True)


@pytest.fixture
def client(server: Running) -> Iterator[Any]:
    with redis.Redis.from_url(server.url) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def lease(client: Any) -> Lease:
    """Ours, of shard 1 of four."""
    return hold(client, 1, "ours")


def hold(client: Any, shard: int, token: str) -> Lease:
    inbox = Inbox(client)
    assert inbox.acquire(shard, token)
    return Lease(inbox, shard, token)


def put(client: Any, shard: int, *moments: str) -> None:
    for moment in moments:
        client.xadd(keys.entries(keys.INBOX, shard), {"e": "x"}, id=moment)


def gather(client: Any, lease: Lease, first: bytes = b"50-5", *, patient: bool = True) -> Turn:
    return Tails(client, 4, FULL).gather(lease, first, patient=patient)


def holders(client: Any) -> list[bytes | None]:
    return [client.get(keys.lock(keys.INBOX, shard)) for shard in range(4)]


def test_alone_a_drain_goes_on(client: Any, lease: Lease) -> None:
    assert gather(client, lease) == GO
    assert lease.shards == [1]


def test_tails_that_nobody_holds_are_taken_on(client: Any, lease: Lease) -> None:
    put(client, 0, "40-0")
    put(client, 3, "60-0", "61-0")
    assert gather(client, lease) == TAKEN
    assert lease.shards == [1, 0, 3]
    assert holders(client) == [b"ours", b"ours", None, b"ours"]
    assert 0 < client.pttl(keys.lock(keys.INBOX, 3)) <= LOCK_MS


def test_what_was_taken_on_is_renewed_and_lost_with_the_rest(client: Any, lease: Lease) -> None:
    put(client, 0, "40-0")
    gather(client, lease)
    client.pexpire(keys.lock(keys.INBOX, 0), 1000)
    lease.renew(lease.inbox)
    assert client.pttl(keys.lock(keys.INBOX, 0)) > 1000
    client.delete(keys.lock(keys.INBOX, 0))
    before = lease.renewed_at
    lease.renew(lease.inbox)
    assert lease.renewed_at == before


@pytest.mark.parametrize("older", ["40-0", "50-4", "9-9"])
def test_a_tail_is_left_to_a_drain_with_older_leads(client: Any, lease: Lease, older: str) -> None:
    hold(client, 2, "theirs")
    put(client, 2, older)
    put(client, 0, "60-0")
    assert gather(client, lease) == LEAVE
    assert holders(client) == [None, b"ours", b"theirs", None]


def test_a_tail_is_left_to_a_full_batch_of_older_leads_that_nobody_drains_yet(client: Any, lease: Lease) -> None:
    put(client, 2, "40-0", "41-0", "70-0")
    assert gather(client, lease) == LEAVE


def test_the_oldest_tail_waits_for_no_full_batch(client: Any, lease: Lease) -> None:
    """Else a quiet shard would starve beside a busy one."""
    put(client, 2, "60-0", "61-0", "62-0")
    assert gather(client, lease) == GO
    assert lease.shards == [1]


@pytest.mark.parametrize("younger", ["50-6", "51-0", "100-0"])
def test_the_older_of_two_tails_waits_for_the_younger_to_leave(client: Any, lease: Lease, younger: str) -> None:
    other = hold(client, 2, "theirs")
    put(client, 2, younger)
    assert gather(client, lease) == WAIT
    put(client, 1, "50-5")
    assert gather(client, other, younger.encode()) == LEAVE
    Inbox(client).release(2, "theirs")
    assert gather(client, lease) == TAKEN


def test_it_does_not_wait_for_ever(client: Any, lease: Lease) -> None:
    hold(client, 2, "theirs")
    put(client, 2, "60-0")
    put(client, 3, "61-0")
    assert gather(client, lease, patient=False) == TAKEN
    assert lease.shards == [1, 3]


def test_an_ended_drain_takes_up_what_was_left_to_it_but_not_what_was_left_to_others(client: Any, lease: Lease) -> None:
    put(client, 0, "60-0")
    assert gather(client, lease, b"", patient=False) == TAKEN
    Inbox(client).release(0, "ours")
    lease.shards[:] = [1]
    hold(client, 2, "theirs")
    put(client, 2, "70-0")
    assert gather(client, lease, b"", patient=False) == LEAVE


def test_in_a_full_redis_tails_are_taken_on_all_the_same(client: Any, lease: Lease) -> None:
    put(client, 0, "40-0")
    client.config_set("maxmemory", 1)
    try:
        assert gather(client, lease) == TAKEN
    finally:
        client.config_set("maxmemory", 0)


def test_ids_are_ordered_as_redis_orders_them() -> None:
    assert sorted([b"100-0", b"10-11", b"9-9", b"10-2"], key=age) == [b"9-9", b"10-2", b"10-11", b"100-0"]
