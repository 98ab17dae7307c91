"""What an order is called and what it costs: pure, used by the receiver and the workers."""
