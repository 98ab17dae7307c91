"""Pure: one chat event -> values for HubSpot. Nothing here does I/O."""
