"""Notices to the team."""
