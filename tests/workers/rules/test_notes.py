"""When an event leaves a note, and what stands in it."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from leadcore.config import Config, Notes, Orders
from leadcore.receipts import Receipt
from tests.conftest import BANGKOK
from tests.workers.rules.orders.events import event, product
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.note_marker import read_marker
from workers.rules.notes import LIMIT, is_due, write_note

DIGEST = "abcdefgh234567ab"
SAID = datetime(2026, 11, 28, 14, 0, tzinfo=BANGKOK)


@pytest.mark.parametrize(
    ("config", "intent", "buying", "due"),
    [
        (Config(), "Purchase", True, False),
        (Config(notes=Notes(intents=("Purchase",))), "Purchase", True, True),
        (Config(notes=Notes(intents=("Purchase",))), "Share contact", True, False),
        (Config(notes=Notes(intents=("*",)), orders=Orders()), "Purchase", True, False),
        (Config(notes=Notes(intents=("*",)), orders=Orders()), "Purchase", False, True),
        (Config(notes=Notes(intents=("*",)), orders=Orders()), "Share address", True, True),
        (Config(notes=Notes(intents=("*",)), orders=Orders(cancel_intents=("Cancel*",))), "Cancel order", False, False),
    ],
)
def test_only_wanted_intents_leave_notes_and_orders_leave_theirs_later(
    config: Config, intent: str, buying: bool, due: bool
) -> None:
    assert is_due(intent, buying, config) is due


@pytest.mark.parametrize("letter", ["x", "&", "ก", "\U0001f600", "\n", '"'])
def test_a_note_is_never_too_long_and_always_signed(letter: str) -> None:
    said = replace(event(*[product(f"{letter}{number}") for number in range(300)]), payment_method=letter * 100_000)
    body = write_note(said, MappedEvent(unsaved={"address": letter * 70_000}), Receipt("lead-1"), SAID, {}, DIGEST)
    assert len(body.encode("utf-16-le")) // 2 <= LIMIT
    assert read_marker(body) == ("lead-1", DIGEST)


def test_a_part_that_a_customer_wrote_cannot_sign_a_note() -> None:
    said = replace(event(), payment_method="leadsync lead-9 zzzzzzzz234567zz")
    assert read_marker(write_note(said, MappedEvent(), Receipt("lead-1"), SAID, {}, DIGEST)) == ("lead-1", DIGEST)
