"""/metrics of a real receiver over a real Redis."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as client
import requests
from prometheus_client.parser import text_string_to_metric_families

from leadcore.settings import read
from leadcore.store import keys, lines
from leadcore.store.connection import connect
from leadcore.store.counters import BUCKETS, Tally, count, figure, time_to_written
from leadcore.store.restoring import RESTORED
from leadcore.store.stages import WAITS
from leadcore.store.streams import Stream
from sandbox import redis as embedded
from tests.conftest import PATIENT, ROOT, Line, eventually, lead, open_line, own_port
from tests.receiver.conftest import FIRST, open_receiver
from workers.rules.retry import RETRIES, Waits

Figures = dict[tuple[str, ...], float]


@pytest.fixture(scope="module")
def unshared_receiver(
    tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None
) -> Iterator[Line]:
    with open_receiver(tmp_path_factory.mktemp("metrics"), next(databases)) as line:
        yield line


@pytest.fixture
def receiver(unshared_receiver: Line) -> Line:
    """The receiver with an empty Redis; not that of other files, whose last refusals may be counted a second later."""
    unshared_receiver.redis.flushdb()
    return unshared_receiver


def scrape(line: Line) -> Figures:
    """(name, label value ...) -> value, by Prometheus' own parser; labels in the order of their names."""
    answer = requests.get(line.url + "/metrics", headers={"Authorization": "Bearer scrape-me"}, timeout=5)
    assert answer.status_code == 200
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.documentation and family.type != "unknown" for family in families)
    assert len({family.name for family in families}) == len(families)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def apply(line: Line, *commands: Any) -> None:
    Stream(line.redis).apply(commands)


def test_an_empty_system_has_zeros(receiver: Line) -> None:
    figures = scrape(receiver)
    works = {"leadsync_redis_up", "leadsync_disk_usable"}
    assert figures.pop(("leadsync_problem", "no_workers")) == 1
    assert {value for (name, *_), value in figures.items() if name in works} == {1}
    assert {value for (name, *_), value in figures.items() if name not in works} == {0}
    assert ("leadsync_leads_total", "created") in figures
    assert ("leadsync_refused_total", "forbidden") in figures


def test_customers_that_are_brought_back_are_counted(receiver: Line) -> None:
    receiver.redis.set(keys.STORE, RESTORED)
    receiver.redis.hset(keys.RESTORE, mapping={"done": 400, "total": 1000})
    figures = scrape(receiver)
    names = ("restoring", "restored_contacts", "restorable_contacts")
    assert [figures[f"leadsync_{name}",] for name in names] == [1, 400, 1000]


def test_stages_of_orders_are_counted(receiver: Line) -> None:
    receiver.redis.hset(keys.STAGES, WAITS, "")
    receiver.redis.hset(keys.STAGES_ORDERS, mapping={"501": "{}", "502": "{}"})
    receiver.redis.zadd(keys.STAGES_HELD, {"501": 1})
    apply(receiver, count("stage_told", 3), count("stage_held_bulk"))
    figures = scrape(receiver)
    assert (figures["leadsync_stages_waiting",], figures["leadsync_stages_held",]) == (2, 1)
    outcomes = {key[1]: value for key, value in figures.items() if key[0] == "leadsync_stages_total"}
    assert outcomes == {"told": 3, "dropped": 0, "held_bulk": 1, "held_window": 0}


def test_every_cause_of_parking_has_its_zero_before_the_first_lead_is_parked(receiver: Line) -> None:
    """`increase()` sees the first lead of a cause only if there was a sample before it."""
    for_one_lead = {
        code for code, one in RETRIES.items() if (one.tries or one.one_lead) and one.waits is not Waits.ORDER
    }
    sources = "".join(file.read_text() for file in (ROOT / "workers").rglob("*.py"))
    literal = set(re.findall(r'Result\(\s*(?:PARKED|WAITING), code="(\w+)"', sources))
    assert len(literal) > 4
    causes = for_one_lead | literal | {"unusable", "unreadable"}
    found = {key[1]: value for key, value in scrape(receiver).items() if key[0] == "leadsync_leads_parked_total"}
    assert found == dict.fromkeys(causes, 0)
    apply(receiver, figure("parked:of_a_newer_version"))
    assert scrape(receiver)["leadsync_leads_parked_total", "of_a_newer_version"] == 1


def sum_refused(figures: Any) -> float:
    return sum(value for key, value in figures.items() if key[0] == "leadsync_refused_total")


def test_accepted_repeated_and_refused_events_are_counted_by_reason(receiver: Line) -> None:
    event = {**lead(), "secret": FIRST}
    receiver.send(event, event, {**lead("c-2"), "secret": FIRST})
    assert [receiver.post(body).status_code for body in (b"{", b"[]", b" " * 300_000)] == [400, 400, 413]
    assert receiver.post({"secret": FIRST, "mid": "m"}).status_code == 422
    wrong = [receiver.post({"secret": "wrong"}).headers.get("Retry-After") for _ in range(14)]
    figures = eventually(lambda: (found := scrape(receiver)) and sum_refused(found) == 18 and found)
    assert figures["leadsync_accepted_total",] == 2
    assert figures["leadsync_duplicates_total",] == 1
    refused = {reason: value for (name, reason), value in labelled_once(figures) if name == "leadsync_refused_total"}
    throttled = sum(1 for one in wrong if one)
    assert refused == {
        "forbidden": 14 - throttled,
        "throttled": throttled,
        "malformed": 2,
        "too_large": 1,
        "unusable": 1,
        "nowhere": 0,
    }
    assert figures["leadsync_leads_parked_total", "unusable"] == figures["leadsync_parked",] == 1
    assert figures["leadsync_leads_total", "parked"] == 1


def labelled_once(figures: Figures) -> list[tuple[tuple[str, ...], float]]:
    return [(names, value) for names, value in figures.items() if len(names) == 2]


def test_depth_and_age_are_given_per_shard(receiver: Line) -> None:
    receiver.redis.xadd(keys.entries(keys.INBOX, 2), {"e": "x"}, id=f"{int(receiver.redis.time()[0] - 400) * 1000}-1")
    receiver.redis.xadd(keys.entries(keys.OUTBOX, 1), {"e": "x"})
    receiver.redis.zadd(keys.later(keys.OUTBOX, 1), {"y": 1})
    figures = scrape(receiver)
    assert [figures["leadsync_depth", keys.INBOX, str(shard)] for shard in range(4)] == [0, 0, 1, 0]
    assert [figures["leadsync_depth", keys.OUTBOX, str(shard)] for shard in range(4)] == [0, 2, 0, 0]
    assert 399 <= figures["leadsync_oldest_seconds", keys.INBOX, "2"] < 430
    assert figures["leadsync_oldest_seconds", keys.INBOX, "0"] == 0


def test_a_pause_of_either_line_is_given_with_its_code(receiver: Line) -> None:
    until = {"until": (receiver.redis.time()[0] + 60) * 1000, "reason": "why"}
    receiver.redis.hset(lines.INBOX.pause, mapping={**until, "code": "unauthorized"})
    receiver.redis.hset(lines.OUTBOX.pause, mapping={**until, "code": "dealdroid"})
    figures = scrape(receiver)
    assert figures["leadsync_paused", "unauthorized", keys.INBOX] == 1
    assert figures["leadsync_paused", "dealdroid", keys.OUTBOX] == 1


def test_the_histogram_adds_up(receiver: Line) -> None:
    times = [0, 10, 11, 700, 5000, 3_600_000, 3_600_001, -5]
    apply(receiver, *(command for ms in times for command in time_to_written(ms)))
    figures = scrape(receiver)
    for bound in BUCKETS:
        expected = sum(1 for ms in times if ms <= float(bound) * 1000)
        assert figures["leadsync_lead_seconds_bucket", bound] == expected
    assert figures["leadsync_lead_seconds_count",] == len(times)
    assert math.isclose(figures["leadsync_lead_seconds_sum",], sum(max(ms, 0) for ms in times) / 1000)


def test_the_used_budget_counts_only_slots_that_are_not_free_yet(receiver: Line) -> None:
    now = receiver.redis.time()[0] * 1000
    receiver.redis.zadd(keys.BUDGET, {"free": now - 1000, "answered": now + 5000, "asked": now + 30_000})
    assert scrape(receiver)["leadsync_budget_used",] == 2


@pytest.fixture
def inbox(receiver: Line) -> Stream:
    return Stream(receiver.redis)


def test_a_tally_is_flushed_once_and_keeps_what_redis_did_not_take(inbox: Stream) -> None:
    tally = Tally()
    tally.add("disk")
    tally.note("quota_left", 7)
    nowhere = connect(read({"REDIS_URL": f"redis://127.0.0.1:{own_port()}"}))
    with pytest.raises(client.ConnectionError):
        tally.flush(Stream(nowhere))
    tally.add("disk")
    tally.note("quota_left", 6)
    for _ in range(2):
        tally.flush(inbox)
    assert inbox.redis.hgetall(keys.FIGURES) == {b"disk": b"2", b"quota_left": b"6"}


@pytest.mark.processes
def test_a_restart_of_several_processes_loses_no_count(tmp_path: Path) -> None:
    """Each process counts its refused requests in memory and flushes the rest to Redis when it stops."""
    with (
        embedded.start(tmp_path / "redis") as server,
        open_line(tmp_path, server.url, WEB_CONCURRENCY="3", METRICS_TOKEN="scrape-me") as line,
    ):
        for _ in range(2):
            web = line.start("web", **PATIENT)
            line.await_web()
            statuses = line.storm([{"secret": "wrong", "number": number} for number in range(60)], at_once=20)
            assert statuses == [403] * 60
            web.stop()
        line.start("web", **PATIENT)
        line.await_web()
        figures = scrape(line)
        assert sum(value for (name, *_), value in figures.items() if name == "leadsync_refused_total") == 120
        server.stop()
        figures = {one: value for one, value in scrape(line).items() if value or one[0] != "leadsync_problem"}
        disk = {("leadsync_spooled",): 0, ("leadsync_spooled_foreign",): 0, ("leadsync_disk_usable",): 1}
        assert figures == {("leadsync_redis_up",): 0, ("leadsync_problem", "redis_away"): 1, **disk}


def test_counters_of_another_version_do_no_harm(receiver: Line) -> None:
    apply(receiver, figure("calls:upsert:200", 3), figure("somethingnew"))
    assert scrape(receiver)["leadsync_hubspot_calls_total", "upsert", "200"] == 3
