import threading
import time
from typing import Any

import pytest

from leadcore.machine import Machine
from leadcore.store import keys
from tests.faults.conftest import hurried
from workers.flow import breaker
from workers.flow.breaker import Breaker
from workers.flow.errors import Stopping
from workers.rules.breaker import REPEATS, WINDOW_SECONDS, Calls, Flight


def make(client: Any, line: str = keys.INBOX) -> Breaker:
    return Breaker(client, Machine(), threading.Event(), line)


def test_all_workers_of_a_line_count_together_and_lines_apart(client: Any) -> None:
    one, other, chat = make(client), make(client), make(client, keys.OUTBOX)
    one.note_success()
    other.note_failure()
    assert one.note_failure() == Calls(total=3, failed=2, run=2, failed_since=1)
    assert chat.read() == Calls()


def test_what_became_of_others_is_counted_since_the_flight_failed_first(client: Any) -> None:
    one, flight = make(client), Flight()
    seconds, micros = client.time()
    client.zadd(keys.calls(keys.INBOX), {"w before": seconds * 1000 + micros // 1000 - 50})
    one.note_failure(flight)
    one.note_success(write=False)
    one.note_success()
    found = one.read(flight)
    assert (found.worked, found.written, found.failed_since) == (2, 1, 1)


def test_a_flight_that_failed_before_is_counted_only_while_nothing_works(client: Any) -> None:
    one, flight = make(client), Flight()
    one.note_failure(flight)
    flight.failures = 1
    assert one.note_failure(flight).failed == 2
    one.note_success()
    assert one.note_failure(flight).failed == 2
    assert flight.counted == 2


def test_calls_are_forgotten_after_the_window(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make(client)
    one.note_failure()
    monkeypatch.setattr(breaker, "_WINDOW_MS", -1)
    assert one.read() == Calls()


def test_the_share_of_repeats_is_that_of_all_workers(client: Any) -> None:
    one, other = make(client), make(client)
    with hurried():
        taken = [each.wait_to_repeat(Calls(), Flight(), 0, 0.0, 3) for each in (one, other) * 3]
    assert taken == [True, True, True, False, False, False]


def test_no_call_is_repeated_once_the_line_is_down_or_the_worker_shall_end(client: Any) -> None:
    one = make(client)
    assert not one.wait_to_repeat(Calls(), Flight(), REPEATS, 0.0, 9)
    one.stop.set()
    with pytest.raises(Stopping):
        one.wait_to_repeat(Calls(), Flight(), 0, 0.0, 9)
    one.stop.clear()
    for _ in range(10):
        one.note_failure()
    with hurried():
        assert not one.wait_to_repeat(Calls(), Flight(), 0, 0.0, 9), "others have failed meanwhile"


def test_a_process_knows_whether_a_call_of_its_own_has_worked_lately(client: Any) -> None:
    one, other = make(client), make(client)
    one.note_success()
    assert one.is_proven
    assert not other.is_proven


def test_successes_are_gathered_while_nothing_fails_and_none_is_lost(client: Any) -> None:
    one = Breaker(client, Machine(), threading.Event(), keys.OUTBOX, gather_seconds=60.0)
    for _ in range(5):
        one.note_success()
    assert one.read().total == 1
    one.note_failure()
    one.note_success()
    assert one.read() == Calls(total=7, failed=1)


def test_a_success_that_was_gathered_before_a_quiet_time_is_not_counted_after_it(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Breaker(client, Machine(), threading.Event(), keys.OUTBOX, gather_seconds=60.0)
    one.note_success()
    one.note_success()
    later = time.monotonic() + WINDOW_SECONDS + 1
    monkeypatch.setattr(one.machine, "monotonic", lambda: later)
    one.gather_seconds = 0.0
    client.delete(keys.calls(keys.OUTBOX))
    one.note_success()
    assert one.read().total == 1
