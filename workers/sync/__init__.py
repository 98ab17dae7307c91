"""Writes leads from the inbox to HubSpot."""
