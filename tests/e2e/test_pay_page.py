"""The payment page in a real browser, on a phone: from the reply in the chat to the code that a bank's app reads."""

import base64
import io
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from selenium import webdriver

from leadcore.store import keys
from receiver.pay.emv import read_fields, split
from tests.chromium import DESKTOP, NARROW, PHONE, keep, shoot
from tests.conftest import PATIENT, Line, lead, open_line
from tests.e2e.test_console import Browser, driver

__all__ = ["driver"]  # the fixture

CONFIG = """
[payment]
payee = "ร้านของแอน (Ann's Shop)"
[intents."Purchase".reply]
th = ["ขอบคุณค่ะ ออเดอร์ {{ order_ref }}{% if pay_url %}\\nชำระเงิน: {{ pay_url }}{% endif %}"]
en = ["Thank you! Order {{ order_ref }}{% if pay_url %}\\nPay: {{ pay_url }}{% endif %}"]
"""
DOG_FOOD = {
    "products": [{"code": "DF-1", "name": "Dog food", "price": 600, "count": 2, "total": 1200, "available": True}],
    "shippingFee": "50.50",
    "grandTotal": "1,250.50",
    "unavailableCount": 0,
}


class Customer(Browser):
    """A customer with a phone."""

    def open(self, path: str = "") -> None:
        self.driver.get(path)

    def shoot(self, name: str) -> bytes:
        """Keep a picture of the whole page; it in PNG."""
        width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 2}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        picture = base64.b64decode(shot["data"])
        keep(picture, "pay", name)
        return picture


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("shop")
    config = folder / "leadsync.toml"
    config.write_text(CONFIG, encoding="utf-8")
    own = {
        "LEADSYNC_CONFIG": str(config),
        "LEADSYNC_KEY": "k" * 32,
        "PROMPTPAY_ID": "0812345678",
        "WEB_CONCURRENCY": "1",
    }
    with open_line(folder, next(databases), **own) as line:
        line.environ["PUBLIC_URL"] = line.url
        line.start("web", **PATIENT)
        line.await_web()
        yield line


@pytest.fixture
def customer(driver: webdriver.Chrome, shop: Line) -> Iterator[Customer]:
    shop.redis.flushdb()
    one = Customer(driver, shop)
    one.look(PHONE)
    yield one
    assert one.complaints() == []


def order(shop: Line, **more: Any) -> tuple[str, str]:
    """What the reply to an order says: the reference and the link."""
    said = lead("c", "Purchase", shopping_cart=DOG_FOOD, payment_method="bank_transfer", language="en", **more)
    [text] = shop.post(said).json()
    found = re.fullmatch(r"Thank you! Order (\w{8})\nPay: (\S+)", text)
    assert found, text
    return found[1], found[2]


def test_the_link_of_the_reply_shows_a_code_that_pays_the_cart(customer: Customer, shop: Line) -> None:
    reference, url = order(shop)
    customer.open(url + "?lang=en")
    customer.await_text("Pay with PromptPay", "1,250.50 THB", reference, "Ann's Shop", "Send the slip in the chat")
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(customer.shoot("code"))))
    fields = read_fields(code.text)
    assert (fields["54"], fields["53"]) == ("1250.50", "764")
    assert split(fields["29"])["01"] == "0066812345678"
    customer.click("ไทย")
    customer.await_text("ชำระเงินด้วยพร้อมเพย์", "1,250.50 บาท", "ส่งสลิปในแชต")


def test_what_becomes_of_the_order_shows_when_the_page_is_opened_again(customer: Customer, shop: Line) -> None:
    reference, url = order(shop)
    shop.redis.hset(keys.order(reference), mapping={"amount": "99900", "currency": "THB", "revision": "1"})
    customer.open(url)
    customer.await_text("999.00", gone="1,250.50")
    shop.redis.hset(keys.order(reference), "paid", "1")
    customer.open(url + "?lang=en")
    customer.await_text("Paid, thank you", gone="PromptPay")


def test_no_payment_page_keeps_anybody_out(customer: Customer, shop: Line) -> None:
    """Nothing that axe-core finds, and nothing that runs out of a narrow screen, in both languages, light and dark."""
    reference, url = order(shop)
    found: dict[str, list[str]] = {}
    states = {"code": {"paid": "0"}, "new-amount": {"amount": "99900"}, "paid": {"paid": "1"}}
    pages = [(name, url, state) for name, state in states.items()]
    pages += [(name, f"{shop.url}/pay/{name}", {"paid": "0"}) for name in ("done", "tampered")]
    views = {"en": ((PHONE, False), (NARROW, True)), "th": ((PHONE, True), (DESKTOP, False))}
    # Opened no more often: a link that is opened again and again within a minute has to wait.
    for (name, page, state), language in itertools.product(pages, views):
        shop.redis.hset(keys.order(reference), mapping=state)
        customer.open(f"{page}?lang={language}")
        for width, dark in views[language]:
            customer.look(width, dark=dark)
            shoot(customer.driver, "pay", f"{name}-{language}-{'dark' if dark else 'light'}-{width}")
            assert customer.run("return document.documentElement.scrollWidth") <= width, name
            if barriers := customer.barriers():
                found[f"{name} {language} {width}"] = barriers
    # The browser notes that the last page is an error, rightly.
    assert [each for each in customer.complaints() if "status of 404" not in each] == []
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)
