"""`leadsync run` in a real browser: "I want to buy 2 bags of dog food", a link, a code, paid, thanked; no account."""

import base64
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from receiver.pay.emv import read_fields
from tests.chromium import keep, open_chromium
from tests.conftest import ROOT, eventually
from tests.e2e.test_console import DESKTOP

WORDS = "I want to buy 2 bags of dog food"
SECONDS = 60.0


@pytest.fixture
def page_url(tmp_path: Path, processes: None) -> Iterator[str]:
    """The sandbox page of a run with nothing set."""
    log = tmp_path / "run.log"
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with log.open("wb") as out:
        run = subprocess.Popen(
            [sys.executable, "-m", "leadsync", "run", "--ephemeral"],
            cwd=tmp_path,
            env={**clean, "PYTHONPATH": str(ROOT), "PORT": "0"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: "Ctrl-C ends it all." in log.read_text() or run.poll() is not None, 120)
        found = re.search(r"Sandbox page +(\S+)", log.read_text())
        assert found, log.read_text()
        yield found[1]
    finally:
        run.terminate()
        run.wait(30)


class Walker:
    """Somebody who tries it."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def text(self, selector: str = "body") -> str:
        return str(self.driver.execute_script("return document.querySelector(arguments[0]).innerText", selector))

    def await_text(self, selector: str, *words: str) -> None:
        try:
            eventually(lambda: all(one in self.text(selector) for one in words), SECONDS)
        except AssertionError:
            raise AssertionError(f"{words} in:\n{self.text()}") from None

    def shoot(self, name: str) -> bytes:
        width, height = self.driver.execute_script("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        picture = base64.b64decode(shot["data"])
        keep(picture, "walk", name)
        return picture

    def press(self, words: str) -> None:
        self.driver.execute_script(
            "[...document.querySelectorAll('button')].find((one) => one.textContent === arguments[0]).click()", words
        )


@pytest.fixture
def walker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walker]:
    with open_chromium(tmp_path_factory.mktemp("profile")) as driver:
        size: dict[str, Any] = {"width": DESKTOP, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield Walker(driver)


def test_two_bags_of_dog_food_are_bought_paid_and_thanked_for(walker: Walker, page_url: str) -> None:
    driver = walker.driver
    driver.get(page_url)
    eventually(lambda: driver.find_elements(By.CSS_SELECTOR, "#example option"), SECONDS)
    Select(driver.find_element(By.ID, "example")).select_by_visible_text(WORDS)
    walker.shoot("1-the-customer")
    driver.find_element(By.ID, "send").click()
    walker.await_text("#talk", WORDS, "Thank you! Order", "1250.00 THB", "Pay here: http")
    walker.shoot("2-the-reply-with-a-link")
    walker.await_text("#sales", "1250 THB", "Open")
    walker.await_text("#notices", "New lead")
    # In a digest of its own, or as one more of the first.
    eventually(lambda: any(one in walker.text("#notices") for one in ("New order", "+ 1 more")), SECONDS)
    walker.await_text("#hooks", "lead.created", "order.created", "signature verified")
    assert "not verified" not in walker.text("#hooks")
    walker.shoot("3-the-order-the-team-and-the-hooks")
    driver.find_element(By.CSS_SELECTOR, "#talk a").click()
    eventually(lambda: len(driver.window_handles) == 2, SECONDS)
    chat, pay = driver.window_handles
    driver.switch_to.window(pay)
    walker.await_text("body", "Pay with PromptPay", "1,250.00 THB", "Sandbox shop (pays nobody)")
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(walker.shoot("4-the-page-with-the-code"))))
    assert read_fields(code.text)["54"] == "1250.00"
    driver.switch_to.window(chat)
    walker.press("Money has come")
    walker.await_text("#sales", "Processed", "paid")
    walker.await_text("#talk", "We have received 1,250.00 THB for your order")
    walker.await_text("#notices", "Order paid")
    walker.await_text("#hooks", "order.paid")
    walker.shoot("5-the-stage-moved-and-the-customer-thanked")
    driver.switch_to.window(pay)
    driver.refresh()
    walker.await_text("body", "Paid, thank you")
    walker.shoot("6-the-link-once-it-is-paid")
    assert walker.driver.get_log("browser") == []  # type: ignore[no-untyped-call]  # selenium's
