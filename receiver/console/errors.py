"""Why the console has no answer."""

from leadcore.errors import LeadSyncError


class Busy(LeadSyncError):
    """Too many passwords are being checked at once."""


class NoAnswer(LeadSyncError):
    """HubSpot does not answer in time, or is not asked: its quota is used up, or the line is paused."""
