"""Quotas, with a clock that the test holds."""

import pytest

from sandbox.hubspot.problems import Problem
from sandbox.hubspot.quota import Quota
from sandbox.hubspot.settings import Settings


def take(quota: Quota, settings: Settings, now: float, *, search: bool = False) -> str:
    try:
        quota.take(settings, now, search=search)
    except Problem as problem:
        assert problem.status == 429
        assert problem.extra["errorType"] == "RATE_LIMIT"
        return str(problem.extra["policyName"])
    return "granted"


def test_the_window_rolls() -> None:
    quota, settings = Quota(), Settings(requests_per_10s=2)
    told = [take(quota, settings, 1000.0 + second) for second in (0, 6, 9, 10, 11, 16)]
    burst = "TEN_SECONDLY_ROLLING"
    assert told == ["granted", "granted", burst, "granted", burst, "granted"]
    assert quota.peak == 4


def test_search_has_a_second_of_its_own() -> None:
    quota, settings = Quota(), Settings(requests_per_10s=1, searches_per_second=1)
    told = [take(quota, settings, 1000.0 + at, search=True) for at in (0, 0.9, 1.0)]
    assert told == ["granted", "SECONDLY", "granted"]
    assert take(quota, settings, 1000.0) == "granted"


def test_the_day_ends_at_midnight_in_the_portals_time_zone() -> None:
    quota, settings = Quota(), Settings(requests_per_day=1, time_zone="Asia/Bangkok")
    before, after = 1_704_041_999.0, 1_704_042_000.0  # 2023-12-31 23:59:59 and the new year in Bangkok
    assert [take(quota, settings, now) for now in (before, before, after)] == ["granted", "DAILY", "granted"]


@pytest.mark.parametrize(("seconds", "header"), [(None, {}), (2.5, {"Retry-After": "3"})])
def test_retry_after_is_sent_only_if_wanted(seconds: float | None, header: dict[str, str]) -> None:
    with pytest.raises(Problem) as caught:
        Quota().take(Settings(requests_per_10s=0, retry_after=seconds), 1000.0)
    assert caught.value.headers == header
