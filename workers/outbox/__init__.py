"""Messages to DealDroid."""
