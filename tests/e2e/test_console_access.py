"""WCAG 2.2 AA for the console's pages beside those of `test_console.py`: what waits, errors, roles, the keyboard."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from werkzeug.security import generate_password_hash

from leadcore.logins import HASH_METHOD
from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.posts import LAST
from tests.chromium import DESKTOP, NARROW, PHONE
from tests.conftest import PATIENT, Line, lead, open_line
from tests.e2e.test_console import Browser, clear_faults, driver, park

__all__ = ["driver"]  # the fixture

PASSWORD = "a-password-of-somebody"
USERS = " ".join(
    f"{name}:{role}:{generate_password_hash(PASSWORD, HASH_METHOD)}"
    for name, role in (("nok.suksan-na-ayutthaya@example.com", "sales"), ("ann", "admin"))
)
REF = "K73FX219"
# A page is opened once in each language: another width, or dark, takes no new one.
VIEWS = {"en": ((NARROW, False), (PHONE, True)), "th": ((NARROW, True), (PHONE, False), (DESKTOP, False))}
FOCUSABLE = "a, button, input:not([type=hidden]), select, summary, [tabindex='0']"
# Every focusable thing in turn: whether it is seen, has an outline, and is in front of whatever is there.
FOCUSED = """
const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height, innerHeight) / 2];
const top = document.elementFromPoint(x, y);
return {
  html: one.outerHTML.slice(0, 120), body: one === document.body,
  inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  inFront: !!top && (top === one || one.contains(top) || top.contains(one)),
  outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
}
"""


class Colleague(Browser):
    """A person with a login of their own."""

    def __init__(self, driver: webdriver.Chrome, line: Line, name: str) -> None:
        super().__init__(driver, line)
        self.base = line.url.replace("//", f"//{name.replace('@', '%40')}:{PASSWORD}@") + "/console/"

    def press(self, key: str) -> None:
        """Press it wherever the focus is; an element of its own may be gone by the time that it is sent a key."""
        ActionChains(self.driver).send_keys(key).perform()


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    with open_line(tmp_path_factory.mktemp("team"), next(databases), CONSOLE_USERS=USERS, WEB_CONCURRENCY="1") as line:
        line.start("worker", "--count", "1")
        line.start("web", **PATIENT)
        line.await_web()
        line.await_workers(1)
        yield line


@pytest.fixture
def furnished(team: Line) -> dict[str, str]:
    """Name -> path of each page and state."""
    team.reset()
    team.redis.zadd(keys.LAST_POST, {LAST: team.redis.time()[0] * 1000})
    team.await_workers(1)
    team.sync(lead("c-1", name="Nok Suksan", phone="0812345678"))
    park(team, "p-1")
    clear_faults(team)
    team.post({"customer_id": "p-2", "intent": "Purchase", "secret": lead()["secret"]})
    written, parked = team.receipt("c-1").lead, team.receipt("p-1").lead
    flat = pack(order="created", order_ref=REF)
    team.redis.hset(keys.receipt(written), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))
    team.redis.hset(keys.order(REF), mapping={"amount": "125050", "currency": "THB"})
    record = {"stage": "s1", "label": "Shipped", "cause": "bulk", "why": "bulk", "reference": REF}
    team.redis.hset(keys.STAGES_ORDERS, "77", json.dumps(record))
    team.redis.zadd(keys.STAGES_HELD, {"77": team.redis.time()[0] * 1000})
    return {
        "overview": "",
        "lead": f"leads/{written}",
        "parked": f"leads/{parked}",
        "stages": "stages",
        "stages-done": "stages?command=release&done=2",
        "messages": "messages",
        "actions-none": "actions",
        "matches-none": "matches",
        "discard-one": f"discard?lead={parked}",
        "discard-none": "discard?lead=nobody",
        "missing": "no/such/page",
        "setup": "setup",
    }


@pytest.mark.parametrize("name", ["ann", "nok.suksan-na-ayutthaya@example.com"])
def test_no_page_of_a_role_keeps_anybody_out(
    driver: webdriver.Chrome, team: Line, furnished: dict[str, str], name: str
) -> None:
    """Nothing that axe-core finds, and nothing that runs out of a narrow screen, in both languages, light and dark."""
    person, found = Colleague(driver, team, name), dict[str, Any]()
    for (page, path), (language, views) in itertools.product(furnished.items(), VIEWS.items()):
        person.open(f"{path}{'&' if '?' in path else '?'}lang={language}")
        person.unfold()
        for width, dark in views:
            person.look(width, dark=dark)
            person.shoot(f"{name[:3]}-{page}-{language}-{'dark' if dark else 'light'}-{width}")
            over = person.run("return document.documentElement.scrollWidth") - width
            barriers = [*person.barriers(), *([f"{over} px too wide"] if over > 0 else [])]
            if barriers:
                found[f"{page} {language} {width}"] = barriers
    # The browser notes the answers that are errors, rightly.
    assert all("status of 40" in each for each in person.complaints())
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


def test_everything_is_reached_by_keyboard_and_seen_when_it_is(
    driver: webdriver.Chrome, team: Line, furnished: dict[str, str]
) -> None:
    person = Colleague(driver, team, "ann")
    for width, path in itertools.product((NARROW, DESKTOP), ("", furnished["parked"], "stages", "setup")):
        person.look(width)
        person.open(f"{path}?lang=en")
        person.run("for (const each of document.querySelectorAll('[data-refresh]')) delete each.dataset.refresh")
        wanted = person.run(
            "return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility()).length",
            FOCUSABLE,
        )
        reached: list[dict[str, Any]] = []
        while len(reached) <= wanted:
            person.press(Keys.TAB)
            now = person.run(FOCUSED)
            if now["body"] or (reached and now["html"] == reached[0]["html"]):
                break
            reached.append(now)
        assert len(reached) == wanted, (path, [one["html"] for one in reached])
        assert [one for one in reached if not (one["inView"] and one["inFront"] and one["outlined"])] == []


def test_the_skip_link_leads_past_the_navigation(
    driver: webdriver.Chrome, team: Line, furnished: dict[str, str]
) -> None:
    person = Colleague(driver, team, "ann")
    person.look()
    person.open(furnished["parked"] + "?lang=en")
    person.press(Keys.TAB)
    assert "Skip" in person.run("return document.activeElement.innerText")
    person.press(Keys.ENTER)
    assert person.run("return document.activeElement.id") == "main"
    person.press(Keys.TAB)
    assert person.run("return document.activeElement.id") == "back"
