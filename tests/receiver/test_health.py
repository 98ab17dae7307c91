"""healthz, readyz and metrics."""

import time

import requests

from leadcore.store import keys
from tests.conftest import Line, eventually, lead
from tests.receiver.conftest import FIRST


def get(line: Line, path: str, **headers: str) -> requests.Response:
    return requests.get(line.url + path, headers=headers, timeout=5)


def scrape(line: Line) -> dict[str, float]:
    answer = get(line, "/metrics", Authorization="Bearer scrape-me")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    rows = [row.rpartition(" ") for row in answer.text.splitlines() if not row.startswith("#")]
    return {name: float(value) for name, _, value in rows}


def test_healthz_answers_while_the_process_lives(receiver: Line) -> None:
    answer = get(receiver, "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_without_a_live_worker_readyz_is_503_and_says_what_to_do(receiver: Line) -> None:
    answer = get(receiver, "/readyz")
    assert (answer.status_code, answer.json()["workers"]) == (503, 0)
    assert "leadsync worker" in answer.json()["reason"]


def test_with_a_live_worker_readyz_is_200_and_a_dead_one_does_not_count(receiver: Line) -> None:
    now = time.time() * 1000
    receiver.redis.zadd(keys.WORKERS, {"dead": now - 60_000})
    assert get(receiver, "/readyz").status_code == 503
    receiver.redis.zadd(keys.WORKERS, {"alive": now})
    answer = get(receiver, "/readyz")
    assert (answer.status_code, answer.json()["status"], answer.json()["workers"]) == (200, "ok", 1)


def test_readyz_and_metrics_count_waiting_leads(receiver: Line) -> None:
    for number in range(3):
        receiver.send({**lead(f"c-{number}"), "secret": FIRST})
    assert get(receiver, "/readyz").json()["waiting"] == 3
    figures = scrape(receiver)
    assert sum(value for name, value in figures.items() if name.startswith('leadsync_depth{line="inbox"')) == 3
    assert (figures["leadsync_redis_up"], figures["leadsync_workers"], figures["leadsync_spooled"]) == (1, 0, 0)


def test_metrics_require_the_token(receiver: Line) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "scrape-me"}):
        answer = get(receiver, "/metrics", **headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_metrics_count_parked_leads(receiver: Line) -> None:
    assert receiver.post({"secret": FIRST, "mid": "m"}).status_code == 422
    assert eventually(lambda: scrape(receiver)["leadsync_parked"]) == 1
    # The process flushes its counters each second: wait, else they reach the next test's empty Redis.
    eventually(lambda: scrape(receiver)['leadsync_refused_total{reason="unusable"}'])
