"""Lists of leads: pages, searches, and what stands beside a state."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from leadcore.receipts import BY_EMAIL_ONLY, Note
from leadcore.store import keys
from receiver.console.queries import PAGE, SCAN_LIMIT
from tests.receiver.console.conftest import TH, ConsoleUser, text_of
from workers.rules.delivery import store_unsent


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
    assert f"{PAGE + 5} leads and 4 messages need you" in page
    assert f"มี {PAGE + 5} ลีด และ 4 ข้อความรอจัดการ" in user.read(**TH)
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


@pytest.mark.parametrize("path", ["", "leads", "leads/lead-1"])
def test_a_lead_matched_by_email_only_says_so_because_the_name_is_another_customers(
    user: ConsoleUser, path: str
) -> None:
    user.add_lead("lead-1", customer_id="c", state="updated", contact_id="1", reason=BY_EMAIL_ONLY, message="sent")
    assert '<span class="state flaw">matched by email only</span>' in user.read(path)
    assert '<span class="state flaw">ตรงกันเฉพาะอีเมล</span>' in user.read(path, **TH)


def test_what_is_not_in_hubspot_is_not_said_to_be(user: ConsoleUser) -> None:
    for state in ("waiting", "parked", "held", "discarded", "created"):
        user.add_lead(f"lead-{state}", state=state)
    assert "Of the newest 1 lead that is in HubSpot. Nothing was left out." in text_of(user.read())


def test_a_plain_success_has_no_more_than_its_state(user: ConsoleUser) -> None:
    user.add_lead("lead-1", customer_id="c", state="created", contact_id="1", message="sent")
    assert "flaw" not in user.read("leads")


def test_a_search_scans_a_limited_number_of_leads_and_can_be_continued(user: ConsoleUser) -> None:
    fill(user, SCAN_LIMIT + 10)
    user.redis.hset(keys.receipt("lead-5"), "h", "9005")
    page = user.read("leads?q=9005&state=created")
    assert f"{SCAN_LIMIT:,} were searched" in page
    assert customers(page) == []
    rest = user.read(find_older(page))
    assert customers(rest) == ["5"]
    assert "10 were searched" in rest


def test_an_expired_receipt_is_skipped(user: ConsoleUser) -> None:
    fill(user, 5)
    user.redis.delete(keys.receipt("lead-2"))
    assert customers(user.read("leads")) == ["4", "3", "1", "0"]
