"""Checks of what notes need in the portal. Only with `[notes]`."""

from leadcore.config import Config
from leadsync.doctor.finding import Finding, fine, wrong
from workers.flow.errors import LineDown
from workers.hubspot.client import HubSpot
from workers.hubspot.records import Records

SUBJECT = "Notes"


def check_notes(hubspot: HubSpot, config: Config) -> list[Finding]:
    """Whether the token may see notes; nothing is asked without `[notes]`. Raises `LineDown` if HubSpot is away."""
    if not config.notes.intents:
        return []
    try:
        Records(hubspot).any_exists("notes")
    except LineDown as down:
        if down.code != "forbidden":
            raise
        return [wrong(SUBJECT, str(down), "Until then notes wait; contacts and orders are written all the same.")]
    return [fine(SUBJECT, f"Left on contacts for: {', '.join(config.notes.intents)}.")]
