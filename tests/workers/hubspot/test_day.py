"""HubSpot's daily quota as one budget for all workers."""

import threading
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from leadcore.machine import Machine
from leadcore.store import keys
from workers.flow.request_context import checked
from workers.hubspot.budget import Budget
from workers.rules.pacer import AFTER_BURST, BURST, DAY_SECONDS, FIRST, KEPT, SPREAD, TRICKLE, find_midnight

BANGKOK = ZoneInfo("Asia/Bangkok")
# So few that the gap between partial calls is far longer than a busy machine may stand still: 43 s.
PER_DAY = 2_500


def make(client: Any, per_day: int = PER_DAY) -> Budget:
    return Budget(client, 1000, threading.Event(), Machine(), per_day, BANGKOK)


def tell(one: Budget, limit: int, left: int) -> None:
    """A request, whose answer tells the day's quota."""
    headers = {"x-hubspot-ratelimit-daily": str(limit), "x-hubspot-ratelimit-daily-remaining": str(left)}
    with one.slot() as slot:
        slot.read_headers(headers)
    # The next answer of Redis tells it.
    one.release([one.reserve()[0]])


def reserve_all(*workers: Budget) -> float:
    """Reserve partial calls, by each worker in turn, until there is none; the seconds until there may be one."""
    for number in range(BURST):
        assert workers[number % len(workers)].reserve("partial")[0]
    name, seconds = workers[0].reserve("partial")
    assert name == ""
    return seconds


def calls(client: Any) -> int:
    return int(client.hget(keys.DAY, "calls"))


@pytest.mark.parametrize("limit", [PER_DAY, 4 * PER_DAY])
def test_partial_calls_of_all_workers_together_keep_the_gap_of_the_limit_that_is_set(client: Any, limit: int) -> None:
    gap = DAY_SECONDS / (limit * SPREAD)
    assert reserve_all(*(make(client, limit) for _ in range(3))) == pytest.approx(gap, abs=gap / 2)


def test_the_limit_that_hubspot_tells_one_worker_counts_for_all(client: Any) -> None:
    told, other = make(client), make(client)
    limit = 4 * PER_DAY
    tell(told, limit, 9_000)
    other.release([other.reserve()[0]])
    assert (other.day.limit, other.day.told) == (limit, True)
    assert other.day.left == pytest.approx(9_000, abs=3)
    gap = DAY_SECONDS / (limit * SPREAD)
    assert reserve_all(other, told) == pytest.approx(gap, abs=gap / 2)


def test_full_calls_and_those_without_leads_keep_no_gap(client: Any) -> None:
    one = make(client)
    reserve_all(one)
    for _ in range(2 * BURST):
        assert one.reserve("full")[0]
        with one.slot():
            pass
    assert one.reserve("partial")[0] == ""


def test_the_last_tenth_is_kept_for_calls_that_cannot_be_put_off(client: Any) -> None:
    one = make(client)
    tell(one, PER_DAY, PER_DAY // 10)
    assert one.reserve("full")[0]
    name, seconds = one.reserve("full")
    assert name == ""
    # Before midnight the even pace of the day is the slower one.
    gap = max(DAY_SECONDS / (PER_DAY * SPREAD), one.day.seconds / (PER_DAY / 20))
    assert seconds == pytest.approx(gap, rel=0.1)
    assert one.reserve("partial")[0] == ""
    for _ in range(BURST):
        with one.slot():
            pass


def test_a_paced_slot_for_which_no_request_was_made_gives_its_turn_back(client: Any) -> None:
    one = make(client)
    for _ in range(3 * BURST):
        name, _ = one.reserve("partial")
        assert name
        one.release([name])
    assert calls(client) == 0
    reserve_all(one)


def test_further_requests_for_the_same_leads_do_not_wait_but_the_next_leads_do(client: Any) -> None:
    """A batch of new and known customers takes two calls."""
    one = make(client)
    for _ in range(BURST // 2):
        with checked(lambda: None, [one.reserve("partial")[0]]):
            for _ in range(2):
                with one.slot():
                    pass
    assert one.reserve("partial")[0] == ""


def test_shards_share_calls_only_while_partial_ones_come_fast(client: Any) -> None:
    one = make(client)
    paced = []
    for _ in range(BURST):
        one.reserve("partial")
        paced.append(one.paced)
    assert paced == [False] * (BURST // 2) + [True] * (BURST // 2)


def test_a_new_day_begins_at_midnight(client: Any) -> None:
    one = make(client, 100)
    tell(one, 100, 0)
    client.hset(keys.DAY, "ends", int(time.time() * 1000) - 60_000)
    one.reserve()
    assert one.day.left == 99


def test_midnight_is_that_of_the_portals_time_zone(client: Any) -> None:
    one = make(client)
    one.reserve()
    at_home = int(client.hget(keys.DAY, "ends"))
    client.hset(keys.PORTAL, "time_zone", "Pacific/Auckland")
    one.reserve()
    one.reserve()
    assert one.time_zone.key == "Pacific/Auckland"
    ends = int(client.hget(keys.DAY, "ends"))
    assert ends != at_home
    assert 0 < ends - time.time() * 1000 <= 25 * 3600 * 1000


@pytest.mark.parametrize("zone", ["Atlantis/Capital", "../etc/passwd", "\udc80".encode("utf-8", "surrogatepass")])
def test_an_unknown_time_zone_changes_nothing(client: Any, zone: str | bytes) -> None:
    client.hset(keys.PORTAL, "time_zone", zone)
    one = make(client)
    one.reserve()
    assert one.time_zone == BANGKOK


def test_when_a_limit_of_the_settings_is_used_up_leads_wait_until_midnight(client: Any) -> None:
    one = make(client, 3)
    for _ in range(3):
        with one.slot():
            pass
    name, seconds = one.reserve("full")
    assert name == ""
    assert seconds == pytest.approx(one.day.seconds, abs=2)


def test_midnight_comes_by_redis_clock_whatever_a_workers_clock_says(client: Any) -> None:
    class Ahead(Machine):
        def time(self) -> float:
            return super().time() + DAY_SECONDS

    one = Budget(client, 1000, threading.Event(), Ahead(), 250_000, BANGKOK)
    one.reserve()
    one.reserve()
    assert int(client.hget(keys.DAY, "ends")) == find_midnight(time.time(), BANGKOK) * 1000


def test_calls_that_yield_have_a_gap_of_their_own_and_delay_no_contact(client: Any) -> None:
    one = make(client)
    for _ in range(AFTER_BURST):
        assert one.reserve("partial", yields=True)[0]
    name, seconds = one.reserve("partial", yields=True)
    assert (name, seconds > 0) == ("", True)
    assert not one.paced
    assert reserve_all(one) > 0
    assert one.reserve("full", yields=True)[0]


def test_of_a_day_half_of_what_is_left_of_it_is_kept_from_calls_that_yield(client: Any) -> None:
    one = make(client)
    kept = PER_DAY * (KEPT + FIRST * one.day.seconds / DAY_SECONDS)
    tell(one, PER_DAY, int(kept) - 5)
    assert one.reserve("full")[0]
    assert one.reserve("full", yields=True)[0]
    name, seconds = one.reserve("full", yields=True)
    assert name == ""
    # Before midnight the even pace of the day is the slower one.
    gap = max(DAY_SECONDS / (PER_DAY * SPREAD), one.day.seconds / (kept * TRICKLE))
    assert seconds == pytest.approx(gap, rel=0.2)
    tell(one, PER_DAY, int(kept) + 1000)
    for _ in range(2 * AFTER_BURST):
        assert one.reserve("full", yields=True)[0]


def test_further_requests_of_a_call_that_yields_delay_only_calls_that_yield(client: Any) -> None:
    one = make(client)
    with checked(lambda: None, [one.reserve("partial", yields=True)[0]]):
        for _ in range(AFTER_BURST):
            with one.slot():
                pass
    assert one.reserve("partial", yields=True)[0] == ""
    assert reserve_all(one) > 0


def test_a_slot_of_a_call_that_yields_is_given_back_with_its_part_of_the_pace(client: Any) -> None:
    one = make(client)
    names = [one.reserve("partial", yields=True)[0] for _ in range(AFTER_BURST)]
    before = calls(client)
    one.release(names)
    assert calls(client) == before - AFTER_BURST
    assert one.reserve("partial", yields=True)[0]
