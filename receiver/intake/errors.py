"""Why a post is refused, or cannot be kept: `receiver.app` answers each with its HTTP status. Why its reply fails."""

from collections.abc import Sequence

from leadcore.errors import LeadSyncError


class Forbidden(LeadSyncError):
    """The secret is wrong. `retry_after`: seconds for a sender of many wrong ones to wait, else 0."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("wrong secret")
        self.retry_after = retry_after


class Unusable(LeadSyncError):
    """An authenticated event lacks the required `fields`; it was parked."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__("unusable fields")
        self.fields = fields


class NotStored(LeadSyncError):
    """Neither Redis nor the disk accepted the event. `why`: what the disk said."""

    def __init__(self, why: str) -> None:
        super().__init__(f"neither Redis nor the disk accepted the event: {why}")
        self.why = why


class SpoolError(LeadSyncError, OSError):
    """The disk cannot do it now. The text is SQLite's or the system's and quotes no stored data."""


class TooSlow(LeadSyncError):
    """The template of a reply has computed for too long."""
