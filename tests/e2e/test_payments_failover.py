"""Redis fails over to a replica that lags behind while payments are reported."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from leadcore.orders.reference import order_ref
from sandbox.failover import Pair
from tests.conftest import Line, eventually, lead
from tests.workers.orders.shop import add_properties
from tests.workers.rules.orders.events import product

KEY, TOKEN = "a key of thirty-two characters..", "messages-token-7f3a91"
ORDERS = 30
CONFIG = """
[orders]
[payment.thanks]
th = "PAID {{ order_ref }}"
"""


def purchase(customer: str) -> dict[str, Any]:
    cart = {"products": [product("A", 2, 450)], "grandTotal": 900, "shippingFee": 0, "unavailableCount": 0}
    return lead(customer, "Purchase", name="Nok Jaidee", shopping_cart=cart)


def report(line: Line, reference: str) -> bool:
    """Say that it is paid; whether that was taken."""
    said = {"reference": reference, "amount": "900"}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return requests.post(f"{line.url}/api/v1/payments", json=said, headers=headers, timeout=10).status_code == 202


def test_what_was_reported_is_noted_and_each_customer_thanked_once(
    tmp_path: Path, spare_line: Callable[..., Line]
) -> None:
    config = tmp_path / "leadsync.toml"
    config.write_text(CONFIG, encoding="utf-8")
    own = {"LEADSYNC_CONFIG": str(config), "LEADSYNC_KEY": KEY, "PROMPTPAY_ID": "0812345678", "MESSAGES_TOKEN": TOKEN}
    with Pair(tmp_path / "redis") as pair:
        line = spare_line(pair.url, WEB_CONCURRENCY="2", PUBLIC_URL="https://shop.example.com", **own)
        add_properties(line.crm)
        line.start("worker", "--count", "3")
        line.start("web")
        line.await_web()
        line.await_workers(3)
        line.send(*(purchase(f"c-{number}") for number in range(ORDERS)))
        line.settle()
        references = [order_ref(KEY.encode(), one.customer_id, one.lead) for one in line.receipts()]

        def thanks() -> list[str]:
            return [text for text in line.chat.told() if text.startswith("PAID")]

        def report_all() -> None:
            for reference in references:
                eventually(lambda reference=reference: report(line, reference))

        pair.fall_behind()
        reporting = threading.Thread(target=report_all)
        reporting.start()
        eventually(thanks, 60)
        pair.fail_over()
        reporting.join()
        eventually(lambda: len(thanks()) >= ORDERS, 60)
        line.settle(90)
        orders = line.crm.control("GET", "state")["orders"]
        assert [one["properties"].get("hs_payment_status") for one in orders] == ["paid"] * ORDERS
        assert sorted(thanks()) == sorted(f"PAID {one}" for one in references)
        assert "Traceback" not in line.logs()
