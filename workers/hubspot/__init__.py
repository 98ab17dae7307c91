"""The only part that knows HubSpot: its paths, limits, error shapes and the properties made in a portal."""
