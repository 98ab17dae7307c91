import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from leadcore.machine import Machine
from leadcore.store import keys
from tests.conftest import eventually
from workers.flow.errors import Stopping
from workers.flow.request_context import checked
from workers.hubspot import budget
from workers.hubspot.budget import Budget, NoBudget

HEADERS = {
    "x-hubspot-ratelimit-max": "190",
    "x-hubspot-ratelimit-remaining": "150",
    "x-hubspot-ratelimit-interval-milliseconds": "10000",
}
# By how many milliseconds a clock may be set back while it is read twice: fewer than the margin.
SET_BACK_MS = 15


def make(client: Any, limit: int, stop: threading.Event | None = None) -> Budget:
    return Budget(client, limit, stop or threading.Event(), Machine())


def request(one: Budget, headers: dict[str, str] | None = None) -> None:
    with one.slot() as slot:
        slot.read_headers(headers or {})


def is_full(one: Budget) -> bool:
    """Whether the next request would have to wait."""
    name, _ = one.reserve()
    one.release([name] if name else [])
    return not name


def now_ms(client: Any) -> float:
    seconds, micros = client.time()
    return float(seconds * 1000 + micros / 1000)


def used(one: Budget) -> int:
    """Slots taken at this moment."""
    seconds, micros = one.redis.time()
    return int(one.redis.zcount(keys.BUDGET, f"({seconds * 1000 + micros // 1000}", "+inf"))


def test_no_more_requests_than_the_limit_until_the_window_has_passed(client: Any) -> None:
    one = make(client, 2)
    request(one)
    request(one)
    assert is_full(one)
    # Most of the window has passed.
    for name in client.zrange(keys.BUDGET, 0, -1):
        client.zincrby(keys.BUDGET, 300 - budget.WINDOW_MS, name)
    request(one)
    assert used(one) <= 2


def test_all_workers_share_one_budget(client: Any) -> None:
    workers = [make(client, 6) for _ in range(3)]
    for worker in workers * 2:
        request(worker)
    assert all(map(is_full, workers))
    assert used(workers[0]) == 6


def test_many_threads_take_no_slot_twice(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # No slot is free again before all have asked.
    monkeypatch.setattr(budget, "WINDOW_MS", 50_000)
    one = make(client, 8)
    full = threading.Event()

    def ask(_: int) -> bool:
        try:
            request(one)
        except Stopping:
            return False
        if used(one) == 8:
            full.set()
        return True

    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(ask, number) for number in range(16)]
        assert full.wait(30)
        one.stop.set()
        assert sum(one.result() for one in asked) == 8


def test_a_slot_is_held_while_its_answer_is_awaited_and_a_window_longer(client: Any) -> None:
    one = make(client, 5)

    def free_at() -> float:
        ((_, free_ms),) = client.zrange(keys.BUDGET, 0, -1, withscores=True)
        return float(free_ms)

    asked_at = now_ms(client)
    with one.slot():
        assert asked_at + budget.HELD_MS - SET_BACK_MS <= free_at() <= now_ms(client) + budget.HELD_MS + SET_BACK_MS
        answered_at = now_ms(client)
    held_ms = budget.WINDOW_MS + budget.MARGIN_MS
    assert answered_at + held_ms - SET_BACK_MS <= free_at() <= now_ms(client) + held_ms + SET_BACK_MS


def test_a_request_that_failed_counts_like_any_other(client: Any) -> None:
    one = make(client, 1)
    with pytest.raises(ZeroDivisionError), one.slot():
        _ = 1 / 0
    assert is_full(one)


def test_a_worker_that_shall_end_does_not_wait_for_a_slot(client: Any) -> None:
    one = make(client, 1)
    request(one)
    one.stop.set()
    with pytest.raises(Stopping), one.slot():
        pass
    assert used(one) == 1


def test_a_portal_that_allows_less_lowers_the_limit(client: Any) -> None:
    one = make(client, 100)
    request(one, {**HEADERS, "x-hubspot-ratelimit-max": "2", "x-hubspot-ratelimit-remaining": "1"})
    request(one)
    assert is_full(one)


def test_what_other_integrations_use_of_our_part_is_taken_from_the_budget(client: Any) -> None:
    """Of 100 that the portal allows 60 are used, one of them ours."""
    one = make(client, 100)
    request(one, {**HEADERS, "x-hubspot-ratelimit-max": "100", "x-hubspot-ratelimit-remaining": "40"})
    assert used(one) == 60


def test_what_was_ours_when_hubspot_counted_is_not_taken_for_others(client: Any) -> None:
    """The answer is on its way while slots become free that HubSpot still counted: where the quota is used up that is
    so in every window, and each such slot would be lost for another 10 s."""
    one = make(client, 3)
    request(one)
    request(one)
    before = client.zrange(keys.BUDGET, 0, -1)
    counted = {**HEADERS, "x-hubspot-ratelimit-max": "3", "x-hubspot-ratelimit-remaining": "0"}
    with one.slot() as slot:
        asked_at = now_ms(client)
        eventually(lambda: now_ms(client) > asked_at + SET_BACK_MS)
        client.zadd(keys.BUDGET, dict.fromkeys(before, int(now_ms(client))))
        eventually(lambda: used(one) == 1)
        slot.read_headers(counted)
    assert used(one) == 1


def test_others_may_use_what_is_not_ours(client: Any) -> None:
    """The portal allows 190, ours are 100: the 40 that are used fit into the other 90."""
    one = make(client, 100)
    request(one, HEADERS)
    assert used(one) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**HEADERS, "x-hubspot-ratelimit-max": "few"},
        {**HEADERS, "x-hubspot-ratelimit-remaining": ""},
        {**HEADERS, "x-hubspot-ratelimit-max": "\u00b2"},
        {**HEADERS, "x-hubspot-ratelimit-interval-milliseconds": "1000"},
        {name: value for name, value in HEADERS.items() if "interval" not in name},
    ],
)
def test_headers_that_say_nothing_about_the_burst_change_nothing(client: Any, headers: dict[str, str]) -> None:
    one = make(client, 7)
    request(one, headers)
    assert (one.portal_limit, used(one)) == (7, 1)


def test_a_single_command_needs_no_redis() -> None:
    with NoBudget(Machine()).slot() as slot:
        slot.read_headers(HEADERS)


def test_a_reserved_slot_serves_the_next_request_of_its_thread(client: Any) -> None:
    one = make(client, 1)
    slots = [one.reserve()[0]]
    assert is_full(one)
    with checked(lambda: None, slots):
        request(one)
    assert slots == []
    assert used(one) == 1


def test_a_reserved_slot_for_which_no_request_was_made_is_free_again(client: Any) -> None:
    one = make(client, 1)
    name, _ = one.reserve()
    assert is_full(one)
    one.release([name])
    assert not is_full(one)
