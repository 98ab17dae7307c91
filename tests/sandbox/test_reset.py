"""A reset of the sandbox: with real processes, nothing is left of what was, and all goes on."""

from collections.abc import Callable

import requests

from leadcore.store import keys
from leadcore.store.status import read_status
from sandbox.page import create_app
from sandbox.reset import forget_leads
from tests.conftest import BANGKOK, PATIENT, SHARDS, Line, eventually, lead


def test_a_reset_forgets_leads_and_leaves_what_processes_know_of_each_other(spare_line: Callable[..., Line]) -> None:
    line = spare_line(WEB_CONCURRENCY="1")
    kept = (keys.WORKERS, keys.DATASET, keys.SECRET, f"{keys.PORTAL}:properties:x", keys.STORE, keys.lock("inbox", 0))
    for name in kept:
        line.redis.set(name, "1")
    gone = (keys.receipt("x"), keys.LEADS, keys.customer("y"), keys.email("z"), keys.PAUSE, keys.COUNTS, keys.ACTIONS)
    for name in gone:
        line.redis.set(name, "1")
    line.redis.set("somebody:elses", "1")
    forget_leads(line.redis)
    assert [name for name in (*kept, "somebody:elses") if not line.redis.exists(name)] == []
    assert [name for name in gone if line.redis.exists(name)] == []


def test_after_a_reset_of_the_page_the_same_lead_is_a_new_one(spare_line: Callable[..., Line]) -> None:
    line = spare_line(WEB_CONCURRENCY="1")
    line.start("web", **PATIENT)
    line.start("worker")
    line.await_web()
    line.await_workers(1)
    page = create_app(line.url, "s", line.crm.url, line.chat.url, line.environ["REDIS_URL"])
    client = page.test_client()
    body = lead("c", name="Ann Lee", phone="0812345678")
    for _ in range(2):
        line.send(body)
        eventually(lambda: [one.state for one in line.receipts()] == ["created"] and len(line.chat.told()) == 1)
        assert len(line.crm.contacts()) == 1
        assert client.post("/reset").status_code == 204
        assert (line.receipts(), line.crm.contacts(), line.chat.told()) == ([], [], [])
        status = read_status(line.redis, SHARDS, BANGKOK)
        assert (status.workers, status.counts.get("created", 0)) == (1, 0)
    assert requests.get(line.url + "/readyz", timeout=5).status_code == 200
