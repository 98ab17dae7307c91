"""What a receipt says of a message."""

import pytest

from leadcore import receipts
from leadcore.fields import ABOUT, LEAD
from leadcore.store import keys
from workers.rules.delivery import record_delivery
from workers.rules.outcomes import MessageSent

NOW = 1_772_000_000_000


@pytest.mark.parametrize(
    ("fields", "state"), [({LEAD: b"lead1"}, "sent"), ({LEAD: b"lead1", ABOUT: b"email_refused"}, "asked")]
)
def test_confirmed_is_said_only_where_something_was_confirmed(fields: dict[bytes, bytes], state: str) -> None:
    note, counted = record_delivery(0, fields, MessageSent(), NOW)
    assert note == ("HSET", keys.receipt("lead1"), *receipts.pack(message=state, message_ms=NOW))
    assert counted[2] == f"message_{state}"
