"""The leads that a salesperson asks for: by day, intent, and what they lack."""

import csv
import html
import io
import re
from zoneinfo import ZoneInfo

import pytest

from leadcore.receipts import Receipt
from leadcore.store import keys
from receiver.console.filters import as_query, parse_filter, write_csv
from receiver.console.queries import LeadFilter
from tests.receiver.console.conftest import ConsoleUser

ZONE = ZoneInfo("Asia/Bangkok")
NOON_MS = 1_772_000_000_000  # 2026-02-25 13:13 in Bangkok
DAY_MS = 86_400_000


@pytest.fixture
def shop(user: ConsoleUser) -> ConsoleUser:
    """Three leads of three days."""
    user.add_lead("lead-1", NOON_MS - DAY_MS, customer_id="c-1", intent="Ask", state="created", fields=("email",))
    user.add_lead("lead-2", NOON_MS, customer_id="c-2", intent="Purchase", state="created", message="failed: why")
    user.add_lead("lead-3", NOON_MS + DAY_MS, customer_id="c-3", intent="Purchase", state="updated", message="sent")
    user.redis.delete(keys.LEADS)
    for number in (1, 2, 3):
        user.redis.xadd(keys.LEADS, {"e": f"lead-{number}"}, id=f"{NOON_MS + (number - 2) * DAY_MS}-0")
    return user


@pytest.mark.parametrize(
    ("query", "leads"),
    [
        ("intent=purchase", {"lead-2", "lead-3"}),
        ("intent=Purch", set()),
        ("only=no_email", {"lead-2"}),
        ("only=unsent", {"lead-2"}),
        ("only=confirmed", {"lead-3"}),
        ("state=written", {"lead-1", "lead-2", "lead-3"}),
        ("from=2026-02-25", {"lead-2", "lead-3"}),
        ("to=2026-02-25", {"lead-1", "lead-2"}),
        ("from=2026-02-25&to=2026-02-25", {"lead-2"}),
        ("from=2026-02-25&intent=Purchase&only=confirmed", {"lead-3"}),
        ("from=nonsense&only=nonsense&to=9999-12-31", {"lead-1", "lead-2", "lead-3"}),
    ],
)
def test_leads_are_found_by_day_intent_and_what_they_lack(shop: ConsoleUser, query: str, leads: set[str]) -> None:
    page = shop.read(f"leads?{query}")
    assert {
        one for one in ("lead-1", "lead-2", "lead-3") if f'id="{one}"' in page.replace('id="lead-lead', 'id="lead')
    } == leads
    rows = list(csv.DictReader(io.StringIO(shop.get(f"leads.csv?{query}").content.decode("utf-8-sig"))))
    assert {row["lead"] for row in rows} == leads


@pytest.mark.parametrize("hours", [2, 30, 24 * 20])
def test_a_lead_that_waited_on_a_disk_is_found_by_its_day(shop: ConsoleUser, hours: int) -> None:
    shop.redis.hset(keys.receipt("lead-late"), mapping={"r": NOON_MS, "s": "created", "c": "c-late"})
    shop.redis.xtrim(keys.LEADS, maxlen=2)
    listed_ms = NOON_MS + DAY_MS + hours * 3_600_000
    shop.redis.xadd(keys.LEADS, {"e": "lead-late"}, id=f"{listed_ms}-0")
    day = "from=2026-02-25&to=2026-02-25"
    found, path = "", f"leads?{day}"
    for _ in range(3):
        page = shop.read(path)
        found += page
        older = re.search(r'id="older" href="/console/([^"]+)"', page)
        if older is None:
            break
        path = html.unescape(older[1])
    assert [name for name in ("lead-2", "lead-3", "lead-late") if f'id="lead-{name}"' in found] == [
        "lead-2",
        "lead-late",
    ]
    rows = list(csv.DictReader(io.StringIO(shop.get(f"leads.csv?{day}").content.decode("utf-8-sig"))))
    assert [row["lead"] for row in rows] == ["lead-2", "lead-late"]


@pytest.mark.parametrize("day", ["0026-11-28", "0001-01-01", "1969-12-31", "1970-01-01", "9999-12-31", "2026-02-30"])
@pytest.mark.parametrize("side", ["from", "to"])
def test_a_day_that_no_lead_can_have_limits_nothing(shop: ConsoleUser, side: str, day: str) -> None:
    rows = shop.get(f"leads.csv?{side}={day}").content.decode("utf-8-sig")
    is_limit = (side, day) in (("to", "1970-01-01"), ("from", "9999-12-31"))
    assert len(rows.splitlines()) == (1 if is_limit else 4)
    assert shop.get(f"leads?{side}={day}").status_code == 200


@pytest.mark.parametrize("path", ["leads", "leads.csv", "leads?state=parked"])
@pytest.mark.parametrize("before", ["99999999999999999999-0", "1-99999999999999999999", "18446744073709551616-1"])
def test_a_place_in_the_list_that_there_cannot_be_is_its_beginning(shop: ConsoleUser, path: str, before: str) -> None:
    assert shop.get(f"{path}{'&' if '?' in path else '?'}before={before}").status_code == 200


@pytest.mark.parametrize(("day", "is_found"), [("2026-02-25", True), ("2026-02-26", False)])
def test_a_day_begins_at_midnight_of_the_shop(user: ConsoleUser, day: str, is_found: bool) -> None:
    user.add_lead("lead-1", 1_772_038_799_999, customer_id="c-1")  # the last millisecond of the 25th
    assert ("c-1" in user.read(f"leads?from={day}")) == is_found


def test_the_csv_has_ids_and_never_what_a_customer_said(shop: ConsoleUser) -> None:
    answer = shop.get("leads.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    header, *rows = answer.content.decode("utf-8-sig").splitlines()
    assert header == '"lead","customer_id","contact_id","state","intent","received"'
    assert '"lead-2","c-2","","created","Purchase","2026-02-25T13:13:20+07:00"' in rows
    assert len(rows) == 3


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"])
def test_a_spreadsheet_takes_no_id_for_a_formula(text: str) -> None:
    assert read_back(Receipt("lead-1", customer_id=text))["customer_id"] == f"'{text}"


@pytest.mark.parametrize("text", ["1234567890123456", "00000000000000001", "24512345678901234567", " 1234567890123456"])
def test_a_spreadsheet_rounds_no_long_id(text: str) -> None:
    row = read_back(Receipt(text, customer_id=text, contact_id=text))
    assert [row[name] for name in ("lead", "customer_id", "contact_id")] == [f"'{text}"] * 3


@pytest.mark.parametrize("text", ["123456789012345", "c-1234567890123456", "a,b", 'a"b', "a\r\nb", "a;b"])
def test_other_ids_stand_in_the_csv_as_they_are(text: str) -> None:
    assert read_back(Receipt("lead-1", customer_id=text))["customer_id"] == text


def read_back(receipt: Receipt) -> dict[str, str]:
    [row] = csv.DictReader(io.StringIO(write_csv([receipt], ZONE).removeprefix("\ufeff"), newline=""))
    return row


@pytest.mark.parametrize(
    "query",
    [{}, {"q": "c-1", "state": "written", "intent": "ถาม", "only": "unsent", "from": "2026-02-25", "to": "2026-02-28"}],
)
def test_a_filter_has_an_address_that_means_it(query: dict[str, str]) -> None:
    lead_filter = parse_filter(query, ZONE)
    assert bool(lead_filter) == bool(query)
    assert as_query(lead_filter, ZONE) == query
    assert parse_filter({}, ZONE) == LeadFilter()


def test_the_figures_link_to_the_leads_that_they_count(shop: ConsoleUser) -> None:
    page = shop.read()
    for link in (
        "leads?state=waiting",
        "leads?state=written&amp;from=",
        "leads?only=confirmed&amp;from=",
        "leads?state=parked",
    ):
        assert f'href="/console/{link}' in page


def test_the_tab_counts_what_needs_a_person(user: ConsoleUser) -> None:
    assert "<title>Lead console</title>" in user.read()
    user.park("lead-1")
    assert "<title>(1) Lead console</title>" in user.read()


@pytest.mark.parametrize("path", ["", "leads", "leads/lead-1", "messages", "actions", "matches", "stages", "setup"])
def test_pages_name_their_time_zone(user: ConsoleUser, path: str) -> None:
    user.add_lead("lead-1", customer_id="c-1", state="created")
    assert user.read(path).count("Asia/Bangkok") == 1
    assert "Asia/Bangkok" in user.read(path, **{"Accept-Language": "th"})


def test_the_chart_has_a_scale(user: ConsoleUser) -> None:
    hour = int(user.redis.time()[0]) // 3600
    user.redis.hincrby(f"leadsync:counts:{hour}", "created", 1234)
    assert "<span>1,234</span><span>0</span>" in user.read()
