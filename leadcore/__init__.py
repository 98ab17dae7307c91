"""What the web process and the workers share: the event, receipts, settings, and Redis."""
