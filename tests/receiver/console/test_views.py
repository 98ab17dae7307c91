"""The pages, over a real Redis."""

import html
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask

from leadcore.machine import Machine
from leadcore.matches import Match
from leadcore.receipts import Note
from leadcore.required import Requirement
from leadcore.settings import read_receiver
from leadcore.store import keys, lines
from leadcore.store.connection import connect
from leadcore.store.posts import local_date
from leadcore.store.required import remember_required
from leadcore.store.restoring import RESTORED
from receiver.console.queries import PAGE, SCAN_LIMIT
from receiver.console.views import blueprint
from receiver.intake.spool import Spool
from tests.conftest import BANGKOK, SHARDS, Line, lead, own_port
from tests.receiver.console.conftest import PASSWORD, ConsoleUser
from workers.rules.delivery import store_unsent

TH = {"Accept-Language": "th-TH,th;q=0.9,en;q=0.5"}


def text_of(page: str) -> str:
    """The visible text of a page."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("<main")[1])))


def add_worker(user: ConsoleUser, *, dry: bool = False) -> None:
    for name in (keys.WORKERS, keys.DRY_WORKERS) if dry else (keys.WORKERS,):
        user.redis.zadd(name, {"worker": time.time() * 1000})


def pause(user: ConsoleUser, code: str, seconds: float) -> None:
    now = int(time.time() * 1000)
    stored = {"code": code, "reason": "the reason", "since": now - 1000, "until": now + int(seconds * 1000)}
    user.redis.hset(keys.PAUSE, mapping=stored)


def test_a_working_line_is_reported(user: ConsoleUser) -> None:
    add_worker(user)
    assert "Everything works" in user.read()
    assert "ทุกอย่างทำงานปกติ" in user.read(**TH)


@pytest.mark.parametrize("path", ["", "leads", "leads/lead-1", "actions", "discard?held=1", "leads/none"])
def test_a_dry_run_is_named_on_every_page_in_both_languages(user: ConsoleUser, path: str) -> None:
    user.hold("lead-1")
    add_worker(user)
    assert 'id="dry-run"' not in user.get(path).text
    add_worker(user, dry=True)
    assert "Dry run: nothing reaches HubSpot" in text_of(user.get(path).text)
    assert "โหมดทดลอง: ไม่มีอะไรเข้า HubSpot" in text_of(user.get(path, **TH).text)


def test_in_a_dry_run_nothing_looks_like_a_success(user: ConsoleUser) -> None:
    add_worker(user, dry=True)
    user.hold("lead-1")
    for count in ("held", "accepted"):
        user.redis.hincrby(keys.hour(int(user.redis.time()[0]) // 3600), count, 3)
    text = text_of(user.read())
    assert "Everything works" not in text
    assert "reach HubSpot within seconds" not in text
    assert "Written today 0 0 new contacts" in text
    assert "Among the newest 0 leads that are in HubSpot." in text
    assert "Hour Written Nothing new Needed you Held back" in text
    assert "Write" not in re.sub("Written|written", "", text.split("Held back")[1].split("The last 24")[0])


def test_the_chart_names_held_leads_only_where_there_are_some(user: ConsoleUser) -> None:
    user.redis.hset(keys.hour(int(time.time()) // 3600), mapping={"created": 4})
    chart = text_of(user.read()).partition("The last 24 hours")[2].partition("Worth a look")[0]
    assert "Needed you" in chart
    assert "Held back" not in chart


def test_after_the_dry_run_what_was_held_back_is_written_with_one_press(user: ConsoleUser) -> None:
    add_worker(user)
    user.hold("lead-1")
    user.hold("lead-2")
    text = text_of(user.read())
    assert "2 leads are held back since the dry run" in text
    assert "Write all 2" in text
    answer = user.submit("retry", held="1")
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"command": ["retry"], "done": ["2"]}
    assert {user.state(one) for one in ("lead-1", "lead-2")} == {"waiting"}
    assert "Everything works" in user.read()


def test_in_a_dry_run_a_retry_says_that_leads_stay_held_back(user: ConsoleUser) -> None:
    add_worker(user, dry=True)
    user.hold("lead-1")
    answer = user.submit("retry", held="1")
    query = urlsplit(answer.headers["Location"]).query
    assert parse_qs(query) == {"command": ["retry"], "dry": ["1"]}
    assert "1 stays held back: the dry run goes on." in user.read(f"?{query}")
    assert user.state("lead-1") == "held"


def test_a_held_lead_says_what_would_be_written_and_can_be_found_by_its_state(user: ConsoleUser) -> None:
    add_worker(user)
    user.hold("lead-1", fields=("firstname",), notes=(Note("email", "dropped", "it is not a valid email address"),))
    user.add_lead("lead-2", customer_id="c-2", state="created")
    listed = text_of(user.read("leads?state=held"))
    assert ("c-lead-1" in listed, "c-2 " in listed) == (True, False)
    page = text_of(user.read("leads/lead-1"))
    assert "Held back by the dry run; not in HubSpot" in page
    assert "Would be written: First name" in page
    assert "Written: First name" not in page
    assert "is on the contact" not in page
    assert "Once DRY_RUN is unset and the workers are restarted, retry. Retry Discard…" in page
    add_worker(user, dry=True)
    assert "retry. Discard…" in text_of(user.read("leads/lead-1"))
    thai = text_of(user.read("leads/lead-1", **TH))
    assert "จะบันทึก: ชื่อ" in thai
    assert "โหมดทดลอง: ไม่ได้บันทึกจริง" in thai


def test_held_leads_are_discarded_after_a_question(user: ConsoleUser) -> None:
    user.hold("lead-1")
    asked = user.read("discard?held=1")
    assert "Discard 1 lead?" in asked
    assert "never reaches HubSpot" in asked
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked))
    user.hold("later")
    user.redis.zadd(keys.HELD, {"later": int(form["until"]) + 1})
    user.submit("discard", **{name: value for name, value in form.items() if name != "token"})
    assert [user.state(one) for one in ("lead-1", "later")] == ["discarded", "held"]


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


def test_messages_that_wait_for_dealdroid_are_reported(user: ConsoleUser) -> None:
    add_worker(user)
    user.redis.hset(lines.OUTBOX.pause, mapping={"code": "dealdroid", "reason": "why", "until": 1})
    assert "Messages wait" not in user.read(), "none waits"
    user.redis.xadd(keys.entries(keys.OUTBOX, 0), {"e": "lead"})
    assert "DealDroid accepts no messages at the moment. They follow by themselves." in text_of(user.read())


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


def test_parked_leads_are_grouped_by_cause_with_the_fix(user: ConsoleUser) -> None:
    for number in range(3):
        user.park(f"lead-{number}")
    user.park("lead-3", "unusable: mid is missing or unusable")
    text = text_of(user.read())
    assert "3 leads HubSpot refused this contact Look for a rule" in text
    assert "1 lead mid is missing or unusable It cannot be retried as it is." in text
    assert "Retry all 3" in text
    assert "Retry 1" not in text, "what cannot be retried has no button for it"
    thai = text_of(user.read(**TH))
    assert "3 ลีด HubSpot ไม่รับผู้ติดต่อนี้" in thai
    assert "mid ไม่มีค่าหรือใช้ไม่ได้" in thai


def test_dropped_values_are_grouped_with_a_hint(user: ConsoleUser) -> None:
    email = Note("email", "dropped", "it is not a valid email address")
    for number in range(2):
        user.add_lead(f"lead-{number}", state="created", notes=[email, email])
    user.add_lead("lead-2", state="updated", notes=[Note("phone", "kept", "the customer has said something newer")])
    text = text_of(user.read())
    assert "2 leads Email: it is not a valid email address. Written without it. Ask the customer" in text
    assert "newer" not in text
    assert "อีเมล: อีเมลไม่ถูกต้อง" in text_of(user.read(**TH))


def test_a_group_is_retried_and_the_result_is_shown(user: ConsoleUser) -> None:
    for number in range(3):
        user.park(f"lead-{number}")
    user.park("other", "row: HubSpot gave an error without an explanation")
    user.redis.delete(keys.parked("lead-1"))
    answer = user.submit("retry", code="refused", reason="HubSpot refused this contact")
    assert answer.status_code == 303
    page = user.session.get(user.line.url + answer.headers["Location"], timeout=5).text
    assert "2 leads are tried again." in page
    assert "1 was no longer waiting." in page
    assert [user.state(one) for one in ("lead-0", "lead-2", "other")] == ["waiting", "waiting", "parked"]
    assert {fields[b"u"] for _, fields in user.redis.xrange(keys.ACTIONS)} == {b"console"}


def test_unsent_messages_wait_for_a_person_like_parked_leads(user: ConsoleUser) -> None:
    for number in (1, 2):
        user.add_lead(f"lead-{number}", state="created", message="failed: DealDroid answered 502")
        message = {b"e": f"lead-{number}".encode(), b"c": b'{"id":"c"}', b"t": b'"Thank you"'}
        for command in store_unsent(message, 1_700_000_000_000):
            user.redis.execute_command(*command)
    text = text_of(user.read())
    assert "2 leads need you" in text
    assert "2 leads its message was not sent, DealDroid answered 502 The lead is saved." in text
    assert "ส่งข้อความไม่สำเร็จ: DealDroid ตอบรหัส 502" in text_of(user.read(**TH))
    page = user.read("leads/lead-1")
    assert "its message was not sent, DealDroid answered 502" in page
    assert "Thank you" not in page
    assert "Only the message to the customer is cancelled." in user.read("discard?lead=lead-1")
    user.submit("retry", lead="lead-1")
    user.submit("discard", lead="lead-2")
    assert (user.state("lead-1"), user.state("lead-2"), user.redis.zcard(keys.UNSENT)) == ("created", "created", 0)
    shard = keys.shard_of("c", SHARDS)
    assert [fields[b"e"] for _, fields in user.redis.xrange(keys.entries(keys.OUTBOX, shard))] == [b"lead-1"]


def test_a_retried_lead_says_so_in_its_timeline(user: ConsoleUser) -> None:
    user.park("lead-1")
    user.submit("retry", lead="lead-1")
    user.redis.hset(keys.receipt("lead-1"), mapping={"s": "created", "h": "501", "f": "0"})
    text = text_of(user.read("leads/lead-1"))
    assert re.search(r"Tried again by a person .* Before that: HubSpot refused this contact A new contact", text)
    assert "Written: First name" in text
    assert "ก่อนหน้านั้น: HubSpot ไม่รับผู้ติดต่อนี้" in text_of(user.read("leads/lead-1", **TH))


def test_a_lead_that_cannot_be_retried_is_reported(user: ConsoleUser) -> None:
    user.park("lead-1", "unreadable: this program cannot read this event", mid=None)
    answer = user.submit("retry", lead="lead-1")
    page = user.session.get(user.line.url + answer.headers["Location"], timeout=5).text
    assert "1 cannot be retried as it is: discard it." in page
    assert "Nothing was done" not in page
    assert user.state("lead-1") == "parked"


def test_discarding_asks_first_and_removes_only_the_leads_shown(user: ConsoleUser) -> None:
    for number in range(2):
        user.park(f"lead-{number}")
    user.redis.zadd(keys.PARKED, {"lead-0": 1, "lead-1": 2})
    asked = user.read("discard?code=refused&reason=HubSpot+refused+this+contact")
    assert "Discard 2 leads?" in asked
    assert "removed for good" in asked
    assert user.state("lead-0") == "parked"
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked))
    user.park("later")
    user.redis.zadd(keys.PARKED, {"later": int(form["until"]) + 1})
    answer = user.submit("discard", **form)
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"command": ["discard"], "done": ["2"]}
    assert [user.state(one) for one in ("lead-0", "lead-1", "later")] == ["discarded", "discarded", "parked"]


def test_one_lead_is_discarded(user: ConsoleUser) -> None:
    user.park("lead-1")
    user.park("lead-2")
    assert "Discard 1 lead?" in user.read("discard?lead=lead-1")
    assert user.submit("discard", lead="lead-1").headers["Location"].startswith("/console/leads/lead-1?")
    assert [user.state(one) for one in ("lead-1", "lead-2")] == ["discarded", "parked"]


def test_an_action_on_no_lead_says_so(user: ConsoleUser) -> None:
    answer = user.submit("retry", code="refused", reason="nothing of the kind")
    assert "Nothing was done." in user.session.get(user.line.url + answer.headers["Location"], timeout=5).text
    user.add_lead("written", customer_id="c", state="created")
    for query in ("code=x&reason=y", "lead=no-such-lead", "lead=written"):
        assert "There is nothing to discard any more." in user.read(f"discard?{query}")


@pytest.mark.parametrize("query", ["?command=drop&done=1", "?command=retry&done=-1&gone=x&left=99999999999999"])
def test_a_forged_result_in_the_address_is_not_shown(user: ConsoleUser, query: str) -> None:
    assert not re.search(r"tried again|discarded|are left", user.read(query).split("<main")[0])


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
        r"customer has said something newer .* No message to the customer 15 Nov 2023 05:13:22 quiet hours",
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
    assert "The contact in HubSpot was updated matched by email only" in page
    assert "Cart: the contact is another chat customer's, matched by email only" in page
    assert "ตรงกันเฉพาะอีเมล" in text_of(user.read("leads/lead-1", **TH))


def test_the_last_actions_are_listed_newest_first(user: ConsoleUser) -> None:
    assert "Nobody has done anything yet." in user.read("actions")
    user.redis.xadd(keys.ACTIONS, {"c": "retry", "l": "lead-1", "u": "ann"}, id="1700000000000-0")
    user.redis.xadd(keys.ACTIONS, {"c": "forget", "u": "bob"}, id="1700000001000-0")
    for path in ("", "actions"):
        listed = text_of(user.read(path))
        assert "15 Nov 2023 05:13:21 Customer forgotten bob 15 Nov 2023 05:13:20 Retried lead-1 ann" in listed


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


def fill(user: ConsoleUser, count: int, **by_number: Callable[[int], Any]) -> None:
    pipe = user.redis.pipeline(transaction=False)
    for number in range(count):
        pipe.hset(keys.receipt(f"lead-{number}"), mapping={"c": f"customer-{number}", "s": "created", "r": 1})
        pipe.xadd(keys.LEADS, {"e": f"lead-{number}"})
    pipe.execute()


def customers(page: str) -> list[str]:
    return re.findall(r">customer-(\d+)</a>", page)


def find_older(page: str) -> str:
    """The path of the page that lists older leads, "" on the last one."""
    found = re.search(r'id="older" href="/console/([^"]+)"', page)
    return html.unescape(found[1]) if found else ""


def read_all(user: ConsoleUser, path: str, listed: Callable[[str], list[str]]) -> list[str]:
    """What `listed` finds on the page `path` and on all older ones, in their order."""
    seen = []
    while path:
        page = user.read(path)
        seen += listed(page)
        path = find_older(page)
    return seen


def lead_ids(page: str) -> list[str]:
    return re.findall(r'id="lead-([^"]+)"', page)


def test_leads_are_listed_newest_first_and_paging_shows_each_once(user: ConsoleUser) -> None:
    fill(user, 2 * PAGE + 3)
    seen = read_all(user, "leads", customers)
    assert seen == [str(number) for number in reversed(range(2 * PAGE + 3))]


@pytest.mark.parametrize("text", ["Customer-77", "lead-77", "9077", " customer-77 "])
def test_a_lead_is_found_by_customer_contact_or_lead(user: ConsoleUser, text: str) -> None:
    fill(user, 100)
    user.redis.hset(keys.receipt("lead-77"), "h", "9077")
    assert customers(user.read(f"leads?q={text}")) == ["77"]


def test_leads_are_found_by_state(user: ConsoleUser) -> None:
    fill(user, 100)
    for number in (3, 50):
        user.redis.hset(keys.receipt(f"lead-{number}"), "s", "updated")
    assert customers(user.read("leads?state=updated")) == ["50", "3"]
    assert customers(user.read("leads?state=updated&q=customer-3")) == ["3"]
    assert customers(user.read("leads?state=updated&q=lead-4")) == []


def leave_unsent(user: ConsoleUser, lead: str, message: str = "failed: DealDroid answered 502") -> None:
    user.add_lead(lead, customer_id=f"customer-{lead}", state="created", contact_id="501", message=message)
    for command in store_unsent({b"e": lead.encode(), b"c": b'{"id":"c"}', b"t": b'"Thank you"'}, 1_700_000_000_000):
        user.redis.execute_command(*command)


def test_the_tile_the_filter_the_causes_and_the_headline_count_the_same_leads(user: ConsoleUser) -> None:
    for number in range(PAGE + 5):
        user.park(f"parked-{number}")
    for number in range(4):
        leave_unsent(user, f"unsent-{number}")
    user.add_lead("given-up", state="created", contact_id="501", message="failed: a week ago, and nobody retried it")
    waiting = PAGE + 9
    page = user.read()
    assert f"{waiting} leads need you" in page
    assert re.search(rf'id="need-you"[^>]*>{waiting}</a>', page)
    assert f"{PAGE + 5} leads HubSpot refused" in text_of(page)
    seen = read_all(user, "leads?state=parked", lead_ids)
    assert (len(seen), len(set(seen))) == (waiting, waiting)
    assert "given-up" not in seen


def test_leads_that_need_a_person_can_be_searched(user: ConsoleUser) -> None:
    user.park("lead-1")
    leave_unsent(user, "lead-2")
    assert lead_ids(user.read("leads?state=parked&q=customer-lead")) == ["lead-2"]


def test_many_that_began_to_wait_at_the_same_moment_are_each_listed_once(user: ConsoleUser) -> None:
    user.redis.zadd(keys.PARKED, {f"lead-{number}": 5 for number in range(3 * PAGE)})
    seen = read_all(user, "leads?state=parked", lead_ids)
    assert sorted(seen) == sorted(f"lead-{number}" for number in range(3 * PAGE))


@pytest.mark.parametrize("path", ["", "leads", "leads/lead-1"])
def test_a_lead_that_is_no_plain_success_says_so_beside_its_state(user: ConsoleUser, path: str) -> None:
    email = Note("email", "dropped", "it is not a valid email address")
    user.add_lead("lead-1", customer_id="c", state="created", contact_id="1", notes=[email], message="failed: why")
    page = user.read(path)
    assert '<span class="state created flawed">New contact</span>' in page
    assert re.search("New contact without email message not sent", text_of(page))
    assert "ไม่มีอีเมล ส่งข้อความไม่สำเร็จ" in text_of(user.read(path, **TH))


def test_what_is_not_in_hubspot_is_not_said_to_be(user: ConsoleUser) -> None:
    for state in ("waiting", "parked", "held", "discarded", "created"):
        user.add_lead(f"lead-{state}", state=state)
    assert "Among the newest 1 leads that are in HubSpot. Nothing was left out." in text_of(user.read())


def test_a_plain_success_has_no_more_than_its_state(user: ConsoleUser) -> None:
    user.add_lead("lead-1", customer_id="c", state="created", contact_id="1", message="sent")
    assert "flaw" not in user.read("leads")


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


def test_a_dry_run_of_some_workers_is_not_told_as_one_of_all(user: ConsoleUser) -> None:
    add_worker(user)
    now = time.time() * 1000
    user.redis.zadd(keys.WORKERS, {"dry": now})
    user.redis.zadd(keys.DRY_WORKERS, {"dry": now})
    for path in ("", "leads"):
        text = text_of(user.read(path))
        assert text.count("Dry run on some workers") == 1
        assert "nothing reaches HubSpot" not in text


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


def test_a_search_scans_a_limited_number_of_leads_and_can_be_continued(user: ConsoleUser) -> None:
    fill(user, SCAN_LIMIT + 10)
    user.redis.hset(keys.receipt("lead-5"), "h", "9005")
    page = user.read("leads?q=9005&state=created")
    assert f"{SCAN_LIMIT:,} leads were searched" in page
    assert customers(page) == []
    rest = user.read(find_older(page))
    assert customers(rest) == ["5"]
    assert "10 leads were searched" in rest


def test_an_expired_receipt_is_skipped(user: ConsoleUser) -> None:
    fill(user, 5)
    user.redis.delete(keys.receipt("lead-2"))
    assert customers(user.read("leads")) == ["4", "3", "1", "0"]


def test_concurrent_pages_are_limited_so_that_the_intake_has_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.console.views.MAX_CONCURRENT", 0)
    settings = read_receiver({"DEALDROID_SECRET": "s", "CONSOLE_PASSWORD": "pw"})
    app = Flask("test")
    app.register_blueprint(blueprint(connect(settings.shared), Spool(tmp_path, Machine()), settings, str))
    answer = app.test_client().get("/console/", auth=("leadsync", "pw"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "Too many pages are open at once." in answer.text


@pytest.fixture(params=["refuses", "hangs"])
def redis_away(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a Redis that is not there, or accepts connections and never answers."""
    if request.param == "refuses":
        yield f"redis://127.0.0.1:{own_port()}/0"
        return
    with socket.create_server(("127.0.0.1", 0), backlog=128) as silent:
        yield f"redis://127.0.0.1:{silent.getsockname()[1]}/0"


def test_while_redis_is_away_the_page_says_where_leads_are(spare_line: Callable[..., Line], redis_away: str) -> None:
    line = spare_line(redis_away, CONSOLE_PASSWORD=PASSWORD, WEB_CONCURRENCY="1")
    line.start("web")
    line.await_web()
    line.send(lead("c-1"))
    user = ConsoleUser(line)
    with user.session:
        for path in ("", "leads", "leads/any", "actions", "discard?code=x"):
            answer = user.get(path)
            assert answer.status_code == 503
            assert "Redis does not answer Leads are kept on this machine&#39;s disk (1 so far)" in re.sub(
                r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)
            )
        assert user.session.post(line.url + "/console/retry", {"lead": "x"}, timeout=5).status_code == 403


def test_leads_on_the_disk_are_counted_and_those_of_another_redis_apart(user: ConsoleUser) -> None:
    folder = Path(user.line.environ["SPOOL_DIR"])
    assert "stored for another Redis" not in user.read()
    with closing(Spool(folder, Machine(), "another-address")) as other:
        other.put(b"{}", 1)
        try:
            page = user.read()
            assert "1 more were stored for another Redis: see leadsync spool list" in page
            assert "1 รายการเก็บไว้สำหรับ Redis อื่น" in user.read("?lang=th")
            assert re.search(r"On this disk</dt><dd>0<small>Redis has them all", page)
            metrics = requests.get(user.line.url + "/metrics", timeout=5).text
            assert "leadsync_spooled 0.0" in metrics
            assert "leadsync_spooled_foreign 1.0" in metrics
        finally:
            other.delete([row.id for row in other.read_oldest(9)])
    assert "stored for another Redis" not in user.read()
