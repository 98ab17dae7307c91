"""The pages, over a real Redis."""

import re
import time
from typing import Any

import pytest
import requests

from leadcore.matches import Match
from leadcore.reasons import reason
from leadcore.receipts import Note
from leadcore.required import Requirement
from leadcore.store import keys, lines
from leadcore.store.posts import local_date
from leadcore.store.required import remember_required
from leadcore.store.restoring import RESTORED
from tests.conftest import BANGKOK
from tests.receiver.console.conftest import TH, ConsoleUser, add_worker, text_of


def pause(user: ConsoleUser, code: str, seconds: float) -> None:
    now = int(time.time() * 1000)
    stored = {"code": code, "reason": "the reason", "since": now - 1000, "until": now + int(seconds * 1000)}
    user.redis.hset(keys.PAUSE, mapping=stored)


def test_a_working_line_is_reported(user: ConsoleUser) -> None:
    add_worker(user)
    assert "Everything works" in user.read()
    assert "ทุกอย่างทำงานปกติ" in user.read(**TH)


def test_without_workers_the_page_says_what_to_do(user: ConsoleUser) -> None:
    assert "No worker is running, so leads wait Start one: leadsync worker." in text_of(user.read())


@pytest.mark.parametrize(
    ("code", "english", "thai"),
    [
        ("unauthorized", "HUBSPOT_ACCESS_TOKEN", "HUBSPOT_ACCESS_TOKEN"),
        ("daily_quota", "HubSpot's daily quota is used up", "โควตารายวัน"),
        ("of a newer version", "the reason", "the reason"),
    ],
)
def test_a_pause_is_shown_with_reason_end_and_fix(user: ConsoleUser, code: str, english: str, thai: str) -> None:
    add_worker(user)
    pause(user, code, 60)
    text = text_of(user.read())
    assert "Leads wait for HubSpot" in text
    assert english in text
    assert re.search(r"Paused since \d\d:\d\d; tried again at \d\d:\d\d:\d\d", text)
    assert thai in text_of(user.read(**TH))


def test_a_waiting_lead_tells_the_pause_that_it_waits_for(user: ConsoleUser) -> None:
    """Nothing of it has failed, so it has no attempts that would say so."""
    add_worker(user)
    user.add_lead("lead-1", customer_id="c-1", state="waiting")
    user.add_lead("lead-2", customer_id="c-1", state="created")
    assert "HubSpot is not available" not in user.read("leads/lead-1")
    pause(user, "unavailable", 60)
    said = text_of(user.read("leads/lead-1"))
    assert re.search(r"HubSpot is not available\. .* Paused since \d\d:\d\d; tried again at", said)
    assert "HubSpot ใช้งานไม่ได้ชั่วคราว" in user.read("leads/lead-1", **TH)
    assert "HubSpot is not available" not in user.read("leads/lead-2")


def test_messages_that_wait_for_dealdroid_are_reported(user: ConsoleUser) -> None:
    add_worker(user)
    user.redis.hset(lines.OUTBOX.pause, mapping={"code": "dealdroid", "reason": "why", "until": 1})
    assert "Messages wait" not in user.read(), "none waits"
    user.redis.xadd(keys.entries(keys.OUTBOX, 0), {"e": "lead"})
    assert "DealDroid accepts no messages at the moment. They follow by themselves." in text_of(user.read())


def test_a_missing_scope_is_named_whatever_line_it_stops(user: ConsoleUser) -> None:
    add_worker(user)
    why = reason("scope_missing", scope="crm.objects.orders.write")
    for line in (lines.INBOX, lines.ORDERS):
        user.redis.hset(line.pause, mapping={"code": "forbidden", "reason": why, "until": 1, "since": 1})
        user.redis.xadd(keys.entries(line.name, 0), {"e": "lead"})
    for headers in ({}, TH):
        text = text_of(user.read(**headers))
        assert text.count("crm.objects.orders.write") == 2
        assert "crm.objects.contacts" not in text


def test_contacts_are_said_to_be_written_only_while_they_are(user: ConsoleUser) -> None:
    add_worker(user)
    user.redis.hset(lines.ORDERS.pause, mapping={"code": "orders_off", "reason": "why", "until": 1})
    user.redis.xadd(keys.entries(keys.ORDERS, 0), {"e": "lead"})
    assert "Contacts are written meanwhile." in text_of(user.read())
    pause(user, "unauthorized", 60)
    assert "Contacts are written meanwhile." not in text_of(user.read())


def test_today_starts_at_midnight_in_the_configured_time_zone(user: ConsoleUser) -> None:
    """Bangkok is 7 whole hours ahead of UTC, so the hour before midnight is yesterday's."""
    seconds = int(user.redis.time()[0])
    midnight = (seconds + 7 * 3600) // 86_400 * 24 - 7
    for hour, created in ((midnight - 1, 1000), (midnight, 20), (seconds // 3600, 3)):
        user.redis.hincrby(keys.hour(hour), "created", created)
        user.redis.hincrby(keys.hour(hour), "message_sent", created)
    assert "Written today 23 23 new contacts" in text_of(user.read())
    assert "Confirmed today 23" in text_of(user.read())


def test_the_number_of_waiting_leads_and_the_oldest_are_shown(user: ConsoleUser) -> None:
    user.redis.xadd(keys.entries(keys.INBOX, 1), {"e": "lead"}, id="1700000000000-0")
    assert "Waiting 1 oldest since 15 Nov 2023 05:13:20" in text_of(user.read())


def test_the_chart_has_a_title_a_description_and_a_table(user: ConsoleUser) -> None:
    assert "No lead in the last 24 hours." in user.read()
    user.redis.hset(keys.hour(int(time.time()) // 3600), mapping={"created": 4, "unchanged": 2, "parked": 1})
    page = user.read()
    assert page.count("<rect") == 3
    assert "A bar for each hour: 7 leads in all, at most 7 in an hour." in page
    assert re.search(r"Hour Written Nothing new Needed you \d\d:00 4 2 1", text_of(page))


def test_dropped_values_are_grouped_with_a_hint(user: ConsoleUser) -> None:
    email = Note("email", "dropped", "it is not a valid email address")
    for number in range(2):
        user.add_lead(f"lead-{number}", state="created", notes=[email, email])
    user.add_lead("lead-2", state="updated", notes=[Note("phone", "kept", "the customer has said something newer")])
    text = text_of(user.read())
    assert "2 leads Email: it is not a valid email address. Written without it. Ask the customer" in text
    assert "newer" not in text
    assert "อีเมล: อีเมลไม่ถูกต้อง" in text_of(user.read(**TH))


def test_a_receipt_is_shown_as_a_timeline(user: ConsoleUser) -> None:
    user.add_lead(
        "lead-1",
        customer_id="c-1",
        intent="Purchase",
        state="created",
        written_ms=1_700_000_001_000,
        contact_id="123",
        fields=["firstname", "phone"],
        notes=[
            Note("email", "dropped", "it is not a valid email address"),
            Note("city", "kept", "the customer has said something newer"),
        ],
        tries=2,
        message="silent: quiet hours",
        message_ms=1_700_000_002_000,
    )
    text = text_of(user.read("leads/lead-1"))
    assert re.search(
        r"Received from DealDroid 15 Nov 2023 05:13:20 A new contact in HubSpot 15 Nov 2023 05:13:21 Written: "
        r"First name, Phone Not written: Email: it is not a valid email address Kept as it was in HubSpot: City: the "
        r"customer has said something newer .* No message to the customer 15 Nov 2023 05:13:22 Quiet hours",
        text,
    )
    assert "Tries 2" in text
    assert "15 พ.ย. 2023 05:13:20" in user.read("leads/lead-1", **TH)


def test_the_page_of_a_parked_lead_shows_reason_fix_and_time(user: ConsoleUser) -> None:
    user.park("lead-1", "row: HubSpot gave no answer for this lead; given up after 12 tries")
    user.redis.zadd(keys.PARKED, {"lead-1": 1_700_000_000_000})
    text = text_of(user.read("leads/lead-1"))
    assert "HubSpot gave no answer for this lead; tried 12 times HubSpot took other leads but not this one." in text
    assert "Could not be written and needs you 15 Nov 2023 05:13:20" in text
    assert "HubSpot ไม่ตอบกลับเรื่องลีดนี้ (ลองแล้ว 12 ครั้ง)" in text_of(user.read("leads/lead-1", **TH))


@pytest.mark.parametrize(
    ("known", "link"),
    [
        ({"id": "44", "domain": "app-eu1.hubspot.com"}, "https://app-eu1.hubspot.com/contacts/44/record/0-1/123"),
        ({}, None),
        ({"id": "44"}, None),
        ({"id": "44/x", "domain": "app.hubspot.com"}, None),
        ({"id": "44", "domain": "evil.example"}, None),
        ({"id": "44", "domain": "app.hubspot.com.evil.example"}, None),
    ],
)
def test_a_contact_is_linked_if_the_portal_is_known(user: ConsoleUser, known: dict[str, Any], link: str | None) -> None:
    user.add_lead("lead-1", customer_id="c", state="created", contact_id="123")
    if known:
        user.redis.hset(keys.PORTAL, mapping=known)
    for path in ("", "leads", "leads/lead-1"):
        page = user.read(path)
        assert (f'href="{link}"' in page) is (link is not None)
        assert ("https://" in page) is (link is not None)


def test_ids_from_a_sender_are_escaped_on_every_page(user: ConsoleUser) -> None:
    bad = '"><script>alert(1)</script>{{ 7654 * 1000 }}'
    user.add_lead("lead-1", customer_id=bad, intent=bad, state="created", contact_id="1", message=f"failed: {bad}")
    user.park("lead-2", f"{bad}: {bad}")
    user.redis.hset(keys.PAUSE, mapping={"code": "new", "reason": bad, "until": 9_999_999_999_999, "since": 1})
    user.redis.xadd(keys.ACTIONS, {"c": bad, "l": bad, "u": bad})
    user.redis.hset(keys.PORTAL, mapping={"id": bad, "domain": bad})
    escaped = requests.utils.quote(bad, safe="")
    paths = ("", "leads", f"leads?q={escaped}&state={escaped}&before={escaped}", "leads/lead-1", "leads/lead-2")
    for path in (*paths, "actions", f"discard?code={escaped}&reason={escaped}", f"?lang={escaped}"):
        page = user.read(path)
        assert "<script>" not in page
        assert "7654000" not in re.sub(r"\d\d:\d\d:\d\d", "", text_of(page))


def test_no_page_shows_customer_data(user: ConsoleUser) -> None:
    user.park("lead-1", contact_info={"name": "Somchai Jaidee", "phone": "0812345678"}, mid="a-mid")
    for path in ("", "leads", "leads?q=Somchai", "leads/lead-1", "discard?lead=lead-1", "actions", "matches"):
        page = user.read(path)
        assert not [said for said in ("Jaidee", "0812345678", "a-mid") if said in page]


def add_matches(user: ConsoleUser, *matches: Match) -> None:
    user.redis.hset(keys.MATCHES, mapping={f"digest-{n}": match.pack() for n, match in enumerate(matches)})


def test_customers_matched_by_email_only_are_listed_with_the_command_that_joins_them(user: ConsoleUser) -> None:
    assert "One email, two chats" not in text_of(user.read())
    user.redis.hset(keys.PORTAL, mapping={"id": "77", "domain": "app.hubspot.com"})
    add_matches(user, Match("line <b>;1", "501", 1_700_000_000_000), Match("fb-2", "502", 1_700_000_001_000))
    for path in ("", "matches"):
        page = user.read(path)
        assert "fb-2 502 leadsync trust -- fb-2 " in text_of(page)
        assert "line <b>;1 501 leadsync trust -- 'line <b>;1'" in text_of(page)
        assert text_of(page).index("fb-2") < text_of(page).index("line <b>")
        assert 'href="https://app.hubspot.com/contacts/77/record/0-1/501"' in page
        assert "leadsync trust -- fb-2" in text_of(user.read(path, **TH))
        assert "อีเมลเดียว สองแชต" in text_of(user.read(path, **TH))


def test_the_overview_shows_some_matches_and_their_own_page_all(user: ConsoleUser) -> None:
    assert "No email of another customer was typed." in text_of(user.read("matches"))
    add_matches(user, *(Match(f"chat-{n}", "501", 1_700_000_000_000 + n) for n in range(200)))
    assert text_of(user.read()).count("leadsync trust -- chat-") == 10
    assert "Show all 200" in text_of(user.read())
    assert text_of(user.read("matches")).count("leadsync trust -- chat-") == 200


def test_a_lead_that_was_matched_by_email_only_says_so(user: ConsoleUser) -> None:
    notes = [Note("dealdroid_cart", "kept", "the contact is another chat customer's, matched by email only")]
    user.add_lead("lead-1", state="updated", contact_id="501", reason="matched by email only", notes=notes)
    page = text_of(user.read("leads/lead-1"))
    assert "The contact in HubSpot was updated Matched by email only" in page
    assert "Cart: the contact is another chat customer's, matched by email only" in page
    assert "ตรงกันเฉพาะอีเมล" in text_of(user.read("leads/lead-1", **TH))


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("th-TH,th;q=0.9", "th"), ("th-TH,en;q=0.8", "th"), ("en-GB", "en"), ("fr, th;q=0.5", "th"), ("fr", "en"),
        ("", "en"), ("*", "en"), ("th;q=0,en;q=0.5", "en"),
    ],
)  # fmt: skip
def test_the_language_is_the_browsers_until_one_is_chosen(user: ConsoleUser, accept: str, language: str) -> None:
    assert f'<html lang="{language}">' in user.read(**{"Accept-Language": accept})
    other = {"th": "en", "en": "th"}[language]
    assert f'<html lang="{other}">' in user.read(f"?lang={other}", **{"Accept-Language": accept})
    assert f'<html lang="{other}">' in user.read("leads", **{"Accept-Language": accept})
    assert f'<html lang="{other}">' in user.read("?lang=xx", **{"Accept-Language": accept})


@pytest.mark.parametrize("path", ["no/such/page", "leads/none", "static/none.css", "discard/x"])
def test_a_missing_page_is_a_readable_404(user: ConsoleUser, path: str) -> None:
    answer = user.get(path)
    assert (answer.status_code, "There is no such page" in answer.text) == (404, True)


def test_two_findings_never_contradict_each_other(user: ConsoleUser) -> None:
    """A refused token, parked leads, waiting messages and no worker, alone and together."""
    works = re.compile(r"The line works|Everything works|all is well|within seconds|all the same", re.IGNORECASE)
    user.park("lead-1")
    pause(user, "unauthorized", 60)
    user.redis.hset(lines.OUTBOX.pause, mapping={"code": "dealdroid", "reason": "why", "until": 1, "since": 1})
    user.redis.xadd(keys.entries(keys.OUTBOX, 0), {"e": "lead"})
    text = text_of(user.read())
    assert "1 lead needs you" in text
    assert "Leads wait for HubSpot" in text
    assert "tried again once a worker runs" in text
    assert not works.search(text)
    add_worker(user)
    text = text_of(user.read())
    assert "tried again at" in text
    assert not works.search(text)


def test_refused_posts_are_told_on_the_overview_with_the_last_good_one(user: ConsoleUser) -> None:
    add_worker(user)
    assert "Last post from DealDroid: 13 Sep 2020 19:26:40" in text_of(user.read())
    today = local_date(user.redis.time()[0] * 1000, BANGKOK).isoformat()
    user.redis.hset(keys.REFUSED, today, 15)
    text = text_of(user.read())
    assert "15 posts refused today: the secret of an intent is not the one set here Put the API secret key" in text
    assert "Everything works" not in text
    user.redis.zadd(keys.LAST_POST, {"last": 1_700_000_000_000})
    assert "Last post from DealDroid: 15 Nov 2023 05:13:20" in text_of(user.read())
    assert "วันนี้ปฏิเสธ 15 คำขอ" in text_of(user.read(**TH))


def test_what_hubspot_was_found_to_require_is_told_in_both_languages(user: ConsoleUser) -> None:
    add_worker(user)
    assert "requires" not in text_of(user.read())
    remember_required(user.redis, [Requirement("company", "Company Name", "create")], [])
    text = text_of(user.read())
    assert "without a property that the portal requires It wants Company Name (company)." in text
    assert "HubSpot ต้องการ Company Name (company)" in text_of(user.read(**TH))


@pytest.mark.parametrize(
    ("waits", "en", "th"),
    [
        ("", "Until then a new customer costs one more call", "ข้อมูลไม่สูญหาย"),
        ("memory", "Give Redis more memory", "เพิ่มหน่วยความจำ"),
        ("quota", "It goes on tomorrow", "จะทำต่อพรุ่งนี้"),
        ("paused", "until the line goes on", "หยุดรอจนกว่า"),
        ("forbidden", "Until then", "ข้อมูลไม่สูญหาย"),
    ],
)
def test_how_many_customers_are_brought_back_is_told_in_both_languages(
    user: ConsoleUser, waits: str, en: str, th: str
) -> None:
    assert "brought back" not in text_of(user.read())
    user.redis.set(keys.STORE, RESTORED)
    user.redis.hset(keys.RESTORE, mapping={"done": 1400, "total": 5000, "waits": waits})
    text = text_of(user.read())
    assert "1,400 of 5,000 contacts are brought back" in text
    assert en in text
    text = text_of(user.read(**TH))
    assert "1,400 จาก 5,000" in text
    assert th in text
