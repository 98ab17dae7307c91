"""A lead's note at the console and at the command line: it waits, is made, or needs a person."""

import json

import pytest

from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.streams import pack_fields
from tests.conftest import Line
from tests.leadsync.conftest import call
from tests.receiver.console.conftest import ConsoleUser
from tests.receiver.console.test_views import TH, text_of

PORTAL = {"id": "44000001", "domain": "app.hubspot.com"}
PAGE = "https://app.hubspot.com/contacts/44000001/record/0-1/701/?engagement=9001"
REFUSED = f"parked: refused: {reason('values_refused')}"


def park(line: Line, lead: str) -> None:
    """As the workers park its note."""
    fields = {b"e": lead.encode(), b"b": json.dumps({"customer_id": "c"}).encode(), b"v": b"1700000000123-4"}
    line.redis.set(keys.parked_note(lead), pack_fields(fields))
    line.redis.zadd(keys.PARKED_NOTES, {lead: 1_700_000_000_500})


@pytest.mark.parametrize(
    ("note", "english", "thai"),
    [
        ("waiting", "The note waits for HubSpot", "โน้ตรอเข้า HubSpot"),
        ("sending", "The note waits for HubSpot", "โน้ตรอเข้า HubSpot"),
        (f"waiting: {reason('note_without_contact')}", "The contact of the note is not in HubSpot", "ไม่พบผู้ติดต่อ"),
        ("written", "A note is on the contact", "เขียนโน้ตไว้ที่ผู้ติดต่อแล้ว"),
    ],
)
def test_the_page_of_a_lead_says_what_became_of_its_note(user: ConsoleUser, note: str, english: str, thai: str) -> None:
    user.add_lead("lead-1", customer_id="c", state="created", contact_id="701", note=note)
    assert english in text_of(user.read("leads/lead-1"))
    assert thai in text_of(user.read("leads/lead-1", **TH))


def test_a_note_that_was_made_is_linked_to_its_page_in_hubspot(user: ConsoleUser) -> None:
    user.add_lead("lead-1", customer_id="c", state="created", contact_id="701", note="written", note_id="9001")
    page = user.read("leads/lead-1")
    assert "9001" in text_of(page)
    assert "engagement=" not in page
    user.redis.hset(keys.PORTAL, mapping=PORTAL)
    assert f'href="{PAGE}"' in user.read("leads/lead-1")


def test_a_note_that_needs_a_person_is_shown_by_cause_with_the_fix_and_can_be_retried(user: ConsoleUser) -> None:
    user.add_lead("lead-1", customer_id="c", state="created", contact_id="701", note=REFUSED)
    park(user.line, "lead-1")
    for page, headers in (("", {}), ("leads", {}), ("leads/lead-1", {}), ("", TH), ("leads", TH), ("leads/lead-1", TH)):
        assert ("บันทึกโน้ตไม่" if headers else "note") in text_of(user.read(page, **headers))
    english, thai = text_of(user.read("leads/lead-1")), text_of(user.read("leads/lead-1", **TH))
    assert "The note was not written" in english
    assert "Look for a rule or a required property of your portal" in english
    assert "กรุณาตรวจสอบกฎ" in thai
    assert "lead-1" in user.read("leads?state=parked")
    assert user.submit("retry", lead="lead-1").status_code == 303
    assert "The note waits for HubSpot" in text_of(user.read("leads/lead-1"))
    assert not user.redis.zcard(keys.PARKED_NOTES)


def test_a_lead_whose_order_or_note_is_parked_is_listed_as_no_plain_success(user: ConsoleUser) -> None:
    user.add_lead("lead-1", state="created", order="parked: refused: values_refused")
    user.add_lead("lead-2", state="created", note=REFUSED)
    english, thai = text_of(user.read("leads")), text_of(user.read("leads", **TH))
    assert ("order not written" in english, "note not written" in english) == (True, True)
    assert ("บันทึกออเดอร์ไม่สำเร็จ" in thai, "บันทึกโน้ตไม่สำเร็จ" in thai) == (True, True)


def test_metrics_and_status_count_the_notes_that_need_a_person(user: ConsoleUser) -> None:
    user.add_lead("lead-1", state="created", note=REFUSED)
    park(user.line, "lead-1")
    user.redis.hincrby(keys.FIGURES, "parked_notes:refused", 1)
    user.redis.hincrby(keys.COUNTS, "note_parked", 1)
    told = user.session.get(f"{user.line.url}/metrics", timeout=5).text
    for sample in (
        "leadsync_parked_notes 1.0",
        'leadsync_notes_parked_total{code="refused"} 1.0',
        'leadsync_notes_parked_total{code="notes_full"} 0.0',
        'leadsync_notes_total{outcome="parked"} 1.0',
        'leadsync_notes_total{outcome="written"} 0.0',
    ):
        assert sample in told
    status = json.loads(call(user.line, "status", "--json").stdout)
    assert (status["parked_notes"], status["need_person"]) == (1, 1)


def test_the_command_says_what_became_of_a_leads_note_and_where_it_is(user: ConsoleUser) -> None:
    user.add_lead("lead-1", customer_id="c", state="created", contact_id="701", note="written", note_id="9001")
    user.add_lead("lead-2", customer_id="d", state="created", contact_id="702", note=REFUSED)
    user.redis.hset(keys.PORTAL, mapping=PORTAL)
    done = json.loads(call(user.line, "lead", "lead-1", "--json").stdout)
    assert (done["note"], done["note_id"], done["note_link"], done["order_link"]) == ("written", "9001", PAGE, "")
    assert "9001" in call(user.line, "lead", "lead-1").stdout
    parked = json.loads(call(user.line, "lead", "lead-2", "--json").stdout)
    assert parked["note"].startswith("parked: refused: ")
    assert parked["flaws"] == ["note parked"]
    assert parked["note_link"] == ""
