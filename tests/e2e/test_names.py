"""Names in the console: a salesperson recognises customers, and nothing of them is kept or slows a page."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from selenium import webdriver

from leadcore.matches import Match
from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.posts import LAST
from tests.chromium import open_chromium
from tests.conftest import PATIENT, Line, eventually, open_line
from tests.e2e.test_console import PASSWORD, PHONE, Browser

READ, SEARCH = "contacts/batch/read", "contacts/search"
TOO_LATE = "HubSpot gave no names in time."
NO_ANSWER = "HubSpot does not answer right now."


@pytest.fixture(scope="module")
def running_shop(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("names")
    config = folder / "names.toml"
    config.write_text("[console]\nnames = true\n")
    environ = {"LEADSYNC_CONFIG": str(config), "CONSOLE_PASSWORD": PASSWORD, "LOG_LEVEL": "DEBUG"}
    with open_line(folder, next(databases), WEB_CONCURRENCY="1", **environ) as line:
        line.start("web", **PATIENT)
        line.await_web()
        yield line


@pytest.fixture
def shop(running_shop: Line) -> Line:
    running_shop.reset()
    running_shop.redis.flushdb()
    running_shop.redis.zadd(keys.LAST_POST, {LAST: int(time.time() * 1000)})
    return running_shop


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory, processes: None) -> Iterator[webdriver.Chrome]:
    with open_chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def browser(driver: webdriver.Chrome, shop: Line) -> Iterator[Browser]:
    driver.delete_all_cookies()
    one = Browser(driver, shop)
    one.look()
    yield one
    assert one.complaints() == []


def add_lead(shop: Line, customer: str, **properties: str) -> str:
    """A written lead of a contact with these properties; the contact's id."""
    contact = shop.crm.create(dealdroid_customer_id=customer, **properties)
    name = f"lead-{customer}"
    flat = pack(
        customer_id=customer,
        intent="Purchase",
        state="created",
        contact_id=contact,
        received_ms=int(time.time() * 1000),
    )
    shop.redis.hset(keys.receipt(name), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))
    shop.redis.xadd(keys.LEADS, {"e": name})
    return contact


def read(shop: Line, path: str = "", **headers: str) -> str:
    answer = requests.get(f"{shop.url}/console/{path}", headers=headers, auth=("leadsync", PASSWORD), timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.text


def read_named(shop: Line, path: str = "") -> tuple[str, int]:
    """A page, and how often HubSpot was asked for its names: again, some seconds later, where this machine stood still
    for longer than a page waits for them."""

    def ask() -> tuple[str, int] | None:
        before = shop.crm.calls(READ)
        page = read(shop, path)
        return None if TOO_LATE in page else (page, shop.crm.calls(READ) - before)

    named = eventually(ask, 60)
    assert named
    return named


def find(shop: Line, text: str, **form: str) -> requests.Response:
    """What a search answers, from the form of the page."""
    token = read(shop, "leads").split('name="token" value="')[1].split('"')[0]
    data = {"token": token, "q": text, **form}
    url = f"{shop.url}/console/find"
    return requests.post(url, data, auth=("leadsync", PASSWORD), timeout=10, allow_redirects=False)


def find_named(shop: Line, text: str) -> requests.Response:
    """What a search answers once HubSpot did so in time; see `read_named`."""

    def ask() -> requests.Response | None:
        answer = find(shop, text)
        return None if TOO_LATE in answer.text or NO_ANSWER in answer.text else answer

    found = eventually(ask, 60)
    assert found is not None
    return found


@pytest.mark.parametrize("path", ["", "leads", "leads/lead-c-1"])
def test_a_page_shows_the_names_of_its_contacts_by_one_call(shop: Line, path: str) -> None:
    add_lead(shop, "c-2", firstname="Mali", lastname="Jaidee")
    add_lead(shop, "c-1", firstname="นก", lastname="สุขสันต์")
    page, calls = read_named(shop, path)
    assert "นก สุขสันต์" in page
    assert calls == 1


def test_a_contact_that_is_gone_costs_no_further_call_and_no_page(shop: Line) -> None:
    add_lead(shop, "c-1", firstname="Nok")
    contact = add_lead(shop, "c-2", firstname="Mali")
    requests.delete(
        f"{shop.crm.url}/crm/v3/objects/contacts/{contact}", headers={"Authorization": "Bearer pat-test"}, timeout=5
    ).raise_for_status()
    page, calls = read_named(shop, "leads")
    assert "Nok" in page
    assert "c-2" in page
    assert calls == 1


def test_a_name_cannot_become_markup(shop: Line) -> None:
    add_lead(shop, "c-1", firstname="<b>Nok</b>")
    assert "&lt;b&gt;Nok&lt;/b&gt;" in read_named(shop)[0]


def test_a_page_that_has_its_names_asks_for_none(shop: Line) -> None:
    add_lead(shop, "c-1", firstname="Nok")
    assert "Nok" not in read(shop, **{"Leadsync-Names": "kept"})
    assert shop.crm.calls(READ) == 0


def test_a_slow_hubspot_gives_a_page_without_names_and_is_left_alone_for_a_while(shop: Line) -> None:
    add_lead(shop, "c-1", firstname="Nok")
    shop.crm.settings(latency=5.0)

    def is_quick() -> bool:
        """Whether a page that asked was; one is not where this machine stood still meanwhile."""
        asked, started = shop.crm.portal.quota.today, time.monotonic()
        assert TOO_LATE in read(shop)
        return time.monotonic() - started < 3 and shop.crm.portal.quota.today > asked

    eventually(is_quick, 60)
    shop.crm.settings(latency=0.0)
    assert TOO_LATE in read(shop)


@pytest.fixture
def answering(shop: Line) -> Line:
    """Names are given again, whatever a test before broke."""
    add_lead(shop, "c-0", firstname="Somchai")
    eventually(lambda: "Somchai" in read(shop), 60)
    return shop


def test_names_take_their_part_of_the_quota_and_wait_for_none(answering: Line) -> None:

    def take() -> set[bytes]:
        before = {*answering.redis.zrange(keys.BUDGET, 0, -1)}
        is_late = TOO_LATE in read(answering)
        return set() if is_late else {*answering.redis.zrange(keys.BUDGET, 0, -1)} - before

    assert len(eventually(take, 60)) == 1
    free_ms = int(time.time() * 1000) + 10_000
    answering.redis.zadd(keys.BUDGET, {f"taken:{number}": free_ms for number in range(100)})
    calls = answering.crm.calls(READ)
    assert TOO_LATE in read(answering)
    assert answering.crm.calls(READ) == calls


def test_while_the_line_is_paused_nobody_is_asked(answering: Line) -> None:
    calls = answering.crm.calls(READ)
    answering.redis.hset(keys.PAUSE, mapping={"code": "server", "reason": "why", "since": 1, "until": 2})
    read(answering, "leads")
    assert answering.crm.calls(READ) == calls


@pytest.mark.parametrize("text", ["nok@example.com", "081 234 5678", "+66812345678"])
def test_an_email_or_a_phone_finds_the_contact(answering: Line, text: str) -> None:
    answering.crm.settings(search_lag=0.0)
    add_lead(answering, "c-1", firstname="Nok", email="nok@example.com", phone="+66812345678")
    answer = find_named(answering, text)
    assert answer.status_code == 200
    assert "Nok" in answer.text
    assert "q=c-1" in answer.text


def test_a_search_waits_for_hubspot_as_long_as_any_page(answering: Line) -> None:
    answering.crm.settings(search_lag=0.0)
    add_lead(answering, "c-1", firstname="Nok", email="c@example.com")
    add_lead(answering, "c@example.com", firstname="Mali")
    token = read(answering, "leads").split('name="token" value="')[1].split('"')[0]

    def search() -> tuple[str, str]:
        """The page, and the next one; empty where this machine stood still meanwhile."""
        answering.crm.settings(latency=1.0)
        started, form = time.monotonic(), {"token": token, "q": "c@example.com"}
        answer = requests.post(f"{answering.url}/console/find", form, auth=("leadsync", PASSWORD), timeout=10)
        seconds = time.monotonic() - started
        answering.crm.settings(latency=0.0)
        return (answer.text, read(answering)) if "Nok" in answer.text and seconds < 1.5 + 1.0 else ("", "")

    def has_both() -> str:
        """HubSpot, which was given less time for the names, is not left alone for it."""
        page, following = search()
        return page if "Somchai" in following else ""

    assert TOO_LATE in eventually(has_both, 60)


def test_the_matches_say_that_only_the_first_have_names(answering: Line) -> None:
    contacts = [answering.crm.create(firstname="Mali") for _ in range(101)]
    for number, contact in enumerate(contacts[1:]):
        answering.redis.hset(keys.MATCHES, f"d{number}", Match(f"line-{number}", contact, 1_700_000_000_000).pack())
    assert 'id="names-first"' not in read(answering, "matches")
    answering.redis.hset(keys.MATCHES, "d100", Match("line-100", contacts[0], 1_600_000_000_000).pack())
    page, _ = read_named(answering, "matches")
    assert page.count(">Mali</span>") == 100
    assert "Only the first 100 contacts have their names here." in page
    assert "Only the first 100" in read(answering, "matches", **{"Leadsync-Names": "kept"})


def test_what_was_searched_for_is_kept_nowhere(answering: Line) -> None:
    answering.crm.settings(search_lag=0.0)
    add_lead(answering, "c-1", firstname="Nok", email="nok@example.com", mobilephone="+66812345678")
    for text in ("nok@example.com", "0812345678", "0899999999"):
        assert find(answering, text).status_code == 200
    kept = b"".join(answering.redis.dump(key) or b"" for key in answering.redis.scan_iter("*"))
    log = b"".join(path.read_bytes() for path in answering.folder.rglob("*") if path.is_file())
    for private in (b"nok@example", b"812345678", b"899999999", b"Nok"):
        assert private not in kept
        assert private not in log


def test_what_was_found_stands_under_the_leads(answering: Line) -> None:
    page = find(answering, "somchai@example.com").text
    assert '<a href="/console/leads" aria-current="page">' in page
    assert 'class="language" href="/console/leads?lang=' in page


def test_a_number_that_is_an_id_finds_its_lead(answering: Line) -> None:
    add_lead(answering, "5551234567", firstname="Nok")
    assert "lead-5551234567" in find(answering, "5551234567").text


@pytest.mark.parametrize("text", ["Somchai Jaidee", "สมชาย", "Nok", "O'Brien", "Mali-Anne", "١٢٣", "c-1 Nok", "นก1"])
def test_a_name_comes_into_no_address(answering: Line, text: str) -> None:
    add_lead(answering, "c-1", firstname="Nok")
    answer = find(answering, text)
    assert (answer.status_code, answer.headers.get("Location")) == (200, None)
    assert 'id="people"' in answer.text


@pytest.mark.parametrize("text", ["", "c-1", "line:u.4_2"])
def test_other_searches_have_an_address(answering: Line, text: str) -> None:
    answer = find(answering, text, state="created")
    assert answer.status_code == 303
    path, _, query = answer.headers["Location"].partition("?")
    assert path.endswith("/console/leads")
    assert dict(parse_qsl(query)) == {**({"q": text} if text else {}), "state": "created"}


def test_a_search_from_another_site_is_refused(answering: Line) -> None:
    assert find(answering, "0812345678", token="x").status_code == 403
    assert answering.crm.calls(SEARCH) == 0


@pytest.mark.parametrize("changed", [{"LEADSYNC_CONFIG": ""}, {"HUBSPOT_ACCESS_TOKEN": ""}])
def test_without_the_switch_or_a_token_the_console_shows_ids(
    tmp_path: Path, databases: Iterator[str], processes: None, changed: dict[str, str]
) -> None:
    config = tmp_path / "names.toml"
    config.write_text("[console]\nnames = true\n")
    environ = {"LEADSYNC_CONFIG": str(config), "CONSOLE_PASSWORD": PASSWORD, "WEB_CONCURRENCY": "1", **changed}
    with open_line(tmp_path, next(databases), **environ) as line:
        line.redis.zadd(keys.LAST_POST, {LAST: int(time.time() * 1000)})
        line.start("web", **PATIENT)
        line.await_web()
        add_lead(line, "c-1", firstname="Nok")
        page = read(line)
        assert "c-1" in page
        assert "Nok" not in page
        assert 'action="/console/leads" method="get"' in page
        assert line.crm.calls(READ) == 0


def test_a_salesperson_recognises_and_finds_customers(browser: Browser, answering: Line) -> None:
    answering.crm.settings(search_lag=0.0)
    add_lead(answering, "c-1", firstname="นก", lastname="สุขสันต์", phone="+66812345678")
    browser.open()
    browser.await_text("นก สุขสันต์", "Somchai")
    calls: int = answering.crm.calls(READ)
    for _ in range(3):
        browser.refresh()
    browser.await_text("นก สุขสันต์")
    assert answering.crm.calls(READ) == calls
    add_lead(answering, "c-2", firstname="Mali")
    eventually(lambda: "Mali" in browser.text(), 60)
    for width, dark in ((1280, False), (PHONE, True)):
        browser.look(width, dark=dark)
        browser.shoot(f"names-{width}")
        assert browser.barriers() == []
    browser.look()
    browser.open("leads")
    field: Any = browser.find("input[name=q]")
    field.send_keys("081-234-5678")
    browser.click("Search")
    browser.await_text("Contacts in HubSpot", "นก สุขสันต์")
    assert "5678" not in str(browser.run("return location.href"))
    browser.shoot("names-found")
    assert browser.barriers() == []
    browser.click("c-1")
    eventually(lambda: str(browser.run("return location.href")).endswith("leads?q=c-1"))


@pytest.mark.parametrize("count", [1, 101])
def test_what_hubspot_has_no_name_for_is_asked_once(browser: Browser, answering: Line, count: int) -> None:
    contacts = [answering.crm.create(firstname="Mali") for _ in range(count - 1)]
    contacts.append(answering.crm.create(email="nameless@example.com"))
    for number, contact in enumerate(contacts):
        answering.redis.hset(keys.MATCHES, f"d{number}", Match(f"line-{number}", contact, 1_700_000_000_000).pack())
    browser.open("matches")
    calls = answering.crm.calls(READ)
    for _ in range(3):
        browser.run("namesAsked = 0")
        browser.refresh()
    assert answering.crm.calls(READ) == calls
    answering.redis.hset(
        keys.MATCHES, "new", Match("line-new", answering.crm.create(firstname="Nok"), 1_800_000_000_000).pack()
    )
    browser.run("namesAsked = 0")
    browser.refresh()
    browser.await_text("Nok")
    assert answering.crm.calls(READ) == calls + 1
