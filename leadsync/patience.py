"""Lets a long check outlast what passes by itself: with thousands of calls one will fail, and the check reads only."""

import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from workers.flow.errors import LineDown
from workers.rules.retry import find_retry, wait_seconds

T = TypeVar("T")
TRIES = 5
LONGEST_SECONDS = 60.0


class Patience:
    """Before the first call has worked nothing is waited for: then HubSpot is down, or the token is wrong."""

    def __init__(self) -> None:
        self._has_worked = False

    def ask(self, call: Callable[[], T]) -> T:
        """What `call` returns, which may be made several times. Raises `LineDown`."""
        for failures in count(1):
            try:
                answer = call()
            except LineDown as down:
                retry = find_retry(down.code)
                seconds = wait_seconds(retry, failures, down.seconds)
                passes = retry.by_rate or down.code in ("rate_limit", "locked")
                if not (self._has_worked and passes and failures < TRIES and seconds <= LONGEST_SECONDS):
                    raise
                time.sleep(seconds)
            else:
                self._has_worked = True
                return answer
        raise AssertionError
