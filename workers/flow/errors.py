"""Why work is given up for now."""


class LineDown(Exception):
    """HubSpot as a whole cannot take leads. `code` groups the cause, `why` is for people, `seconds` is how long HubSpot
    asked to wait (None: it did not say)."""

    def __init__(self, code: str, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.code, self.why, self.seconds = code, why, seconds


class Stopping(Exception):
    """The worker is asked to end; what was not begun stays in its stream."""


class LostLease(Exception):
    """The lock was lost: another worker may be at work on this shard, so nothing more is written."""


class Busy(Exception):
    """The lock could not be had in time."""
