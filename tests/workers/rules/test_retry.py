import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore.texts.en import FIXES
from tests.conftest import ROOT
from workers.rules.retry import (
    MAX_JITTER_SECONDS,
    OTHER,
    RETRIES,
    Retry,
    Waits,
    describe,
    find_lead_retry,
    find_retry,
    line_waits,
    wait_seconds,
)

ROWS = pytest.mark.parametrize("retry", [*RETRIES.values(), OTHER], ids=[*RETRIES, "other"])


@ROWS
@given(st.integers(1, 1000), st.floats(0, 1))
def test_a_wait_is_never_longer_than_the_longest_and_its_jitter(retry: Retry, failures: int, random: float) -> None:
    seconds = wait_seconds(retry, failures, random=random)
    assert retry.first_seconds <= seconds <= retry.longest_seconds * (1 + retry.jitter)
    assert seconds <= retry.longest_seconds + MAX_JITTER_SECONDS


@ROWS
def test_waits_double_from_the_first_to_the_longest(retry: Retry) -> None:
    waits = [wait_seconds(retry, failures) for failures in range(1, 30)]
    assert waits[0] == retry.first_seconds
    assert waits[-1] == retry.longest_seconds
    assert all(later == min(2 * earlier, retry.longest_seconds) for earlier, later in pairwise(waits))


def test_what_the_other_side_asks_for_counts_instead() -> None:
    assert wait_seconds(find_retry("rate_limit"), 9, asked=30.0) == 30.0
    assert line_waits(find_retry("rate_limit"), 30.0, 0.0) == [30.0]
    assert line_waits(find_retry("rate_limit"), 0.0, 0.0) == [1.0], "a line never waits less than a second"


def test_a_lead_that_fails_with_a_lines_code_waits_as_a_lead() -> None:
    assert find_lead_retry("timeout", free=False).tries
    assert not find_lead_retry("timeout", free=True).tries
    assert find_lead_retry("race", free=False) is RETRIES["race"]


def test_what_uses_up_tries_says_how_a_person_fixes_it() -> None:
    assert {code for code, one in RETRIES.items() if one.tries} <= FIXES.keys()


def test_only_a_line_can_be_held_up_by_one_lead() -> None:
    assert all(one.waits is Waits.LINE for one in RETRIES.values() if one.one_lead)


def test_every_code_that_stops_a_line_has_a_row() -> None:
    named = set()
    for path in (ROOT / "workers").rglob("*.py"):
        named |= set(re.findall(r'(?:raise |\(|return )LineDown\(\s*"(\w+)"', path.read_text()))
        if path.name == "transport.py":
            named |= set(re.findall(r'return "(\w+)", "', path.read_text()))
    assert len(named) > 10
    # These never reach a line: a search is given up, the others are met by commands alone.
    assert named - RETRIES.keys() == {"search", "erase", "unsaid"}


def test_the_docs_show_the_table() -> None:
    assert describe() in (ROOT / "docs/architecture.md").read_text()
