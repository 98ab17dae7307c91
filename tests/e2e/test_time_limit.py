"""A job that runs into its time limit, in a real worker."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from leadsync.cli import cli
from tests.conftest import ROOT, Line, lead

CONFIG = """
[orders]
[notes]
intents = ["*"]
"""
# Python imports it before anything else. Jobs get a limit of two seconds, and whoever reads a row for the first time
# never ends by itself.
NEVER_ENDING = """
import functools, sys, time
import leadcore.event, leadcore.store.bell
import leadcore.store.payments

leadcore.store.bell.JOB_SECONDS = 2
begun = set()

def block_first(read):
    @functools.wraps(read)
    def wrapped(raw):
        reader = sys._getframe(1).f_globals["__name__"]
        if reader.startswith("workers.") and reader not in begun:
            begun.add(reader)
            time.sleep(3600)
        return read(raw)
    return wrapped

leadcore.event.read = block_first(leadcore.event.read)
leadcore.store.payments.read_news = block_first(leadcore.store.payments.read_news)
"""


@pytest.fixture
def shop(spare_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.setattr("leadcore.store.bell.JOB_SECONDS", 2)
    line = spare_line(WEB_CONCURRENCY="1", LEADSYNC_KEY="a key of this test")
    config = line.folder / "shop.toml"
    config.write_text(CONFIG)
    (line.folder / "sitecustomize.py").write_text(NEVER_ENDING)
    line.environ |= {"LEADSYNC_CONFIG": str(config), "PYTHONPATH": f"{line.folder}{os.pathsep}{ROOT}"}
    assert CliRunner().invoke(cli, ["setup"], env=line.environ).exit_code == 0
    line.start("web")
    line.start("worker", "--one")
    line.await_web()
    return line


def records(line: Line, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = line.crm.control("GET", "state")[kind]
    return found


def test_a_row_whose_reading_the_limit_ends_is_no_bad_row_and_is_read_again(shop: Line) -> None:
    """Of every line that HubSpot is written from; the worker lives on, and says that its job failed."""
    cart = {"products": [{"code": "DOG", "name": "Dog", "price": 10, "count": 1, "available": True}]}
    shop.send({**lead("ann", "Purchase", name="Ann Lee", phone="0812345678"), "shopping_cart": cart})
    shop.settle()
    [order] = records(shop, "orders")
    reference = order["properties"]["dealdroid_order_id"]
    paid = CliRunner().invoke(cli, ["paid", reference], env=shop.environ)
    assert paid.exit_code == 0, paid.output
    shop.settle()
    assert [one["properties"]["hs_payment_status"] for one in records(shop, "orders")] == ["paid"]
    assert (len(shop.crm.contacts()), len(records(shop, "notes"))) == (1, 1)
    assert shop.receipt("ann").state == "created"
    logs = shop.logs()
    assert (logs.count('"job.failed"'), logs.count('"OutOfTime"'), "unreadable" in logs) == (4, 4, False)
