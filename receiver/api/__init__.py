"""What the shop's own systems call."""
