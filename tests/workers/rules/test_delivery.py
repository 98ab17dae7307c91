"""What a receipt says of a message."""

import pytest

from leadcore import receipts
from leadcore.fields import ABOUT, LEAD
from leadcore.store import keys
from workers.rules.delivery import record_delivery
from workers.rules.outcomes import MessageFailed, MessageSent

NOW = 1_772_000_000_000


@pytest.mark.parametrize(
    ("fields", "state"), [({LEAD: b"lead1"}, "sent"), ({LEAD: b"lead1", ABOUT: b"email_refused"}, "asked")]
)
def test_confirmed_is_said_only_where_something_was_confirmed(fields: dict[bytes, bytes], state: str) -> None:
    note, counted, *_ = record_delivery(0, b"1-0", fields, MessageSent(), NOW)
    assert note == ("HSET", keys.receipt("lead1"), *receipts.pack(message=state, message_ms=NOW))
    assert counted[2] == f"message_{state}"


def test_a_message_that_was_sent_is_not_kept_for_a_retry() -> None:
    """After a failover another worker may have ended it as interrupted while its answer was on its way."""
    commands = record_delivery(0, b"1-0", {LEAD: b"lead1"}, MessageSent(), NOW)
    assert ("DEL", keys.unsent("lead1")) in commands
    assert ("ZREM", keys.UNSENT, "lead1") in commands


@pytest.mark.parametrize(("asked", "seconds"), [(None, 2), (0.0, 2), (40.0, 40)])
def test_a_message_that_failed_waits_as_long_as_dealdroid_asks_but_never_not_at_all(
    asked: float | None, seconds: int
) -> None:
    later, *_ = record_delivery(0, b"1-0", {b"e": b"lead-1"}, MessageFailed("busy", retry=True, seconds=asked), NOW)
    assert later[2] - NOW == seconds * 1000
