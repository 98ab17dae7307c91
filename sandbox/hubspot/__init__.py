"""A stand-in for HubSpot's APIs, as strict as the real ones. State lives in memory, and in a file if one is named."""

from sandbox.hubspot.app import create_app
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.settings import Settings

__all__ = ["Portal", "Settings", "create_app"]
