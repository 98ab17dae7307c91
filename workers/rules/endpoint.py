"""Pure: how an address outside goes on after a success or a failure."""

from typing import Any

from leadcore.endpoint import KEEP_MS, OPEN, PAUSED, STOPPED, Endpoint

WAITS = (5, 30, 120, 600, 1800, 3600, 7200)
"""Seconds after the first failure, the second ..."""
GONE, GIVEN_UP = "gone", "given_up"
"""Why an address is stopped: it said so (410), or it took nothing for `KEEP_MS`."""
JITTER = 0.2


def after_success(endpoint: Endpoint) -> dict[str, Any]:
    """What changes of its record: nothing if it worked already."""
    if endpoint.state == OPEN and not endpoint.failures:
        return {}
    return {"state": OPEN, "failures": 0, "since_ms": 0, "until_ms": 0, "why": ""}


def after_failure(
    endpoint: Endpoint, why: str, now_ms: int, *, asked_seconds: float | None = None, random: float = 0.5
) -> dict[str, Any]:
    """What changes of its record. `why`: a word; `asked_seconds`: how long it asked to wait, None if it did not say;
    `random`: 0 to 1, for jitter."""
    since = endpoint.since_ms or now_ms
    values: dict[str, Any] = {"failures": endpoint.failures + 1, "since_ms": since, "why": why}
    if why == GONE or now_ms - since >= KEEP_MS:
        return {**values, "state": STOPPED, "until_ms": 0, "why": why if why == GONE else GIVEN_UP}
    seconds = WAITS[min(endpoint.failures, len(WAITS) - 1)] * (1 - JITTER / 2 + JITTER * random)
    seconds = max(seconds, min(asked_seconds or 0.0, WAITS[-1]))
    return {**values, "state": PAUSED, "until_ms": min(now_ms + int(seconds * 1000), since + KEEP_MS)}
