"""What `leadsync preview` says would be made, told and sent is what happens then."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from leadsync.cli import cli
from tests.conftest import PATIENT, Line, lead
from tests.leadsync.test_preview import run_preview
from tests.workers.hooks.conftest import HOOK_SECRET

CONFIG = """
[notify]
on = ["lead.created", "order.created"]
text = "{{ what }} {{ amount }}"
[orders]
cancel_intents = ["Cancel"]
[payment]
check_prices = true
"""
AWAY = "http://127.0.0.1:1/hook-4711 http://127.0.0.1:2/hook-4712"
CART = {
    "products": [{"code": "DOG-1", "name": "Dog food", "price": 600, "count": 2, "total": 1200, "available": True}],
    "shippingFee": "50",
    "grandTotal": "1250",
}


def open_shop(spare_line: Callable[..., Line], config: str = CONFIG, **more: str) -> Line:
    line = spare_line(WEB_CONCURRENCY="1", LEADSYNC_KEY="a key of this test", **more)
    file = line.folder / "shop.toml"
    file.write_text(config)
    line.environ["LEADSYNC_CONFIG"] = str(file)
    assert CliRunner().invoke(cli, ["setup"], env=line.environ).exit_code == 0
    return line


def purchase(customer: str = "ann", intent: str = "Purchase", **more: Any) -> dict[str, Any]:
    return lead(customer, intent, name="Ann Lee", phone="0812345678", shopping_cart=CART, **more)


def preview(line: Line, tmp_path: Path, body: dict[str, Any]) -> dict[str, Any]:
    done = run_preview(line, tmp_path, body, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)["outgoing"]
    return found


def test_all_that_a_purchase_would_lead_to_is_shown(spare_line: Callable[..., Line], tmp_path: Path) -> None:
    notify = "json://127.0.0.1:1/team-4711"
    line = open_shop(spare_line, HOOK_URLS=AWAY, HOOK_SECRET=HOOK_SECRET, NOTIFY_URLS=notify)
    line.crm.control("POST", "products", {"properties": {"hs_sku": "DOG-1", "price": "600"}})
    line.crm.settings(search_lag=0)
    found = preview(line, tmp_path, purchase())
    order = found["order"]
    assert (order["state"], order["total"], order["currency"], order["no_link"]) == ("created", "1250", "THB", "")
    assert order["lines"] == ["2 x Dog food (600)"]
    assert found["message"]
    assert (found["notice_addresses"], found["hook_addresses"]) == (1, 2)
    assert [text.split("\n")[0] for text in found["notices"]] == ["New lead", "New order 1,250.00"]
    assert [hook["type"] for hook in found["hooks"]] == ["lead.created", "order.created"]
    assert found["hooks"][1]["data"]["order_ref"] == order["reference"]
    shown = run_preview(line, tmp_path, purchase()).stdout
    assert "An order would be made" in shown
    assert "2 addresses would get the hook order.created." in shown
    assert "1 address of the team would be told: New lead" in shown
    assert "4711" not in shown
    assert line.crm.control("GET", "state")["orders"] == []


def test_prices_that_differ_are_said_before_anything_is_made(spare_line: Callable[..., Line], tmp_path: Path) -> None:
    line = open_shop(spare_line)
    line.crm.control("POST", "products", {"properties": {"hs_sku": "DOG-1", "price": "700"}})
    line.crm.settings(search_lag=0)
    assert "DOG-1" in preview(line, tmp_path, purchase())["order"]["no_link"]


def test_without_orders_and_addresses_nothing_is_made_or_told(spare_line: Callable[..., Line], tmp_path: Path) -> None:
    line = open_shop(spare_line, "")
    found = preview(line, tmp_path, purchase())
    assert (found["order"], found["notices"], found["hooks"]) == (None, [], [])


def test_an_order_that_is_there_would_be_changed_or_cancelled(spare_line: Callable[..., Line], tmp_path: Path) -> None:
    line = open_shop(spare_line, CONFIG.replace("[payment]\ncheck_prices = true\n", ""))
    line.start("web", **PATIENT)
    line.start("worker", "--one")
    line.await_web()
    said = purchase()
    promised = preview(line, tmp_path, said)["order"]
    line.send(said)
    line.settle()
    [made] = line.crm.control("GET", "state")["orders"]
    assert made["properties"]["dealdroid_order_id"] == promised["reference"]
    bigger = {**CART, "products": [{**CART["products"][0], "count": 3, "total": 1800}], "grandTotal": "1850"}
    changed = preview(line, tmp_path, {**purchase(), "shopping_cart": bigger})["order"]
    assert (changed["state"], changed["reference"], changed["total"]) == ("updated", promised["reference"], "1850")
    assert preview(line, tmp_path, purchase(intent="Cancel"))["order"]["state"] == "cancelled"
    assert preview(line, tmp_path, {**purchase(), "mid": "again"})["order"]["state"] == "unchanged"
