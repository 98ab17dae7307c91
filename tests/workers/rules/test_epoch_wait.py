"""After a failover messages leave once every worker has put back what it remembers, or after a while."""

import pytest

from workers.rules.epoch import ALIVE_MS, LIMIT_MS, find_old, sign, wait_ms

NOW = 1_000_000
NEW, OLD = "run-2:history-2", "run-1:history-1"
BOTH = ("a", "b")


def test_nobody_is_waited_for_once_all_have_asserted() -> None:
    assert wait_ms(NEW, NOW - 500, NOW, 500, BOTH, {"a": sign(NEW, NOW), "b": sign(NEW, NOW - 900)}) == 0


@pytest.mark.parametrize("entered", [{}, {"b": sign(OLD, NOW)}, {"b": ""}, {"b": sign(NEW, NOW - 600_000)}])
def test_whoever_has_not_asserted_this_time_is_waited_for(entered: dict[str, str]) -> None:
    assert wait_ms(NEW, NOW - 500, NOW, 500, BOTH, {"a": sign(NEW, NOW), **entered}) == LIMIT_MS - 500


def test_a_worker_that_never_asserts_is_waited_for_no_longer_than_the_limit() -> None:
    """It died, or is of an older version."""
    assert wait_ms(NEW, NOW - LIMIT_MS, NOW, 0, BOTH, {}) == 0


def test_a_clock_that_is_set_back_makes_nobody_wait_longer() -> None:
    assert wait_ms(NEW, NOW + 600_000, NOW, LIMIT_MS, BOTH, {}) == 0
    assert 0 < wait_ms(NEW, NOW + 600_000, NOW, 1, BOTH, {}) < LIMIT_MS


def test_a_redis_that_knows_no_worker_is_waited_for() -> None:
    assert wait_ms(NEW, NOW, NOW, 0, (), {}) == LIMIT_MS


def test_an_entry_is_old_once_nobody_can_wait_for_it() -> None:
    """Not that of a clock ahead; nor must one that cannot be read stay for ever."""
    entered = {"a": sign(NEW, NOW - ALIVE_MS - 1), "b": sign(OLD, NOW - ALIVE_MS), "c": sign(NEW, NOW + 1), "d": ""}
    assert find_old(entered, NOW) == ["a", "d"]
