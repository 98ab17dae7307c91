"""What was just posted: read once, for the note of its cart and for its reply. The feeder's thread forgets it within a
second or so."""

from functools import lru_cache

from leadcore import event
from leadcore.event import Event

AT_ONCE = 64
"""As many posts are worked on at a time."""


@lru_cache(AT_ONCE)
def read_posted(body: bytes) -> Event:
    """The event in `Head.body`. Raises `Malformed`."""
    return event.read(body)
