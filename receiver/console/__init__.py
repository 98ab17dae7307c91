"""The lead console: what works, what waits and what needs a person, in a browser."""
