"""A post's way from the request into Redis, or onto the disk while Redis is away."""
