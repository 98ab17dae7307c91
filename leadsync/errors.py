"""Why a command cannot do what it was asked for; the text is for whoever runs it."""

from leadcore.errors import LeadSyncError


class PreviewError(LeadSyncError, ValueError):
    """The payload is not an event that can be written."""


class NoMatch(LeadSyncError, ValueError):
    """There is nothing to decide about this customer."""
