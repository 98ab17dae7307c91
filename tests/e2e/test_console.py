"""The lead console in a real browser, over the whole line."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from leadcore.fields import RECEIPT
from leadcore.receipts import HELD, PARKED, pack_names
from leadcore.store import keys
from leadcore.store.posts import LAST
from tests.chromium import DESKTOP, NARROW, PHONE, find_barriers, look, open_chromium, shoot
from tests.conftest import PATIENT, SHARDS, Line, eventually, lead, open_line
from workers.rules.settlement import DRY_RUN

PASSWORD = "kept-from-strangers"


class Browser:
    """A person with a Chromium at the console."""

    def __init__(self, driver: webdriver.Chrome, line: Line) -> None:
        self.driver, self.line = driver, line
        self.base = line.url.replace("//", f"//leadsync:{PASSWORD}@") + "/console/"

    def open(self, path: str = "") -> None:
        self.driver.get(self.base + path)

    def look(self, width: int = DESKTOP, *, dark: bool = False) -> None:
        look(self.driver, width, dark=dark)

    def text(self) -> str:
        return str(self.run("return document.body.innerText"))

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def refresh(self) -> None:
        """Let the page refresh itself now, as it does every few seconds."""
        self.driver.execute_async_script("refresh().then(arguments[0])")

    def unfold(self) -> None:
        """Show all that can be unfolded, and let the page stay as it is, as one that is hidden does."""
        self.run("Object.defineProperty(document, 'hidden', {value: true})")
        self.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, words: str) -> None:
        """Click the link or button with these words, once it is there."""

        def clicked() -> bool:
            try:
                for one in self.driver.find_elements(By.CSS_SELECTOR, "a, button, summary"):
                    if words in one.text and one.is_displayed():
                        one.click()
                        return True
            except StaleElementReferenceException:  # the page refreshed itself
                pass
            return False

        eventually(clicked)

    def await_text(self, *words: str, gone: str = "") -> None:
        def is_there() -> bool:
            text = self.text()
            return all(one in text for one in words) and not (gone and gone in text)

        try:
            eventually(is_there)
        except AssertionError:
            raise AssertionError(f"{words}, but not {gone!r}, in:\n{self.text()}") from None

    def mark(self) -> None:
        """Set something that a reload would lose."""
        self.run("window.marked = true")

    def assert_not_reloaded(self) -> None:
        assert self.run("return window.marked") is True

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        shoot(self.driver, "console", name)

    def complaints(self) -> list[str]:
        """What the browser has written into its own console since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]  # selenium's

    def barriers(self) -> list[str]:
        """What axe-core finds on this page."""
        return find_barriers(self.driver)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("shop")
    with open_line(folder, next(databases), CONSOLE_PASSWORD=PASSWORD, WEB_CONCURRENCY="1") as line:
        line.start("worker", "--count", "2")
        line.start("web", **PATIENT)
        line.await_web()
        line.await_workers(2)
        yield line


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory, processes: None) -> Iterator[webdriver.Chrome]:
    with open_chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def browser(driver: webdriver.Chrome, shop: Line) -> Iterator[Browser]:
    """A page that complains fails the test that looked at it."""
    shop.reset()
    shop.redis.zadd(keys.LAST_POST, {LAST: shop.redis.time()[0] * 1000})
    driver.delete_all_cookies()
    one = Browser(driver, shop)
    one.look()
    yield one
    assert one.complaints() == []


def park(line: Line, *customers: str) -> None:
    """Let a rule of the portal refuse these customers until `clear_faults`."""
    line.crm.fault("row_refused", rows=100)
    line.sync(*(lead(one, name="Nok Suksan", phone="0812345678") for one in customers))
    assert {line.receipt(one).state for one in customers} == {PARKED}


def forget_posts(line: Line) -> None:
    """Be a shop to which DealDroid never posted. The receiver notes a post up to a second later: the last one must be
    noted before it is forgotten."""
    line.redis.delete(keys.LAST_POST)
    seconds, microseconds = line.redis.time()
    line.sync(lead("before-the-first"))
    # By the receiver's clock, which it set by Redis' a busy moment ago.
    since_ms = seconds * 1000 + microseconds // 1000 - 1000
    eventually(lambda: (line.redis.zscore(keys.LAST_POST, LAST) or 0) >= since_ms)
    line.reset()


def hold(line: Line, customer: str) -> None:
    """Turn the customer's parked lead into one that a dry run held back."""
    one = line.receipt(customer).lead
    line.redis.rename(keys.parked(one), keys.held(one))
    line.redis.zrem(keys.PARKED, one)
    line.redis.zadd(keys.HELD, {one: line.redis.time()[0] * 1000})
    line.redis.hset(keys.receipt(one), mapping={"s": HELD, "y": DRY_RUN, "f": pack_names(["firstname", "phone"])})


def run_dry(line: Line, workers: int = 2) -> None:
    """Let the workers of this line be said to run dry, for the next minutes."""
    line.await_workers(workers)  # an emptied Redis knows them again with their next heartbeat
    later = (line.redis.time()[0] + 300) * 1000
    line.redis.zadd(keys.DRY_WORKERS, dict.fromkeys(line.redis.zrange(keys.WORKERS, 0, -1), later))


def clear_faults(line: Line) -> None:
    line.crm.control("DELETE", "faults")


def test_a_lead_arrives_is_parked_is_retried_and_is_written(browser: Browser, shop: Line) -> None:
    browser.open()
    browser.await_text("Everything works", "No leads yet.")
    browser.mark()
    shop.sync(lead("first-customer", intent="Purchase", name="Somchai Jaidee", phone="0812345678"))
    browser.await_text("first-customer", "New contact")
    browser.assert_not_reloaded()
    browser.click("first-customer")
    browser.await_text("Received from DealDroid", "A new contact in HubSpot", "Confirmed to the customer in the chat")
    contact = shop.receipt("first-customer").contact_id
    link = browser.find("#contact").get_attribute("href")
    assert link == f"https://app.hubspot.com/contacts/44000001/record/0-1/{contact}"
    browser.click("Back to the overview")
    browser.mark()
    park(shop, "second", "third", "fourth")
    browser.await_text("3 leads need you", "HubSpot refused this contact", "fix it, then retry")
    browser.assert_not_reloaded()
    clear_faults(shop)
    browser.click("Retry all 3")
    browser.await_text("3 are tried again.")
    browser.await_text("Everything works", "Last actions", "Retried", gone="Retry all")
    shop.settle()
    assert {one.state for one in shop.receipts()} == {"created"}
    browser.click("Actions")
    browser.await_text("Retried", "console")


def test_a_dry_run_is_shown_and_what_it_held_back_is_written_after_it(browser: Browser, shop: Line) -> None:
    park(shop, "first", "second")
    clear_faults(shop)
    for customer in ("first", "second"):
        hold(shop, customer)
    browser.open()
    browser.await_text("2 leads are held back since the dry run", "Write all 2")
    browser.mark()
    run_dry(shop)
    browser.await_text("Dry run: nothing reaches HubSpot", "Not in HubSpot", gone="Write all 2")
    assert "Everything works" not in browser.text()
    browser.shoot("dry-run")
    shop.redis.delete(keys.DRY_WORKERS)
    browser.await_text("Write all 2", gone="Dry run: nothing reaches HubSpot")
    browser.assert_not_reloaded()
    browser.click("Write all 2")
    browser.await_text("Everything works", gone="Held back since")
    shop.settle()
    assert {one.state for one in shop.receipts()} == {"created"}


def test_a_pause_is_shown_and_ends_by_itself(browser: Browser, shop: Line) -> None:
    browser.open()
    browser.await_text("Everything works")
    browser.mark()
    shop.crm.fault("401")
    shop.send(lead("c-1", name="Somchai Jaidee"))
    browser.await_text("Leads wait for HubSpot", "HubSpot refuses the access token.", "Nothing is lost.")
    browser.shoot("paused")
    clear_faults(shop)
    shop.settle(hasten=True)
    browser.await_text("Everything works", "New contact", gone="Leads wait")
    browser.assert_not_reloaded()


def test_discarding_asks_first(browser: Browser, shop: Line) -> None:
    park(shop, "one", "two")
    clear_faults(shop)
    browser.open()
    browser.click("Discard all 2")
    browser.await_text("Discard 2 leads?", "removed for good")
    browser.click("Keep them")
    browser.await_text("2 leads need you")
    browser.click("Discard all 2")
    browser.click("Discard for good")
    browser.await_text("2 are discarded.", "Everything works")
    assert {one.state for one in shop.receipts()} == {"discarded"}


def test_everything_works_without_javascript(browser: Browser, shop: Line) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        park(shop, "one", "two")
        clear_faults(shop)
        browser.open("leads?q=one")
        browser.click("one")
        browser.click("Retry")
        eventually(lambda: "1 is tried again." in browser.driver.page_source)
        browser.click("Back to the overview")
        browser.click("Discard 1")
        browser.click("Discard for good")
        eventually(lambda: "1 is discarded." in browser.driver.page_source)
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    shop.settle()
    assert [one.state for one in shop.receipts()] == ["created", "discarded"]


@pytest.mark.parametrize("is_off", [False, True])
def test_an_order_is_marked_as_paid_only_after_a_question(browser: Browser, shop: Line, is_off: bool) -> None:
    shop.sync(lead("c-1", name="Nok", phone="0812345678"))
    written = shop.receipt("c-1").lead
    reference = "K73FX219"
    shop.redis.hset(keys.receipt(written), mapping={RECEIPT["order"]: "created", RECEIPT["order_ref"]: reference})
    shop.redis.hset(keys.order(reference), mapping={"amount": "125050", "currency": "THB"})
    stream = keys.entries(keys.PAYMENTS, keys.shard_of(reference, SHARDS))
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": is_off})
    try:
        browser.look(PHONE)
        browser.open(f"leads/{written}")
        browser.click("Mark as paid: 1,250.50 THB")
        eventually(lambda: browser.driver.find_element(By.CSS_SELECTOR, "#paid form").is_displayed())
        assert shop.redis.xlen(stream) == 0
        browser.click("Yes, the money has come")
        eventually(lambda: "It is being noted that the order is paid." in browser.driver.page_source)
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert shop.redis.xlen(stream) == 1


def test_on_a_phone_the_states_of_a_lead_leave_room_for_the_customer(browser: Browser, shop: Line) -> None:
    shop.sync(lead("line-nida", name="Nida", email="nida@example", phone="12"))
    browser.look(PHONE)
    browser.open("?lang=th")
    row = "const row = document.querySelector('table.leads tbody tr'); "
    assert browser.run(row + "return row.querySelectorAll('.state').length") == 3
    assert browser.run(row + "return row.querySelector('.who').offsetWidth / row.offsetWidth") >= 0.3


def test_a_page_that_refreshes_itself_chooses_no_language(browser: Browser) -> None:
    """Of two open pages, one in each language, neither changes what the next page is read in."""
    browser.open("?lang=th")
    browser.driver.execute_async_script("fetch(location.origin + location.pathname + '?lang=en').then(arguments[0])")
    browser.refresh()
    browser.open("leads")
    assert browser.run("return document.documentElement.lang") == "en"


def test_a_page_that_refreshes_itself_keeps_its_language(browser: Browser) -> None:
    """Else what it shows would be in another one than what stands above it, once that is chosen on another page."""
    browser.open("?lang=en")
    browser.open("leads")
    title = browser.driver.title
    browser.driver.execute_async_script("fetch(location.origin + location.pathname + '?lang=th').then(arguments[0])")
    browser.refresh()
    refreshed = browser.driver.title
    browser.open("leads")
    assert browser.driver.title != title
    browser.open("?lang=en")
    assert refreshed == title


def test_a_refresh_disturbs_nobody(browser: Browser, shop: Line) -> None:
    shop.sync(*(lead(f"c-{number}", name=f"Nok {number}") for number in range(8)))
    browser.look(PHONE)
    browser.open()
    browser.run("document.querySelector('#chart-table').open = true; scrollTo(0, 600)")
    focused = shop.receipt("c-5").lead
    browser.run("document.getElementById(arguments[0]).focus({preventScroll: true})", f"lead-{focused}")
    shop.sync(lead("while-reading", name="Mana"))
    browser.refresh()
    assert "while-reading" in browser.text()
    assert browser.run("return document.activeElement.id") == f"lead-{focused}"
    assert browser.run("return [scrollY, document.querySelector('#chart-table').open]") == [600, True]
    browser.find("input[type=search]").send_keys("c-")
    shop.sync(lead("while-typing", name="Manee"))
    browser.refresh()
    assert "while-typing" not in browser.text()
    assert browser.find("input[type=search]").get_attribute("value") == "c-"
    browser.run("document.activeElement.blur()")
    browser.refresh()
    assert "while-typing" in browser.text()


def test_the_first_hour_ends_with_a_test_lead_in_hubspot_and_the_first_post(browser: Browser, shop: Line) -> None:
    forget_posts(shop)
    shop.await_workers(2)
    for language in ("en", "th"):
        browser.open(f"?lang={language}")
        for width, dark in itertools.product((NARROW, PHONE, DESKTOP), (False, True)):
            browser.look(width, dark=dark)
            browser.shoot(f"setup-{language}-{'dark' if dark else 'light'}-{width}")
            assert browser.run("return document.documentElement.scrollWidth") <= width
            assert browser.barriers() == []
    browser.look()
    browser.open("?lang=en")
    browser.await_text("it is a legacy private app's", "2 workers are alive.", "never")
    assert browser.run("return [...document.querySelectorAll('.ticks > .todo')].map((each) => each.id)") == [
        "tick-test",
        "tick-post",
    ]
    browser.mark()
    browser.click("Copy")
    browser.await_text("Copied")
    browser.assert_not_reloaded()
    browser.click("Send a test lead")
    browser.await_text("New contact", "Show the test lead", "never")
    assert shop.chat.told() == []
    browser.open()
    shop.sync(lead("c-1"))
    browser.await_text("Last post from DealDroid", "c-1", gone="Paste this URL")
    browser.click("Setup")
    browser.await_text("Paste this URL into DealDroid")


def test_the_url_for_dealdroid_can_be_selected_without_javascript(browser: Browser, shop: Line) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.open("setup")
        assert browser.find("#intent-url").text == "/api/v1/intent-handler"
        assert not browser.find("#copy-url").is_displayed()
        browser.find("#send-test").click()
        eventually(lambda: "Show the test lead" in browser.driver.page_source)
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    shop.settle()


def test_a_hidden_page_asks_for_nothing(browser: Browser, shop: Line) -> None:
    browser.open()
    browser.run("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    shop.sync(lead("unseen", name="Nok"))
    browser.refresh()
    assert "unseen" not in browser.text()
    browser.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    browser.await_text("unseen")


def test_a_page_that_loses_its_receiver_says_so(browser: Browser) -> None:
    browser.open()
    browser.run("window.kept = fetch; window.fetch = () => Promise.reject(new TypeError('away'))")
    browser.refresh()
    assert "No connection. What you see may be old." in browser.text()
    browser.run("window.fetch = window.kept")
    browser.refresh()
    assert "No connection" not in browser.text()


def test_the_language_is_changed_and_stays(browser: Browser) -> None:
    browser.open()
    browser.click("ไทย")
    browser.await_text("ทุกอย่างทำงานปกติ")
    browser.click("ลีดทั้งหมด")
    browser.await_text("ค้นหา")
    browser.click("English")
    browser.await_text("Search")


@pytest.fixture
def furnished(browser: Browser, shop: Line) -> Callable[[], dict[str, str]]:
    """Every kind of page with something on it: name -> path."""

    def furnish() -> dict[str, str]:
        shop.sync(*(lead(f"c-{n}", name=f"Nok {n}", phone="call me", email="no email") for n in range(4)))
        shop.sync(lead("c-9"))
        park(shop, "p-1", "p-2")
        shop.post({"customer_id": "p-3", "intent": "Purchase", "secret": lead()["secret"]})
        park(shop, "p-4")
        hold(shop, "p-4")
        clear_faults(shop)
        run_dry(shop)
        shop.redis.hincrby(keys.hour(shop.redis.time()[0] // 3600), "held", 1)
        shop.redis.xadd(keys.ACTIONS, {"c": "discard", "l": "gone", "u": "ann"})
        shop.sync(lead("c-5", email="one@two-chats.co.th"), lead("c-6", name="Lek", email="one@two-chats.co.th"))
        written, parked = shop.receipt("c-1").lead, shop.receipt("p-1").lead
        return {
            "overview": "",
            "done": "?command=retry&done=3&gone=1&refused=1&left=2",
            "leads": "leads",
            "search": "leads?q=c-&state=created",
            "nothing-found": "leads?q=nobody",
            "lead": f"leads/{written}",
            "parked": f"leads/{parked}",
            "held": f"leads/{shop.receipt('p-4').lead}",
            "actions": "actions",
            "matches": "matches",
            "setup": "setup",
            "discard": "discard?code=refused&reason=HubSpot+refused+this+contact",
        }

    return furnish


def test_no_page_keeps_anybody_out(browser: Browser, furnished: Callable[[], dict[str, str]]) -> None:
    """Nothing that axe-core finds, and nothing that runs out of a narrow screen, in both languages, light and dark."""
    found: dict[str, list[str]] = {}
    for (name, path), language in itertools.product(furnished().items(), ("en", "th")):
        browser.open(f"{path}{'&' if '?' in path else '?'}lang={language}")
        browser.unfold()
        for width, dark in ((PHONE, False), (DESKTOP, True)):
            browser.look(width, dark=dark)
            browser.shoot(f"{name}-{language}-{'dark' if dark else 'light'}-{width}")
            assert browser.run("return document.documentElement.scrollWidth") <= width, name
            barriers = browser.barriers()
            if barriers:
                found[f"{name} {language} {width}"] = barriers
    browser.look(DESKTOP)
    browser.line.redis.delete(keys.DRY_WORKERS)
    browser.open("?lang=en")
    browser.shoot("overview-en-light-1280")
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


def test_a_stranger_sees_nothing(driver: webdriver.Chrome, shop: Line, tmp_path: Path) -> None:
    shop.reset()
    driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    driver.get(shop.url.replace("127.0.0.1", "localhost") + "/console/")
    assert "leads" not in driver.find_element(By.CSS_SELECTOR, "body").text.lower()
    driver.get_log("browser")  # type: ignore[no-untyped-call]  # the browser notes the 401, rightly
