from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore.reasons import Reason, reason
from leadcore.receipts import PROPERTIES, WAITING, Note, Receipt, pack, pack_names, unpack, unpack_names

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def stored(flat: list[str | bytes]) -> dict[bytes, bytes]:
    """What Redis gives back for HSET's arguments."""
    parts = [part.encode() if isinstance(part, str) else part for part in flat]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_what_is_packed_is_unpacked() -> None:
    values: dict[str, Any] = {
        "customer_id": " ก 1",
        "intent": "Purchase",
        "state": "updated",
        "received_ms": 1_700_000_000_000,
        "written_ms": 1_700_000_000_500,
        "contact_id": "501",
        "fields": ("firstname", "phone", "their_own"),
        "notes": (Note("phone", "dropped", reason("phone_invalid")),),
        "tries": 3,
        "reason": "",
        "message": "sent",
        "message_ms": 1_700_000_000_900,
        "retried_ms": 1_700_000_000_300,
        "retried_reason": "row: why",
    }
    assert unpack("abc", stored(pack(**values))) == Receipt("abc", **values)


@pytest.mark.parametrize("state", ["created", "updated", "unchanged"])
def test_a_reason_that_an_older_version_left_on_a_written_lead_is_not_read(state: str) -> None:
    old = stored(pack(state=state, contact_id="501", tries=2, reason="HubSpot is not available."))
    assert unpack("abc", old).reason == ""
    assert unpack("abc", stored(pack(state=state, reason="dry run: nothing was written"))).reason
    assert unpack("abc", stored(pack(state="parked", contact_id="501", reason="row: why"))).reason == "row: why"


def test_the_sentences_of_older_versions_count_as_the_present_codes() -> None:
    """So the same reason of an old and of a new receipt is one, wherever they are grouped."""
    old = {
        "notes": (Note("phone", "dropped", Reason("it is not a phone number")),),
        "reason": "row: HubSpot did not answer in time.; given up after 12 tries",
        "message": "silent: older than 90 minutes",
        "retried_reason": "failed: DealDroid answered 502",
    }
    assert unpack("abc", stored(pack(state="parked", **old))) == Receipt(
        "abc",
        state="parked",
        notes=(Note("phone", "dropped", reason("phone_invalid")),),
        reason=f"row: {reason('given_up', why=reason('hubspot_too_late'), tries=12)}",
        message=f"silent: {reason('too_old', minutes=90)}",
        retried_reason=f"failed: {reason('dealdroid_answered', status=502)}",
    )
    shown = unpack("abc", stored(pack(state="parked", **old))).as_dict()
    assert {name: shown[name] for name in ("reason", "message", "retried_reason")} == {
        name: text for name, text in old.items() if name != "notes"
    }
    assert shown["notes"] == [{"property": "phone", "what": "dropped", "why": "it is not a phone number"}]


def test_an_empty_receipt_is_a_waiting_one() -> None:
    assert unpack("abc", {}) == Receipt("abc", state=WAITING)


@given(st.sets(st.sampled_from(PROPERTIES) | st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)))
def test_property_names_are_unpacked_as_they_were_packed(names: set[str]) -> None:
    assert set(unpack_names(pack_names(names))) == names


def test_known_names_cost_a_character_each() -> None:
    assert len(pack_names(PROPERTIES)) == len(PROPERTIES)
    assert len(pack_names(PROPERTIES).encode()) == len(PROPERTIES)


def test_no_two_properties_have_one_code() -> None:
    assert len(set(pack_names(PROPERTIES))) == len(PROPERTIES) == len(set(PROPERTIES))


@given(TEXT, TEXT, st.lists(st.builds(Note, TEXT, TEXT, TEXT), max_size=3))
def test_any_text_is_unpacked_as_it_was_packed(reason: str, customer_id: str, notes: list[Note]) -> None:
    receipt = unpack("x", stored(pack(reason=reason, customer_id=customer_id, notes=tuple(notes))))
    assert (receipt.reason, receipt.customer_id, receipt.notes) == (reason, customer_id, tuple(notes))


@pytest.mark.parametrize("value", ["\ud800", b"raw \xff"])
def test_invalid_unicode_can_be_stored_and_read(value: str | bytes) -> None:
    assert unpack("x", stored(pack(reason=value))).reason


def test_the_json_form_has_full_names() -> None:
    shown = Receipt("abc", notes=(Note("email", "kept", "why"),), fields=("email",)).as_dict()
    assert shown["notes"] == [{"property": "email", "what": "kept", "why": "why"}]
    assert (shown["lead"], shown["fields"], shown["written_ms"]) == ("abc", ["email"], None)
