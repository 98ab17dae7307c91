"""Leads from the inbox to HubSpot."""
