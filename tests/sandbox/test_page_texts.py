"""The sandbox page in two languages, what it says of a lead, and that nobody is kept out of it."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any, get_args, get_type_hints

import pytest
from selenium import webdriver

from leadcore.receipts import STATES
from sandbox import page, page_texts
from sandbox.dealdroid import DealDroidFault
from sandbox.http_server import running
from sandbox.hubspot.faults import HubSpotFault
from tests.chromium import find_barriers, look, open_chromium, shoot
from tests.conftest import PATIENT, SECRET, Line, eventually, open_line
from tests.e2e.test_console import clear_faults, run_dry

ALL = {
    **page_texts.TEXTS,
    **{f"fault {key}": both for key, both in page_texts.FAULTS.items()},
    **{f"switch {key}": both for key, both in page_texts.SWITCHES.items()},
    **{f"example {key}": both for key, both in page_texts.EXAMPLES.items()},
}
SAME = {"hubspot", "trouble.hubspot"}
HTML = (Path(page.__file__).parent / "page.html").read_text(encoding="utf-8")
THAI = re.compile(r"[\u0e00-\u0e7f]")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", ALL)
def test_every_text_is_there_in_both_languages(key: str) -> None:
    english, thai = ALL[key]
    assert THAI.search(thai) or key in SAME
    assert not THAI.search(english)
    assert all(placeholders(form) == placeholders(thai) for form in english.split("|"))


def test_every_text_is_used_and_every_used_one_is_there() -> None:
    named = set(re.findall(r'\bt\.(\w+) \}\}|t\["([\w.]+)"\]|\bt\("([\w.]+)"|"(group\.\w+)"', HTML))
    used = {key for groups in named for key in groups if key}
    used |= set(re.findall(r't\(lead \? "([\w.]+)" : "[\w.]+"\)', HTML))
    used |= set(re.findall(r't\(lead \? "[\w.]+" : "([\w.]+)"\)', HTML))
    states = {f"lead.{state}" for state in STATES}
    assert used | states == page_texts.TEXTS.keys()


def test_every_fault_switch_and_example_has_a_text() -> None:
    kinds = {kind for fault in (HubSpotFault, DealDroidFault) for kind in get_args(get_type_hints(fault)["kind"])}
    assert page_texts.FAULTS.keys() == kinds
    assert page_texts.SWITCHES.keys() == page.SWITCHES.keys()
    assert page_texts.EXAMPLES.keys() == {
        each.stem for each in (Path(page.__file__).parent / "payloads").glob("*.json")
    }


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("sandbox")
    with open_line(folder, next(databases), CONSOLE_PASSWORD="kept-from-strangers", WEB_CONCURRENCY="1") as line:
        line.start("worker", "--count", "1")
        line.start("web", **PATIENT)
        line.await_web()
        line.await_workers(1)
        yield line


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory, processes: None) -> Iterator[webdriver.Chrome]:
    with open_chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def url(line: Line, driver: webdriver.Chrome) -> Iterator[str]:
    line.reset()
    line.await_workers(1)
    driver.delete_all_cookies()
    app = page.create_app(line.url, SECRET, line.crm.url, line.chat.url, line.environ["REDIS_URL"], "")
    with running(app) as server:
        yield server.url
    assert driver.get_log("browser") == []  # type: ignore[no-untyped-call]  # selenium's


def text_of(driver: webdriver.Chrome, selector: str = "body") -> str:
    return str(driver.execute_script("return document.querySelector(arguments[0]).innerText", selector))


def send(driver: webdriver.Chrome, body: dict[str, Any]) -> None:
    eventually(lambda: not driver.execute_script("return document.querySelector('#send').disabled"))
    driver.execute_script(
        "const area = document.querySelector('#body'); area.value = arguments[0];"
        "area.dispatchEvent(new Event('input')); document.querySelector('#send').click()",
        json.dumps(body),
    )


def event(customer: str, mid: str = "m-1", **info: str) -> dict[str, Any]:
    return {"mid": mid, "customer_id": customer, "intent": "Purchase", "contact_info": info}


def outcome(driver: webdriver.Chrome, words: str) -> str:
    """What the link under these words leads to, once they are there."""
    try:
        eventually(lambda: words in text_of(driver, "#outcome"))
    except AssertionError:
        raise AssertionError(f"{words!r} is not in {text_of(driver)!r}") from None
    found: str = driver.execute_script("return document.querySelector('#outcome a').href")
    return found


def test_the_page_says_what_became_of_the_event_and_links_to_the_lead(
    driver: webdriver.Chrome, line: Line, url: str
) -> None:
    look(driver)
    driver.get(f"{url}?lang=en")
    eventually(lambda: driver.execute_script("return document.querySelector('#body').value"))
    send(driver, event("c-1", name="Nok Suksan", phone="0812345678"))
    lead = outcome(driver, "A new contact was made in HubSpot.")
    assert lead == f"{line.url}/console/leads/{line.receipt('c-1').lead}"
    eventually(lambda: "First Name" in text_of(driver, "#contacts"))
    send(driver, event("c-1", name="Nok Suksan", phone="0812345678"))
    assert outcome(driver, "Duplicate: this event came already, so nothing happens.") == lead
    send(driver, event("c-1", "m-2", name="Nok Suksan"))
    assert outcome(driver, "Nothing changed: HubSpot already had all") != lead
    send(driver, event("c-2"))
    outcome(driver, "Nothing was written: the event has no contact details")
    driver.get(f"{url}?lang=th")
    eventually(lambda: driver.execute_script("return document.querySelector('#body').value"))
    send(driver, event("c-2"))
    assert outcome(driver, "ซ้ำ: เคยได้รับข้อมูลนี้แล้ว") == f"{line.url}/console/leads?q=c-2"
    line.crm.fault("row_refused", rows=100)
    send(driver, event("c-3", name="Lek", phone="0823456789"))
    assert outcome(driver, "บันทึกไม่ได้ รอจัดการ: HubSpot ").endswith(line.receipt("c-3").lead)
    clear_faults(line)


def test_without_redis_the_page_still_works() -> None:
    client = page.create_app("http://127.0.0.1:1", "s", "http://127.0.0.1:1", "http://127.0.0.1:1").test_client()
    assert client.get("/lead?customer=c&since=0").json == {"lead": "", "state": "", "why": ""}


def test_the_language_is_the_browsers_until_one_is_chosen_and_stays() -> None:
    client = page.create_app("http://127.0.0.1:1", "s", "http://127.0.0.1:1", "http://127.0.0.1:1").test_client()
    assert '<html lang="th">' in client.get("/", headers={"Accept-Language": "th-TH,th;q=0.9,en;q=0.8"}).text
    assert '<html lang="th">' in client.get("/", headers={"Accept-Language": "th-TH,en;q=0.8"}).text
    assert '<html lang="en">' in client.get("/", headers={"Accept-Language": "ja"}).text
    assert '<html lang="en">' in client.get("/?lang=xx").text
    assert '<html lang="th">' in client.get("/?lang=th").text
    assert '<html lang="th">' in client.get("/", headers={"Accept-Language": "en"}).text
    names = [each["name"] for each in client.get("/examples").json["payloads"]]
    assert names == [thai for _, thai in page_texts.EXAMPLES.values()]
    said = [each["said"] for each in client.get("/examples").json["payloads"]]
    assert said[-1] == names[-1], "what the customer types, in their language"
    assert set(said[:-1]) == {""}


def test_faults_stay_in_reach_wherever_the_page_is(driver: webdriver.Chrome, line: Line, url: str) -> None:
    look(driver)
    driver.get(f"{url}?lang=en")
    eventually(lambda: driver.execute_script("return document.querySelectorAll('.chip').length") > 10)
    for place in ("scrollTo(0, 0)", "document.querySelector('main').scrollTo(0, 9999)"):
        driver.execute_script(place)
        top, bottom, height = driver.execute_script(
            "const box = document.querySelector('#trouble summary').getBoundingClientRect();"
            "return [box.top, box.bottom, innerHeight]"
        )
        assert 0 <= top < bottom <= height
    driver.execute_script("document.querySelector('#trouble summary').click()")
    driver.execute_script("document.querySelector('.chip[data-kind=\"503\"]').click()")
    eventually(lambda: "1 fault on" in text_of(driver, "#trouble summary"))
    clear_faults(line)


def test_only_the_newest_contact_is_open_and_what_a_reader_opened(driver: webdriver.Chrome, url: str) -> None:
    look(driver)
    driver.get(f"{url}?lang=en")
    eventually(lambda: driver.execute_script("return document.querySelector('#body').value"))

    def list_open() -> list[str]:
        return list(driver.execute_script("return [...document.querySelectorAll('.contact[open]')].map(({id}) => id)"))

    def add(customer: str) -> str:
        before = list_open()[:1]
        send(driver, event(customer, name="Nok Suksan", email=f"{customer}@two-chats.co.th"))
        eventually(lambda: list_open()[:1] not in ([], before))
        return list_open()[0]

    first, second = add("open-1"), add("open-2")
    assert list_open() == [second]
    driver.execute_script("document.getElementById(arguments[0]).open = true", first)
    third = add("open-3")
    assert list_open() == [third, first]


@pytest.mark.parametrize("width", [360, 820])
def test_the_chat_stands_right_below_what_was_sent_however_much_is_in_hubspot(
    driver: webdriver.Chrome, url: str, width: int
) -> None:
    look(driver, width)
    driver.get(f"{url}?lang=en")
    eventually(lambda: driver.execute_script("return document.querySelector('#body').value"))
    send(driver, event("c-1", name="Nok Suksan", phone="0812345678"))
    eventually(lambda: "First Name" in text_of(driver, "#contacts"))
    gap = driver.execute_script(
        "document.querySelector('#contacts').style.minHeight = '4000px';"
        "const [above, chat] = ['#customer', '#chat'].map((one) => document.querySelector(one))"
        "  .map((one) => one.getBoundingClientRect());"
        "return chat.top - above.bottom"
    )
    assert 0 <= gap < 40


def test_the_page_keeps_nobody_out(driver: webdriver.Chrome, line: Line, url: str) -> None:
    """axe-core finds nothing and nothing runs out of the screen, with contacts, an order's card and the faults open."""
    found: dict[str, list[str]] = {}
    look(driver)
    driver.get(f"{url}?lang=en")
    eventually(lambda: driver.execute_script("return document.querySelector('#body').value"))
    send(driver, event("c-1", name="Nok Suksan", phone="0812345678", email="nok@two-chats.co.th"))
    outcome(driver, "A new contact")
    order = {"hs_order_name": "Shirts", "hs_total_price": "500", "hs_currency_code": "THB"}
    line.crm.control("POST", "orders", {"properties": order, "associations": {}})
    run_dry(line, 1)
    for language in ("en", "th"):
        driver.get(f"{url}?lang={language}")
        eventually(lambda: "Shirts" in text_of(driver, "#sales") and "Nok" in text_of(driver, "#contacts"))
        driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        for width, dark in itertools.product((320, 360, 1280), (False, True)):
            look(driver, width, dark=dark)
            shoot(driver, "sandbox", f"{language}-{'dark' if dark else 'light'}-{width}")
            assert driver.execute_script("return document.documentElement.scrollWidth") <= width
            barriers = find_barriers(driver)
            if barriers:
                found[f"{language} {width} {dark}"] = barriers
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)
