"""What happens to leads is told to whoever wants to know, by the real processes."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from leadcore.store import keys
from sandbox.http_server import running
from tests.conftest import Line, eventually, lead
from tests.workers.hooks.conftest import HOOK_SECRET, Receiver
from tests.workers.hooks.test_signatures import standard_headers


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with running(made) as server:
        made.url = server.url + "/hook/token-4711"
        yield made


def test_a_lead_is_told_as_created_confirmed_and_updated(spare_line: Callable[..., Line], receiver: Receiver) -> None:
    line = spare_line(HOOK_URLS=receiver.url, HOOK_SECRET=HOOK_SECRET)
    line.start("web")
    line.start("worker")
    line.await_web()
    line.await_workers(1)
    line.post(lead("ann", name="Ann Example"))
    eventually(lambda: len(receiver.taken) >= 2)
    line.post({**lead("ann", name="Ann Example", phone="0812345678"), "mid": "second"})
    eventually(lambda: len(receiver.taken) >= 3)
    for headers, raw in receiver.taken:
        assert Webhook(HOOK_SECRET).verify(raw, standard_headers(headers))
    told = [body["type"] for body in receiver.bodies() if body["type"].startswith("lead.")]
    assert told == ["lead.created", "lead.updated"]
    first = next(body["data"] for body in receiver.bodies() if body["type"] == "lead.created")
    [contact] = line.crm.contacts()
    assert first["customer_id"] == "ann"
    assert first["contact_id"] == str(contact["id"])
    assert first["state"] == "created"
    sent = next(body["data"] for body in receiver.bodies() if body["type"] == "message.sent")
    assert (sent["lead"], sent["contact_id"]) == (first["lead"], first["contact_id"])
    assert "Example" not in "".join(raw for _, raw in receiver.taken)
    line.settle()
    assert "token-4711" not in line.logs()
    assert HOOK_SECRET not in line.logs()
    for name in line.redis.scan_iter("*"):
        assert b"4711" not in (line.redis.dump(name) or b"")


def test_a_receiver_that_hangs_slows_no_lead(spare_line: Callable[..., Line], receiver: Receiver) -> None:
    """Its hooks wait; leads and messages go on."""
    receiver.seconds = 8.0
    line = spare_line(HOOK_URLS=receiver.url, HOOK_SECRET=HOOK_SECRET)
    line.start("web")
    line.start("worker")
    line.await_web()
    line.await_workers(1)
    for number in range(60):
        line.post(lead(f"customer-{number}", name="Ann Example"))
    eventually(lambda: len(line.crm.contacts()) == 60, 6)
    eventually(lambda: sum(line.redis.xlen(keys.entries(keys.HOOKS, shard)) for shard in range(4)) >= 60)


def test_a_killed_worker_loses_no_hook(spare_line: Callable[..., Line], receiver: Receiver) -> None:
    receiver.seconds = 0.1
    line = spare_line(HOOK_URLS=receiver.url, HOOK_SECRET=HOOK_SECRET)
    line.start("web")
    worker = line.start("worker")
    line.await_web()
    line.await_workers(1)
    names = [f"customer-{number}" for number in range(100)]
    for name in names:
        line.post(lead(name, name="Ann Example"))
    eventually(lambda: len(receiver.taken) > 20)
    worker.kill()
    line.start("worker")
    created = lambda: [body for body in receiver.bodies() if body["type"] == "lead.created"]  # noqa: E731
    eventually(lambda: {body["data"]["customer_id"] for body in created()} == {*names}, 60)
    by_id: dict[str, Any] = {}
    for headers, raw in receiver.taken:
        said = json.loads(raw)["data"]["lead"]
        assert by_id.setdefault(headers["HTTP_WEBHOOK_ID"], said) == said
    assert len({body["data"]["lead"] for body in created()}) == 100


def test_a_worker_ends_at_once_though_an_address_hangs(spare_line: Callable[..., Line], receiver: Receiver) -> None:
    """What it had under way is posted by the next one, under the same id."""
    receiver.seconds = 9.0
    line = spare_line(HOOK_URLS=receiver.url, HOOK_SECRET=HOOK_SECRET)
    line.start("web")
    worker = line.start("worker")
    line.await_web()
    line.await_workers(1)
    line.post(lead("ann", name="Ann Example"))
    eventually(lambda: receiver.busy)
    assert worker.stop() < 4
    assert worker.popen.returncode == 0
    receiver.seconds = 0.0
    line.start("worker")
    eventually(lambda: len(receiver.taken) >= 2)
    assert receiver.ids()[0] in receiver.ids()[1:]


def test_without_addresses_nothing_is_stored(line: Line) -> None:
    line.sync(lead("ann", name="Ann"))
    assert not line.redis.keys(f"{keys.PREFIX}{keys.HOOKS}*")
    assert not line.redis.keys(f"{keys.PREFIX}{keys.NOTICES}*")


def test_whatever_way_a_lead_comes_to_wait_for_a_person_is_told_once(
    spare_line: Callable[..., Line], receiver: Receiver
) -> None:
    """One that HubSpot refuses, and a post that lacks what it needs."""
    line = spare_line(HOOK_URLS=receiver.url, HOOK_SECRET=HOOK_SECRET)
    line.start("web")
    line.start("worker")
    line.await_web()
    line.await_workers(1)
    eventually(lambda: line.redis.exists(keys.endpoints(keys.HOOKS)))
    line.crm.fault("row_refused", rows=1)
    line.post(lead("ann", name="Ann Example"))
    for _ in range(2):
        assert line.post({**lead("bob", name="Bob Example"), "mid": None}).status_code == 422

    def parked() -> list[tuple[str, str]]:
        found = [body["data"] for body in receiver.bodies() if body["type"] == "lead.parked"]
        return sorted((one["customer_id"], one["reason"]) for one in found)

    assert eventually(lambda: len(parked()) >= 2 and parked()) == [("ann", "refused"), ("bob", "unusable")]
    line.settle()
    assert len(parked()) == 2
