from typing import Any

import pytest

from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.streams import LOCK_MS, Stream
from tests.conftest import eventually
from workers.flow.errors import LineDown
from workers.flow.lease import Lease
from workers.flow.pause import Pause
from workers.rules.retry import find_retry

# By how many seconds a clock may be set back while it is read twice.
SET_BACK = 0.1


def holder(client: Any, token: str) -> Lease:
    """A lease with this token."""
    return Lease(Stream(client), 0, token, Machine())


def now_ms(client: Any) -> float:
    seconds, micros = client.time()
    return float(seconds * 1000 + micros / 1000)


def pause_line(client: Any, down: LineDown) -> tuple[float, float]:
    """Pause the line; returns for how many seconds at least, and at most."""
    before = now_ms(client)
    Pause(client, Machine()).start(down)
    after, until = now_ms(client), float(client.hget(keys.PAUSE, "until"))
    return (until - after) / 1000, (until - before) / 1000


def is_between(low: float, waits: tuple[float, float], high: float) -> bool:
    """Whether the line may have been paused for so many seconds, though this process stood still, or the clock was set
    back by some ms, meanwhile."""
    return low - SET_BACK <= waits[1] and waits[0] <= high + SET_BACK


def expire(client: Any) -> None:
    """Make the pause expire."""
    client.hset(keys.PAUSE, "until", int(now_ms(client) - 1000 * SET_BACK))


def prolong(client: Any) -> None:
    """Let the pause last longer than this process may stand still."""
    client.hincrby(keys.PAUSE, "until", 60_000)


def test_a_line_that_was_never_paused_is_open(client: Any) -> None:
    assert Pause(client, Machine()).admit(holder(client, "a")) == "open"


@pytest.mark.parametrize("seconds", [7.0, 60.0, 3600.0])
def test_the_line_is_paused_as_long_as_hubspot_asks_and_a_little_more(client: Any, seconds: float) -> None:
    waits = pause_line(client, LineDown("rate_limit", "slow down", seconds))
    assert is_between(seconds, waits, seconds * 1.25 + 1)
    assert Pause(client, Machine()).admit(holder(client, "a")) == "paused"


def test_the_reason_and_the_start_can_be_read(client: Any) -> None:
    pause_line(client, LineDown("unavailable", "HubSpot is not available", 5))
    since = client.hget(keys.PAUSE, "since")
    expire(client)
    pause_line(client, LineDown("timeout", "HubSpot did not answer in time", 5))
    stored = client.hgetall(keys.PAUSE)
    assert (stored[b"code"], stored[b"reason"]) == (b"timeout", b"HubSpot did not answer in time")
    assert stored[b"since"] == since
    assert abs(float(since) - now_ms(client)) < 5_000


@pytest.mark.parametrize("code", ["unavailable", "daily_quota", "unauthorized"])
def test_waits_grow_from_a_second_to_a_limit(client: Any, code: str) -> None:
    longest = find_retry(code).longest_seconds
    for failure in range(12):
        expected = min(2.0**failure, longest)
        assert is_between(expected, pause_line(client, LineDown(code, "why")), expected * 1.25 + 1)
        expire(client)


def test_one_fault_of_several_workers_at_once_counts_once(client: Any) -> None:
    pause_line(client, LineDown("unavailable", "why", 60))
    until = client.hget(keys.PAUSE, "until")
    for _ in range(5):
        pause_line(client, LineDown("unavailable", "why", 60))
        assert client.hget(keys.PAUSE, "until") == until
    assert client.hget(keys.PAUSE, "failures") == b"1"


def test_after_a_pause_one_worker_probes_and_the_others_wait(client: Any) -> None:
    pause = Pause(client, Machine())
    pause_line(client, LineDown("unavailable", "why"))
    expire(client)
    assert [pause.admit(holder(client, token)) for token in "abc"] == ["probe", "paused", "paused"]
    assert 0 < client.pttl(f"{keys.PAUSE}:probe") <= LOCK_MS


def test_an_expired_pause_leads_to_a_probe(client: Any) -> None:
    pause_line(client, LineDown("rate_limit", "why", 0.1))
    assert eventually(lambda: Pause(client, Machine()).admit(holder(client, "a")) == "probe", 5)


def test_a_probe_that_succeeds_opens_the_line_and_forgets_the_failures(client: Any) -> None:
    pause = Pause(client, Machine())
    for _ in range(4):
        pause_line(client, LineDown("unavailable", "why"))
        expire(client)
    assert pause.admit(holder(client, "a")) == "probe"
    assert pause.clear(holder(client, "a"))
    assert [pause.admit(holder(client, token)) for token in "ab"] == ["open", "open"]
    assert is_between(1, pause_line(client, LineDown("unavailable", "why")), 1.25)


def test_a_probe_that_fails_pauses_the_line_again_and_for_longer(client: Any) -> None:
    pause = Pause(client, Machine())
    pause_line(client, LineDown("unavailable", "why"))
    expire(client)
    assert pause.admit(holder(client, "a")) == "probe"
    assert is_between(2, pause_line(client, LineDown("unavailable", "why")), 2.5)
    prolong(client)
    assert pause.admit(holder(client, "b")) == "paused"
    expire(client)
    assert pause.admit(holder(client, "b")) == "probe"


def test_a_prober_that_died_is_replaced(client: Any) -> None:
    pause = Pause(client, Machine())
    pause_line(client, LineDown("unavailable", "why"))
    expire(client)
    assert pause.admit(holder(client, "dead")) == "probe"
    client.pexpire(f"{keys.PAUSE}:probe", 1)
    assert eventually(lambda: pause.admit(holder(client, "b")) == "probe")


def test_a_prober_that_stood_still_ends_nothing_of_another(client: Any) -> None:
    """Neither the other one's probe, nor the pause that this one began."""
    pause, frozen = Pause(client, Machine()), holder(client, "frozen")
    pause_line(client, LineDown("unavailable", "why"))
    expire(client)
    assert pause.admit(frozen) == "probe"
    client.delete(pause.probe_key)
    assert pause.admit(holder(client, "b")) == "probe"
    assert not pause.clear(frozen)
    pause.end_probe(frozen)
    assert pause.admit(holder(client, "c")) == "paused"
    pause_line(client, LineDown("daily_quota", "why", 3600))
    assert not pause.clear(frozen)
    assert pause.admit(holder(client, "c")) == "paused"
    assert pause.is_active()


def test_a_short_pause_never_shortens_a_long_one(client: Any) -> None:
    """A call in flight when the daily quota ended can still hit the burst limit."""
    pause_line(client, LineDown("migrating", "the portal is being moved", 3600))
    assert is_between(3000, pause_line(client, LineDown("rate_limit", "slow down", 10)), 3605)
