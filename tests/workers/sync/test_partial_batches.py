from collections.abc import Mapping
from typing import Any

import pytest

from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.streams import LOCK_MS, Stream
from workers.flow.lease import EXCLUSIVE_PREFIX, Lease
from workers.rules.drain_actions import Gathered
from workers.sync.partial_batches import HANDED_OFF_MS, HANDED_OFF_TTL_MS, PartialBatches

FULL = 3
GO, WAIT, LEAVE = Gathered("go", adopted=False), Gathered("wait", adopted=False), Gathered("leave", adopted=False)
ADOPTED = Gathered("go", adopted=True)


@pytest.fixture
def lease(client: Any) -> Lease:
    """Our lease of shard 1 of four, with a lead in it."""
    put(client, 1, "50-5")
    return hold(client, 1, "ours")


def hold(client: Any, shard: int, token: str) -> Lease:
    inbox = Stream(client)
    assert inbox.acquire(shard, token)
    return Lease(inbox, shard, token, Machine())


def put(client: Any, shard: int, *moments: str) -> None:
    for moment in moments:
        client.xadd(keys.entries(keys.INBOX, shard), {"e": "x"}, id=moment)


def gather(client: Any, lease: Lease, *, has_rows: bool = True, may_wait: bool = True) -> Gathered:
    return PartialBatches(client, 4, FULL).gather(lease, has_rows=has_rows, may_wait=may_wait)


def starves(client: Any, lease: Lease, after: Mapping[int, bytes] | None = None) -> bool:
    return PartialBatches(client, 4, FULL).starves(lease, after or {})


def holders(client: Any) -> list[bytes | None]:
    return [client.get(keys.lock(keys.INBOX, shard)) for shard in range(4)]


def test_a_drain_alone_sends_at_once(client: Any, lease: Lease) -> None:
    assert gather(client, lease) == GO
    assert lease.shards == [1]


def test_partial_batches_that_nobody_holds_are_adopted(client: Any, lease: Lease) -> None:
    put(client, 0, "40-0")
    put(client, 3, "60-0", "61-0")
    assert gather(client, lease) == ADOPTED
    assert lease.shards == [1, 0, 3]
    assert holders(client) == [b"ours", b"ours", None, b"ours"]
    assert 0 < client.pttl(keys.lock(keys.INBOX, 3)) <= LOCK_MS


def test_adopted_shards_are_renewed_and_lost_with_the_rest(client: Any, lease: Lease) -> None:
    put(client, 0, "40-0")
    gather(client, lease)
    client.pexpire(keys.lock(keys.INBOX, 0), 1000)
    lease.renew(lease.stream)
    assert client.pttl(keys.lock(keys.INBOX, 0)) > 1000
    client.delete(keys.lock(keys.INBOX, 0))
    before = lease.renewed_at
    lease.renew(lease.stream)
    assert lease.renewed_at == before


@pytest.mark.parametrize(("shard", "older"), [(2, "40-0"), (2, "50-4"), (2, "9-9"), (0, "50-5")])
def test_a_partial_batch_is_handed_to_a_drain_with_older_leads(
    client: Any, lease: Lease, shard: int, older: str
) -> None:
    """Of two with the same id the one in the lower shard counts as older."""
    hold(client, shard, "theirs")
    put(client, shard, older)
    put(client, 3, "60-0")
    assert gather(client, lease) == LEAVE
    assert holders(client)[3] is None


def test_a_partial_batch_is_handed_to_a_full_batch_of_older_leads_that_nobody_drains_yet(
    client: Any, lease: Lease
) -> None:
    put(client, 2, "40-0", "41-0", "70-0")
    assert gather(client, lease) == LEAVE


def test_the_oldest_partial_batch_does_not_wait_for_a_full_batch(client: Any, lease: Lease) -> None:
    """Else a quiet shard would starve beside a busy one."""
    put(client, 2, "60-0", "61-0", "62-0")
    assert gather(client, lease) == GO
    assert lease.shards == [1]


@pytest.mark.parametrize("younger", ["50-5", "50-6", "51-0", "100-0"])
def test_the_older_of_two_partial_batches_waits_until_the_younger_is_handed_off(
    client: Any, lease: Lease, younger: str
) -> None:
    other = hold(client, 2, "theirs")
    put(client, 2, younger)
    assert gather(client, lease) == WAIT
    assert gather(client, other) == LEAVE
    Stream(client).release(2, "theirs")
    assert gather(client, lease) == ADOPTED


def test_a_drain_that_may_not_wait_sends_without_the_younger(client: Any, lease: Lease) -> None:
    hold(client, 2, "theirs")
    put(client, 2, "60-0")
    put(client, 3, "61-0")
    assert gather(client, lease, may_wait=False) == ADOPTED
    assert lease.shards == [1, 3]


def test_a_finished_drain_adopts_what_was_handed_to_it_but_not_what_was_handed_to_others(
    client: Any, lease: Lease
) -> None:
    client.delete(keys.entries(keys.INBOX, 1))
    put(client, 0, "60-0")
    assert gather(client, lease, has_rows=False) == ADOPTED
    Stream(client).release(0, "ours")
    lease.shards[:] = [1]
    hold(client, 2, "theirs")
    put(client, 2, "70-0")
    assert gather(client, lease, has_rows=False) == LEAVE


def test_partial_batches_are_adopted_even_in_a_full_redis(client: Any, lease: Lease) -> None:
    put(client, 0, "40-0")
    client.config_set("maxmemory", 1)
    try:
        assert gather(client, lease) == ADOPTED
    finally:
        client.config_set("maxmemory", 0)


def test_a_partial_batch_is_handed_to_a_hanging_drain_for_one_sweep_only(client: Any, lease: Lease) -> None:
    hold(client, 2, "theirs")
    put(client, 2, "40-0")
    assert gather(client, lease) == LEAVE
    client.pexpire(keys.left(1), HANDED_OFF_TTL_MS - HANDED_OFF_MS)
    assert gather(client, lease) == GO
    assert gather(client, lease) == LEAVE, "it can be handed off again"


@pytest.mark.parametrize(
    ("others", "held", "starved"),
    [
        ([], False, False),
        (["60-0"], False, False),
        (["40-0"], False, True),
        (["40-0"], True, False),
        (["60-0", "61-0", "62-0"], False, True),
    ],
)
def test_a_shard_starves_if_nobody_drains_it_and_it_should_come_first(
    client: Any, lease: Lease, others: list[str], held: bool, starved: bool
) -> None:
    put(client, 2, *others)
    if held:
        hold(client, 2, "theirs")
    assert starves(client, lease) is starved


def test_leads_in_hand_do_not_count_for_the_age_of_a_shard(client: Any, lease: Lease) -> None:
    """An entry skipped because its customer is in hand stays at the head of its stream while new ones arrive."""
    put(client, 2, "60-0")
    put(client, 1, "70-0")
    assert not starves(client, lease)
    assert starves(client, lease, {1: b"50-5"})
    assert not starves(client, lease, {1: b"70-0"}), (
        "all is in hand: its partial batch comes next, and adopts other shards"
    )


def test_the_oldest_lead_of_all_held_shards_counts(client: Any, lease: Lease) -> None:
    put(client, 9, "30-0")
    assert lease.stream.acquire(9, lease.token)
    lease.shards.append(9)
    put(client, 2, "40-0")
    assert not starves(client, lease)
    assert starves(client, lease, {9: b"30-0"})


def test_a_shard_held_exclusively_is_not_waited_for(client: Any, lease: Lease) -> None:
    hold(client, 2, EXCLUSIVE_PREFIX + "theirs")
    put(client, 2, "40-0", "41-0", "42-0", "43-0")
    assert gather(client, lease) == GO


def test_a_drain_that_lost_its_lock_adopts_nothing(client: Any, lease: Lease) -> None:
    put(client, 0, "40-0")
    client.delete(keys.lock(keys.INBOX, 1))
    assert gather(client, lease) == LEAVE
    assert holders(client) == [None] * 4
