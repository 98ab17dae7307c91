"""What /metrics tells, from a real receiver over a real Redis."""

import math
from pathlib import Path
from typing import Any

import pytest
import redis as client
import requests
from prometheus_client.parser import text_string_to_metric_families

from leadcore.settings import read
from leadcore.store import keys
from leadcore.store.connection import connect
from leadcore.store.counters import BUCKETS, Tally, figure, time_to_written
from leadcore.store.streams import Stream
from sandbox import redis as embedded
from tests.conftest import Line, eventually, lead, open_line
from tests.receiver.conftest import FIRST

Figures = dict[tuple[str, ...], float]


def scrape(line: Line) -> Figures:
    """(name, label value ...) -> value, by Prometheus' own parser; labels in the order of their names."""
    answer = requests.get(line.url + "/metrics", headers={"Authorization": "Bearer scrape-me"}, timeout=5)
    assert answer.status_code == 200
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.documentation and family.type != "unknown" for family in families)
    assert len({family.name for family in families}) == len(families)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def tell(line: Line, *commands: Any) -> None:
    Stream(line.redis).apply(commands)


def test_an_empty_system_tells_noughts(door: Line) -> None:
    figures = scrape(door)
    assert figures["leadsync_redis_up",] == 1
    assert {value for (name, *_), value in figures.items() if name != "leadsync_redis_up"} == {0}
    assert ("leadsync_leads_total", "created") in figures
    assert ("leadsync_refused_total", "forbidden") in figures


def test_what_is_accepted_repeated_and_refused_is_counted_by_reason(door: Line) -> None:
    event = {**lead(), "secret": FIRST}
    door.send(event, event, {**lead("c-2"), "secret": FIRST})
    assert [door.post(body).status_code for body in (b"{", b"[]", b" " * 300_000)] == [400, 400, 413]
    assert door.post({"secret": FIRST, "mid": "m"}).status_code == 422
    wrong = [door.post({"secret": "wrong"}).headers.get("Retry-After") for _ in range(14)]
    figures = eventually(lambda: (found := scrape(door))["leadsync_refused_total", "throttled"] and found)
    assert figures["leadsync_accepted_total",] == 2
    assert figures["leadsync_duplicates_total",] == 1
    refused = {reason: value for (name, reason), value in two_words(figures) if name == "leadsync_refused_total"}
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


def two_words(figures: Figures) -> list[tuple[tuple[str, ...], float]]:
    return [(names, value) for names, value in figures.items() if len(names) == 2]


def test_depth_and_age_are_told_per_shard(door: Line) -> None:
    door.redis.xadd(keys.entries(keys.INBOX, 2), {"e": "x"}, id=f"{int(door.redis.time()[0] - 400) * 1000}-1")
    door.redis.xadd(keys.entries(keys.OUTBOX, 1), {"e": "x"})
    door.redis.zadd(keys.later(keys.OUTBOX, 1), {"y": 1})
    figures = scrape(door)
    assert [figures["leadsync_depth", keys.INBOX, str(shard)] for shard in range(4)] == [0, 0, 1, 0]
    assert [figures["leadsync_depth", keys.OUTBOX, str(shard)] for shard in range(4)] == [0, 2, 0, 0]
    assert 399 <= figures["leadsync_oldest_seconds", keys.INBOX, "2"] < 430
    assert figures["leadsync_oldest_seconds", keys.INBOX, "0"] == 0


def test_a_pause_of_either_line_is_told_with_its_code(door: Line) -> None:
    until = {"until": (door.redis.time()[0] + 60) * 1000, "reason": "why"}
    door.redis.hset(keys.PAUSES[keys.INBOX], mapping={**until, "code": "unauthorized"})
    door.redis.hset(keys.PAUSES[keys.OUTBOX], mapping={**until, "code": "dealdroid"})
    figures = scrape(door)
    assert figures["leadsync_paused", "unauthorized", keys.INBOX] == 1
    assert figures["leadsync_paused", "dealdroid", keys.OUTBOX] == 1


def test_the_histogram_adds_up(door: Line) -> None:
    times = [0, 10, 11, 700, 5000, 3_600_000, 3_600_001, -5]
    tell(door, *(command for ms in times for command in time_to_written(ms)))
    figures = scrape(door)
    for bound in BUCKETS:
        expected = sum(1 for ms in times if ms <= float(bound) * 1000)
        assert figures["leadsync_lead_seconds_bucket", bound] == expected
    assert figures["leadsync_lead_seconds_count",] == len(times)
    assert math.isclose(figures["leadsync_lead_seconds_sum",], sum(max(ms, 0) for ms in times) / 1000)


def test_the_budget_in_use_is_what_is_not_free_again(door: Line) -> None:
    now = door.redis.time()[0] * 1000
    door.redis.zadd(keys.BUDGET, {"free": now - 1000, "answered": now + 5000, "asked": now + 30_000})
    assert scrape(door)["leadsync_budget_used",] == 2


@pytest.fixture
def inbox(door: Line) -> Stream:
    return Stream(door.redis)


def test_a_tally_is_told_once_and_keeps_what_redis_did_not_take(inbox: Stream) -> None:
    tally = Tally()
    tally.add("disk")
    tally.note("quota_left", 7)
    nowhere = connect(read({"REDIS_URL": f"redis://127.0.0.1:{embedded.free_port()}"}))
    with pytest.raises(client.ConnectionError):
        tally.flush(Stream(nowhere))
    tally.add("disk")
    tally.note("quota_left", 6)
    for _ in range(2):
        tally.flush(inbox)
    assert inbox.redis.hgetall(keys.FIGURES) == {b"disk": b"2", b"quota_left": b"6"}


def test_a_restart_loses_no_count_of_several_processes(tmp_path: Path) -> None:
    """Refused requests are counted in the memory of whichever process has them; ending it tells Redis the rest."""
    with (
        embedded.start(tmp_path / "redis") as server,
        open_line(tmp_path, server.url, WEB_CONCURRENCY="3", METRICS_TOKEN="scrape-me") as line,
    ):
        for _ in range(2):
            web = line.start("web")
            line.await_web()
            statuses = line.storm([{"secret": "wrong", "number": number} for number in range(60)], at_once=20)
            assert statuses == [403] * 60
            web.stop()
        line.start("web")
        line.await_web()
        figures = scrape(line)
        assert sum(value for (name, *_), value in figures.items() if name == "leadsync_refused_total") == 120
        server.stop()
        figures = scrape(line)
        assert figures == {("leadsync_redis_up",): 0, ("leadsync_spooled",): 0}


def test_figures_of_another_version_do_no_harm(door: Line) -> None:
    tell(door, figure("calls:upsert:200", 3), figure("somethingnew"))
    assert scrape(door)["leadsync_hubspot_calls_total", "upsert", "200"] == 3
