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


def test_it_is_healthy_while_it_lives(door: Line) -> None:
    answer = get(door, "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_without_a_living_worker_it_is_not_ready_and_says_what_to_do(door: Line) -> None:
    answer = get(door, "/readyz")
    assert (answer.status_code, answer.json()["workers"]) == (503, 0)
    assert "leadsync worker" in answer.json()["reason"]


def test_with_a_living_worker_it_is_ready_and_a_dead_one_does_not_count(door: Line) -> None:
    now = time.time() * 1000
    door.redis.zadd(keys.WORKERS, {"dead": now - 60_000})
    assert get(door, "/readyz").status_code == 503
    door.redis.zadd(keys.WORKERS, {"alive": now})
    answer = get(door, "/readyz")
    assert (answer.status_code, answer.json()["status"], answer.json()["workers"]) == (200, "ok", 1)


def test_it_tells_how_many_leads_wait(door: Line) -> None:
    for number in range(3):
        door.send({**lead(f"c-{number}"), "secret": FIRST})
    assert get(door, "/readyz").json()["waiting"] == 3
    figures = scrape(door)
    assert sum(value for name, value in figures.items() if name.startswith('leadsync_depth{line="inbox"')) == 3
    assert (figures["leadsync_redis_up"], figures["leadsync_workers"], figures["leadsync_spooled"]) == (1, 0, 0)


def test_the_metrics_ask_for_their_token(door: Line) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "scrape-me"}):
        answer = get(door, "/metrics", **headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_what_is_parked_is_counted(door: Line) -> None:
    assert door.post({"secret": FIRST, "mid": "m"}).status_code == 422
    assert eventually(lambda: scrape(door)["leadsync_parked"]) == 1
