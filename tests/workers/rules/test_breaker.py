"""When calls that fail stop a line, and what becomes of a batch that fails while others do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.batch import BATCH
from workers.rules.breaker import (
    FAILURES_ALONE,
    HALVED_AFTER,
    REPEAT_SECONDS,
    REPEAT_WITHIN_SECONDS,
    REPEATS,
    Calls,
    Flight,
    Verdict,
    between,
    halve,
    judge,
    largest_batch,
    may_repeat,
    most_repeats,
    stops_messages,
)

WORKING = Calls(total=20, failed=5, worked=15, written=15, failed_since=5)
SILENT = Calls(total=4, failed=4, run=4, failed_since=4)


@pytest.mark.parametrize(("total", "failed", "run", "is_open"), [
    (0, 0, 0, False),
    (9, 9, 9, False),
    (10, 7, 0, False),
    (10, 8, 0, True),
    (100, 79, 3, False),
    (100, 80, 3, True),
    (100, 20, 9, False),
    (100, 20, 10, True),
])  # fmt: skip
def test_it_opens_once_four_of_five_of_at_least_ten_calls_fail(
    total: int, failed: int, run: int, is_open: bool
) -> None:
    """Ten that fail one after the other are enough, however many worked before."""
    assert Calls(total, failed, run).is_open is is_open


@pytest.mark.parametrize(("repeats", "allowed", "seconds", "calls", "may"), [
    (0, REPEATS, 0.1, WORKING, True),
    (1, REPEATS, 0.1, WORKING, True),
    (2, REPEATS, 0.1, WORKING, False),
    (0, 0, 0.1, WORKING, False),
    (0, REPEATS, REPEAT_WITHIN_SECONDS, WORKING, False),
    (0, REPEATS, 0.1, Calls(10, 10, 10), False),
])  # fmt: skip
def test_a_call_is_repeated_twice_at_most_and_not_once_the_line_is_down(
    repeats: int, allowed: int, seconds: float, calls: Calls, may: bool
) -> None:
    assert may_repeat(calls, repeats, allowed, seconds) is may


@given(st.floats(0, 1))
def test_a_repeat_waits_a_moment(random: float) -> None:
    assert 0.1 <= between(REPEAT_SECONDS, random) <= 0.5


@pytest.mark.parametrize(("quota", "repeats"), [(100, 20), (190, 38), (5, 1), (1, 1)])
def test_repeats_use_a_fifth_of_the_quota(quota: int, repeats: int) -> None:
    assert most_repeats(quota) == repeats


def fail(calls: Calls, size: int, flights: int = 1_000) -> list[tuple[int, Verdict]]:
    """The sizes in which a batch is sent whose every flight fails, with the verdicts, up to the last one."""
    failures, sent = 0, []
    for _ in range(flights):
        verdict, failures = judge(calls, Flight(failures, weight=1 + REPEATS), size)
        sent.append((size, verdict))
        if verdict is not Verdict.AGAIN:
            return sent
        size = min(size, largest_batch(failures))
    raise AssertionError("it is sent again for ever")


@given(st.integers(1, BATCH))
def test_a_batch_that_fails_while_others_work_is_halved_until_its_lead_waits_alone(size: int) -> None:
    sent = fail(WORKING, size)
    sizes = [each for each, _ in sent]
    assert sizes[:HALVED_AFTER] == [size] * HALVED_AFTER
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-HALVED_AFTER:] == [1] * HALVED_AFTER
    assert sent[-1][1] is Verdict.ALONE
    assert len(sent) <= 2 * HALVED_AFTER + 6


@given(st.integers(1, BATCH))
def test_a_batch_that_fails_while_nothing_works_stops_the_line_and_no_lead_waits(size: int) -> None:
    assert fail(SILENT, size) == [(size, Verdict.AGAIN)] * (HALVED_AFTER - 1) + [(size, Verdict.DOWN)]


def test_reads_that_work_do_not_clear_writes_that_fail() -> None:
    """HubSpot may take reads and no writes: the leads did not cause that."""
    reads = Calls(total=12, failed=6, worked=6, written=0, failed_since=6)
    assert fail(reads, 1)[-1] == (1, Verdict.DOWN)


def test_an_open_breaker_stops_a_fresh_batch_at_once() -> None:
    assert judge(Calls(10, 10, 10, failed_since=10), Flight(), BATCH)[0] is Verdict.DOWN


def test_a_lead_that_is_already_suspected_stops_no_line() -> None:
    assert judge(SILENT, Flight(FAILURES_ALONE, weight=1 + REPEATS), 1)[0] is Verdict.ALONE


def test_a_single_call_that_could_not_be_repeated_is_no_evidence_against_one_lead() -> None:
    assert judge(WORKING, Flight(FAILURES_ALONE + 3, weight=1), 1) == (Verdict.AGAIN, FAILURES_ALONE + 3)
    assert judge(WORKING, Flight(FAILURES_ALONE + 3, weight=1 + REPEATS), 1)[0] is Verdict.ALONE


@given(st.integers(0, FAILURES_ALONE), st.integers(2, BATCH))
def test_halves_are_smaller_and_begin_to_count_anew(failures: int, size: int) -> None:
    halved = halve(failures, size)
    assert largest_batch(halved) < size
    assert halved % HALVED_AFTER == 0
    assert largest_batch(FAILURES_ALONE) == 1


@pytest.mark.parametrize(("failures", "worked", "counts"), [
    (0, 0, True),
    (0, 5, True),
    (1, 0, True),
    (3, 0, True),
    (1, 1, False),
    (HALVED_AFTER, 0, False),
])  # fmt: skip
def test_a_batch_that_keeps_failing_while_others_work_says_nothing_of_the_line(
    failures: int, worked: int, counts: bool
) -> None:
    assert Flight(failures).counts(Calls(worked=worked)) is counts


@pytest.mark.parametrize(("calls", "outcomes", "stops"), [
    (Calls(10, 8), [(True, 0), (False, 0)], True),
    (Calls(3, 3, 3), [(True, 0)], False),
    (Calls(3, 3, 3), [(True, 1)], True),
    (Calls(3, 3, 3), [(True, 1), (True, 0)], False),
    (Calls(4, 3, 3, worked=1), [(True, 1)], False),
])  # fmt: skip
def test_messages_stop_once_most_fail_or_one_fails_twice_while_none_goes_through(
    calls: Calls, outcomes: list[tuple[bool, int]], stops: bool
) -> None:
    assert stops_messages(calls, outcomes) is stops
