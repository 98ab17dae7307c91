"""WCAG 2.2 AA for what the console shows when it cannot do what was asked, or has nothing to show."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from leadcore.machine import Machine
from leadcore.settings import read_receiver
from leadcore.store import keys
from leadcore.store.connection import connect
from leadcore.store.posts import LAST
from receiver.console.views import blueprint
from receiver.intake.spool import Spool
from sandbox.http_server import running
from tests.chromium import DESKTOP, NARROW, PHONE
from tests.conftest import own_port
from tests.e2e.test_console import PASSWORD, Browser, driver

__all__ = ["driver"]  # the fixture

pytestmark = pytest.mark.processes
NOWHERE = "redis://127.0.0.1:{port}/0"
WORDS = {
    "busy": ("The console is busy", "ขณะนี้มีการใช้งานมาก"),
    "redis-away": ("Redis does not answer", "Redis ไม่ตอบ"),
    "forged": ("did not come from the console", "คำสั่งนี้ไม่ได้ส่งมาจากคอนโซล"),
    "no-leads": ("No leads yet", "ยังไม่มีลีด"),
    "nothing-found": ("No lead matches", "ไม่พบลีดที่ตรงกัน"),
}
PATHS = {"no-leads": "leads", "nothing-found": "leads?q=nobody-9", "forged": "setup"}
# The language's place in `WORDS`, the width, and whether it is dark.
VIEWS = ((0, NARROW, False), (1, NARROW, True), (0, PHONE, True), (1, PHONE, False), (1, DESKTOP, False))
FORGE = "document.querySelector('form[method=post] [name=token]').value = 'forged'"


@pytest.fixture
def console(tmp_path: Path, databases: Iterator[str]) -> Iterator[Callable[[str], Any]]:
    """A console that is in one of the states of `WORDS`, by its name."""
    servers: list[Any] = []

    def start(state: str) -> SimpleNamespace:
        url = NOWHERE.format(port=own_port()) if state == "redis-away" else next(databases)
        settings = read_receiver({"DEALDROID_SECRET": "s" * 32, "CONSOLE_PASSWORD": PASSWORD, "REDIS_URL": url})
        redis = connect(settings.shared)
        if state != "redis-away":
            redis.zadd(keys.LAST_POST, {LAST: 1_700_000_000_000})
        app = Flask("console")
        app.register_blueprint(blueprint(redis, Spool(tmp_path, Machine()), settings, str))
        servers.append(running(app))
        return SimpleNamespace(url=servers[-1].__enter__().url)

    yield start
    for one in servers:
        one.__exit__(None, None, None)


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("state", list(WORDS))
def test_no_state_keeps_anybody_out(
    driver: webdriver.Chrome,
    console: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    scripts: bool,
) -> None:
    """In both languages, narrow and wide, light and dark, with JavaScript and without, axe-core finds nothing, nothing
    runs out of the screen, the page says in words what is the matter, and the keyboard leads on."""
    if state == "busy":
        monkeypatch.setattr("receiver.console.views.MAX_CONCURRENT", 0)
    person, found = Browser(driver, console(state)), dict[str, Any]()
    for language, width, dark in VIEWS if scripts else VIEWS[:2]:
        person.look(width, dark=dark)
        path = PATHS.get(state, "")
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        try:
            person.open(f"{path}{'&' if '?' in path else '?'}lang={('en', 'th')[language]}")
        finally:
            driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        if state == "forged":
            person.run(FORGE)
            person.find("form[method=post] button").send_keys(Keys.ENTER)
        person.await_text(WORDS[state][language])
        person.shoot(f"state-{state}-{('en', 'th')[language]}-{'dark' if dark else 'light'}-{width}")
        over = person.run("return document.documentElement.scrollWidth") - width
        barriers = [*person.barriers(), *([f"{over} px too wide"] if over > 0 else [])]
        driver.switch_to.active_element.send_keys(Keys.TAB)
        if state != "forged" and not person.run("return document.activeElement.matches('.skip')"):
            barriers.append("the keyboard does not begin with the way past the navigation")
        if barriers:
            found[f"{language} {width} {dark}"] = barriers
    # The browser notes the answers that are errors, rightly.
    assert all("status of 40" in each or "status of 503" in each for each in person.complaints())
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)
