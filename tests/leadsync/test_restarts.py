"""What is said of all of a customer's data, or of all customers, is true although Redis is restarted meanwhile."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leadcore.config import Config
from leadcore.machine import Machine
from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.leads import read_receipts
from leadcore.store.streams import pack_fields
from leadsync import reconcile
from leadsync.privacy.customer_data import CustomerData
from leadsync.privacy.forget import RESTARTED, Forgetting
from leadsync.privacy.hubspot_erasure import Erased
from leadsync.reconcile import Reconciliation
from receiver.intake.spool import Spool
from sandbox.http_server import running
from sandbox.hubspot import Portal, create_app
from tests.restarts import Restartable, interrupt
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.rules.customer import Customer
from workers.rules.customer import pack as pack_customer

COUNT = 3000
KEY = b"key"


@pytest.fixture
def redis(restartable: Restartable) -> Iterator[Any]:
    with closing(restartable.connect()) as made:
        yield made


def fill_with_leads(redis: Any) -> None:
    """`COUNT` receipts, parked leads, records, entries of emails, waiting messages: each third one Ann's."""
    ann = keys.digest(KEY, "ann")
    pipe = redis.pipeline(transaction=False)
    for number in range(COUNT):
        customer = "ann" if number % 3 == 0 else f"c-{number}"
        lead = f"lead-{number}"
        flat = pack(customer_id=customer, received_ms=1, state="created", contact_id=str(number))
        pipe.hset(keys.receipt(lead), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))
        pipe.xadd(keys.LEADS, {"e": lead})
        body = b'{"customer_id": "%s", "mid": "m", "intent": "i"}' % customer.encode()
        pipe.set(keys.parked(lead), pack_fields({b"e": lead.encode(), b"b": body}))
        pipe.zadd(keys.PARKED, {lead: 1})
        pipe.sadd(keys.email(f"email-{number}"), ann if number % 3 == 0 else "x")
        later = keys.later(keys.INBOX, keys.shard_of("ann", Config().inbox.shards))
        pipe.zadd(later, {pack_fields({b"e": lead.encode(), b"b": body, b"v": b"1-1"}): 9e15})
        record = pack_customer(Customer(revision=1, contact_id=str(number)))
        pipe.set(keys.customer(keys.digest(KEY, f"c-{number}")), record)
    pipe.execute()


@pytest.fixture
def data(restartable: Restartable, redis: Any) -> CustomerData:
    fill_with_leads(redis)
    return CustomerData(redis, Config().inbox, KEY, "ann")


@pytest.mark.parametrize("command", ["scan", "zscan"])
def test_an_export_holds_everything_once_although_redis_restarts(
    restartable: Restartable, data: CustomerData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    ran = interrupt(monkeypatch, restartable.restart, command)
    with closing(Spool(tmp_path / "spool", Machine())) as spool:
        found = data.as_dict(spool)
    assert [len({one["lead"] for one in found[what]}) for what in ("receipts", "parked", "waiting")] == [COUNT // 3] * 3
    assert [len(found[what]) for what in ("receipts", "parked", "waiting")] == [COUNT // 3] * 3
    assert found["emails_used"] == COUNT // 3
    assert len(ran) == 1


@pytest.mark.parametrize("command", ["scan", "zscan"])
def test_nobody_is_forgotten_by_halves_when_redis_restarts(
    restartable: Restartable,
    redis: Any,
    data: CustomerData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """What was found is removed, all of it, and the command says that it has to be repeated."""
    ran = interrupt(monkeypatch, restartable.restart, command)
    with closing(Spool(tmp_path / "spool", Machine())) as spool, closing(restartable.connect()) as beat:
        done = Forgetting(data, beat, Config().inbox, spool, "somebody").run(None)
        assert (done.remains, len(ran)) == ([RESTARTED], 1)
        assert (data.receipts(), data.kept()["parked"], data.emails(), data.entries(keys.INBOX)) == ([], [], [], [])
        left = [f"lead-{number}" for number in range(COUNT) if number % 3]
        assert None not in read_receipts(redis, left)
        assert Forgetting(data, beat, Config().inbox, spool, "somebody").run(None).remains == []


def test_a_tombstone_that_redis_lost_while_hubspot_was_asked_is_set_again(
    redis: Any, restartable: Restartable, data: CustomerData, tmp_path: Path
) -> None:
    class LostMeanwhile:
        def run(self, *_: Any) -> list[Erased]:
            redis.delete(data.tombstone_key)
            return []

    with closing(Spool(tmp_path / "spool", Machine())) as spool, closing(restartable.connect()) as beat:
        Forgetting(data, beat, Config().inbox, spool, "somebody").run(LostMeanwhile())  # type: ignore[arg-type]
    assert int(data.tombstone() or 0) > 0
    assert redis.ttl(data.tombstone_key) > 0


def test_a_reconciliation_checks_each_customer_once_although_redis_restarts(
    restartable: Restartable, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = redis.pipeline(transaction=False)
    for number in range(COUNT):
        record = pack_customer(Customer(revision=1, contact_id=f"9{number}"))
        pipe.set(keys.customer(f"digest-{number}"), record)
    pipe.execute()
    monkeypatch.setattr(reconcile, "CHUNK", 100)
    ran = interrupt(monkeypatch, restartable.restart, "scan")
    with running(create_app(Portal())) as portal:
        hubspot = HubSpot("pat-test", portal.url, NoBudget(Machine()))
        found = Reconciliation(redis, hubspot, KEY, marks_linked=True).run(lambda items, _: items)
    assert (found.customers, len(found.missing), len(ran)) == (COUNT, COUNT, 1)
