"""Personal data: what is known of a customer, and forgetting all of it."""
