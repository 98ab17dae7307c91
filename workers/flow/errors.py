"""What ends work for now; what was not done stays in its stream. All but the alarm of a job's time limit are part of
the tree in `leadcore.errors`."""

from collections.abc import Sequence

from leadcore.errors import LeadSyncError
from leadcore.reasons import Reason, english


class LineDown(LeadSyncError):
    """HubSpot or DealDroid takes nothing at the moment. `code`: the cause, for grouping. `why`: the reason in full.
    `seconds`: how long it asked us to wait; None: it did not say."""

    def __init__(self, code: str, why: Reason, seconds: float | None = None) -> None:
        super().__init__(english(why))
        self.code, self.why, self.seconds = code, why, seconds


class Stopping(LeadSyncError):
    """The worker was asked to stop; `unstarted` was not started and stays in its stream."""

    def __init__(self, unstarted: str) -> None:
        super().__init__(f"the worker stops before {unstarted}")
        self.unstarted = unstarted


class LostLease(LeadSyncError):
    """One of `locks` was lost: another worker may be draining this shard, so nothing more may be written."""

    def __init__(self, locks: Sequence[str]) -> None:
        super().__init__(f"lost one of {', '.join(locks)}")
        self.locks = tuple(locks)


class Busy(LeadSyncError):
    """`lock` was not free in time, or somebody else was faster each time."""

    def __init__(self, lock: str) -> None:
        super().__init__(f"{lock} was not free in time")
        self.lock = lock


class OutOfTime(BaseException):
    """The job ran into its limit. RQ's own exception is an `Exception`: what takes any fault for one of the row in hand
    would park a good row for it, and go on without a limit."""


class SetupError(LeadSyncError):
    """The portal cannot be set up; the text says what to do."""
