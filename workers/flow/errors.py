"""Errors that stop work for now; what was not done stays in its stream."""

from leadcore.reasons import Reason, english


class LineDown(Exception):
    """HubSpot or DealDroid takes nothing at the moment. `code`: the cause, for grouping. `why`: the reason in full.
    `seconds`: how long it asked us to wait; None: it did not say."""

    def __init__(self, code: str, why: Reason, seconds: float | None = None) -> None:
        super().__init__(english(why))
        self.code, self.why, self.seconds = code, why, seconds


class Stopping(Exception):
    """The worker was asked to stop; what was not started stays in its stream."""


class LostLease(Exception):
    """The lock was lost: another worker may be draining this shard, so nothing more may be written."""


class Busy(Exception):
    """The lock was not free in time."""
