"""A line is a row of a table: what sweeps, counts, shows, exports, forgets and ends meets a new one there."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from rq import Queue
from rq.serializers import JSONSerializer

from leadcore.config import Config
from leadcore.fields import CUSTOMER, LEAD, TEXT, VERSION
from leadcore.machine import Machine
from leadcore.receipts import pack
from leadcore.store import keys, lines
from leadcore.store.counters import Tally
from leadcore.store.leads import read_receipts
from leadcore.store.lines import Kept, Line
from leadcore.store.outage import Outage
from leadcore.store.parked import Parked
from leadcore.store.status import read_status
from leadcore.store.streams import pack_fields
from leadsync.privacy.customer_data import CustomerData, Entry
from leadsync.privacy.forget import Forgetting
from leadsync.terminal import print_status
from receiver.console.queries import LeadFilter, find_leads, read_parked
from receiver.intake.spool import Spool
from receiver.metrics import register
from tests.conftest import BANGKOK, SHARDS
from workers import jobs
from workers.bootstrap import build
from workers.flow.lease import LeaseRegistry
from workers.maintenance import Maintenance
from workers.outbox.sent_log import SentLog
from workers.retention import Retention
from workers.rules.alerts import RESUMED, STOPPED
from workers.settings import read_worker

KEY = b"key"
CUSTOMER_ID = "ann"
SHARD = keys.shard_of(CUSTOMER_ID, SHARDS)
SAID = {LEAD: b"lead-1", CUSTOMER: b'{"id": "ann"}', TEXT: b'"A parcel for Ann"', VERSION: b"1-0"}


def _kept(name: str, **more: Any) -> Kept:
    index = f"{keys.PREFIX}{name}"
    return Kept(
        name=name,
        index=index,
        key=lambda lead: f"{index}:{lead}",
        seconds=60,
        said=name,
        described=f"Parcels {name}",
        **more,
    )


LOST = _kept("lost", for_person=True, state="lost", ended="it was lost for a minute")
RETURNED = _kept("returned", for_person=False)
PARCELS = Line(
    name="parcels",
    job="workers.jobs.sync",
    pause=f"{keys.PAUSE}:parcels",
    payload=TEXT,
    payload_name="text",
    to="the post",
    noun="parcels",
    exported="parcels",
    forgotten="parcels",
    kept=(LOST, RETURNED),
)


@pytest.fixture
def store(redis: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A Redis in which the new line holds something of Ann's wherever a line can."""
    monkeypatch.setattr(lines, "LINES", (*lines.LINES, PARCELS))
    redis.flushdb()
    now_ms = redis.time()[0] * 1000
    redis.xadd(keys.entries("parcels", SHARD), SAID)
    redis.zadd(keys.later("parcels", SHARD), {pack_fields(SAID): now_ms + 60_000})
    redis.hset(keys.sending("parcels", SHARD), "1-1", pack_fields(SAID))
    for kept in PARCELS.kept:
        redis.zadd(kept.index, {"lead-1": now_ms})
        redis.set(kept.key("lead-1"), pack_fields(SAID))
    note(redis, "lead-1", now_ms)
    redis.hset(PARCELS.pause, mapping={"code": "strike", "reason": "The post is away.", "until": now_ms + 60_000})
    return redis


def note(redis: Any, lead: str, now_ms: int) -> None:
    flat = pack(customer_id=CUSTOMER_ID, state=LOST.state, received_ms=now_ms)
    redis.hset(keys.receipt(lead), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path, Machine())) as made:
        yield made


class Watched(CustomerData):
    """`locks`: those that were held while entries were looked for."""

    locks: frozenset[bytes] = frozenset()

    def entries(self, line: str) -> list[Entry]:
        self.locks |= frozenset(self.redis.keys(keys.lock("*", self.shard)))
        return super().entries(line)


@pytest.fixture
def data(store: Any) -> Watched:
    return Watched(store, Config().inbox, KEY, CUSTOMER_ID)


def test_maintenance_sweeps_it(store: Any) -> None:
    """What is due goes back into its stream, and its job is enqueued; not while it is paused."""
    machine = Machine()
    maintenance = Maintenance(
        store,
        "worker",
        Config().inbox,
        LeaseRegistry(machine),
        SentLog(machine),
        Tally(),
        machine,
        Outage("here", "", machine),
        lambda: None,
    )
    queue = Queue(keys.QUEUE, connection=store, serializer=JSONSerializer)
    maintenance.sweep()
    assert queue.jobs == []
    store.hset(PARCELS.pause, "until", 0)
    store.zadd(keys.later("parcels", SHARD), {pack_fields(SAID): 0})
    maintenance.sweep()
    assert store.xlen(keys.entries("parcels", SHARD)) == 2
    assert [(job.func_name, job.args, job.description) for job in queue.jobs] == [
        (PARCELS.job, [SHARD], f"parcels {SHARD}")
    ]


def test_metrics_show_it(store: Any, spool: Spool) -> None:
    shown = generate_latest(register(store, spool, SHARDS, BANGKOK)).decode()
    assert f'leadsync_depth{{line="parcels",shard="{SHARD}"}} 2.0' in shown
    assert f'leadsync_oldest_seconds{{line="parcels",shard="{SHARD}"}}' in shown
    assert 'leadsync_paused{code="strike",line="parcels"} 1.0' in shown
    assert "leadsync_lost 1.0" in shown
    assert "leadsync_returned 1.0" in shown


def test_status_shows_it_to_people_and_machines(
    store: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    status = read_status(store, SHARDS, BANGKOK)
    print_status(status, [], BANGKOK, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert (sum(shown["depths"]["parcels"]), shown["parcels_pause"]["code"]) == (2, "strike")
    assert (shown["lost"], shown["returned"], shown["need_person"]) == (1, 1, 1)
    store.zadd(keys.WORKERS, {"worker": status.now_ms})
    print_status(read_status(store, SHARDS, BANGKOK), [], BANGKOK, as_json=False)
    shown = capsys.readouterr().out
    for text in ("Parcels to the post", "The post is away.", "Parcels waiting", "1 parcel lost", "Parcels returned"):
        assert text in shown


def test_what_waits_for_a_person_is_counted_and_found(store: Any) -> None:
    parked = Parked(store, Config().inbox)
    assert (parked.count(), [one.lead for one in parked.receipts()]) == (1, ["lead-1"])
    assert [one.lead for one in find_leads(store, LeadFilter(state="parked")).receipts] == ["lead-1"]
    [receipt] = read_receipts(store, ["lead-1"])
    assert receipt
    assert read_parked(store, receipt) == (receipt, int(store.zscore(LOST.index, "lead-1")))


def test_an_export_holds_it(data: CustomerData, spool: Spool) -> None:
    shown = data.as_dict(spool)
    assert [one["held"] for one in shown["parcels"]] == ["returned", "later", "stream", "sending"]
    assert {one["text"] for one in [*shown["parcels"], *shown["lost"]]} == {"A parcel for Ann"}
    assert [one["lead"] for one in shown["lost"]] == ["lead-1"]


def test_forgetting_leaves_nothing_of_it(data: Watched, spool: Spool) -> None:
    """Nobody drains the line meanwhile: its lock is held too."""
    redis = data.redis
    done = Forgetting(data, redis, Config().inbox, spool, "somebody").run(None)
    assert data.locks == {keys.lock(line.name, SHARD).encode() for line in lines.LINES}
    assert (done.removed["parcels"], done.removed["lost parcels"]) == (4, 1)
    left = {name for word in ("parcels", "lead-1", "lost", "returned") for name in redis.keys(f"*{word}*")}
    assert left == {PARCELS.pause.encode(), keys.entries("parcels", SHARD).encode()}
    assert redis.xlen(keys.entries("parcels", SHARD)) == 0


def test_retention_ends_what_it_kept_too_long(store: Any) -> None:
    now_ms = store.time()[0] * 1000
    retention = Retention(store, Config().inbox)
    retention.apply()
    assert [store.zcard(kept.index) for kept in PARCELS.kept] == [1, 1]
    for kept in PARCELS.kept:
        store.zadd(kept.index, {"lead-1": now_ms - (kept.seconds + 5) * 1000})
    retention.apply()
    assert [store.zcard(kept.index) for kept in PARCELS.kept] == [0, 0]
    assert not store.exists(LOST.key("lead-1"))
    [receipt] = read_receipts(store, ["lead-1"])
    assert receipt
    assert (receipt.state, receipt.reason) == ("discarded", LOST.ended)


def test_each_line_has_all_that_the_table_cannot_hold() -> None:
    """A job that RQ finds, a drain, and words for alerts; but for the lines that threads drain, address by address."""
    runtime = build(read_worker({"HUBSPOT_ACCESS_TOKEN": "pat-test"}), Machine())
    drained = [line for line in lines.LINES if not line.has_endpoints]
    assert [*runtime.drains] == [line.name for line in drained]
    assert all(callable(getattr(jobs, line.job.removeprefix("workers.jobs."))) for line in drained)
    assert [*STOPPED] == [*RESUMED] == [line.name for line in drained]
