"""The portal's request quotas: a rolling ten seconds, a day, and the search API's own second."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from sandbox.hubspot.problems import Problem
from sandbox.hubspot.settings import Settings


class Quota:
    """Counts requests; not thread-safe, the caller holds the portal's lock. `peak`: most requests, granted or not,
    that arrived in any ten seconds."""

    def __init__(self) -> None:
        self.peak = 0
        self.today = 0
        self._day_ends = 0.0
        self._granted: deque[float] = deque()
        self._arrived: deque[float] = deque()
        self._searches: deque[float] = deque()

    def take(self, settings: Settings, now: float, *, search: bool = False) -> None:
        """Spend one request at `now` (epoch seconds); raises `Problem` 429."""
        if now >= self._day_ends:
            self._day_ends, self.today = midnight(settings.time_zone, now), 0
        if not search:
            _forget(self._arrived, now - 10)
            self._arrived.append(now)
            self.peak = max(self.peak, len(self._arrived))
        if self.today >= settings.requests_per_day:
            raise refused("DAILY", settings.retry_after)
        window, seconds, limit = self._granted, 10, settings.requests_per_10s
        if search:
            window, seconds, limit = self._searches, 1, settings.searches_per_second
        _forget(window, now - seconds)
        if len(window) >= limit:
            raise refused("SECONDLY" if search else "TEN_SECONDLY_ROLLING", settings.retry_after)
        window.append(now)
        self.today += 1

    def headers(self, settings: Settings) -> Mapping[str, str]:
        """The rate-limit headers of every answer but the search API's."""
        return {
            "X-HubSpot-RateLimit-Daily": str(settings.requests_per_day),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, settings.requests_per_day - self.today)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": str(settings.requests_per_10s),
            "X-HubSpot-RateLimit-Remaining": str(max(0, settings.requests_per_10s - len(self._granted))),
        }


def refused(policy: str, retry_after: float | None) -> Problem:
    """The 429 of a policy: `TEN_SECONDLY_ROLLING`, `SECONDLY` (search) or `DAILY`."""
    message = f"You have reached your {policy.lower()} limit."
    headers = {} if retry_after is None else {"Retry-After": str(ceil(retry_after))}
    extra = {"errorType": "RATE_LIMIT", "policyName": policy}
    return Problem(429, "RATE_LIMITS", message, extra=extra, headers=headers)


def midnight(time_zone: str, now: float) -> float:
    """Epoch seconds of the next midnight in `time_zone`, when the daily quota begins anew."""
    local = datetime.fromtimestamp(now, ZoneInfo(time_zone))
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _forget(window: deque[float], before: float) -> None:
    while window and window[0] <= before:
        window.popleft()
