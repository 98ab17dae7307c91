"""What the web process and the workers both stand on: the event, receipts, settings, and Redis."""
