"""The commonest mistake of a first deployment: an intent's secret is not the one set here."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from leadcore.store import keys
from leadsync.cli import cli
from tests.conftest import PATIENT, Channel, Line, eventually, lead

PASSWORD = "kept-from-strangers"
WRONG = "the-secret-that-dealdroid-sends"


@pytest.fixture
def refusing(spare_line: Callable[..., Line], channel: Channel) -> Line:
    """Three web processes and a worker, to which 15 posts came with another secret."""
    line = spare_line(
        WEB_CONCURRENCY="3", CONSOLE_PASSWORD=PASSWORD, ALERT_WEBHOOK_URL=channel.url, METRICS_TOKEN="scrape-me"
    )
    line.start("web", **PATIENT)
    line.start("worker")
    line.await_web()
    line.await_workers(1)
    assert line.storm([{**lead(f"c-{n}"), "secret": WRONG} for n in range(15)], at_once=5) == [403] * 15
    eventually(lambda: sum(int(n) for n in line.redis.hvals(keys.REFUSED)) == 15)
    return line


def call(line: Line, *words: str) -> Any:
    return CliRunner().invoke(cli, words, env={**line.environ, "COLUMNS": "250"})


def test_it_is_told_everywhere_and_the_secret_nowhere(refusing: Line, channel: Channel) -> None:
    words = "15 posts refused today: the secret of an intent is not the one set here"
    console = requests.get(refusing.url + "/console/", auth=("leadsync", PASSWORD), timeout=5).text
    status, doctor = call(refusing, "status").stdout, call(refusing, "doctor").stdout
    for text in (console, status, doctor):
        assert words in text
    assert "Last post from DealDroid: never" in console
    assert "Last post from DealDroid  never" in status
    assert "Last post from DealDroid: never" in doctor
    found = json.loads(call(refusing, "status", "--json").stdout)
    assert (found["refused_today"], found["last_post_ms"]) == (15, None)
    ready = requests.get(refusing.url + "/readyz", timeout=5).json()
    assert (ready["status"], ready["problems"]) == ("ok", ["refused"])
    metrics = requests.get(refusing.url + "/metrics", headers={"Authorization": "Bearer scrape-me"}, timeout=5).text
    assert "leadsync_refused_today 15.0" in metrics
    assert 'leadsync_problem{code="refused"} 1.0' in metrics
    assert "leadsync_last_post_timestamp_seconds 0.0" in metrics
    [alert] = eventually(channel.texts)
    assert words in alert
    everywhere = console + status + doctor + json.dumps(ready) + metrics + alert + refusing.logs()
    for secret in (WRONG, refusing.environ["DEALDROID_SECRET"]):
        assert secret not in everywhere
        assert secret.encode() not in b"".join(refusing.redis.dump(key) or b"" for key in refusing.redis.keys("*"))


def test_a_right_secret_is_the_last_post_even_of_an_event_that_cannot_be_used(refusing: Line) -> None:
    before = refusing.redis.time()[0] * 1000
    refusing.post({"mid": "m", "secret": refusing.environ["DEALDROID_SECRET"]})
    found = eventually(lambda: json.loads(call(refusing, "status", "--json").stdout)["last_post_ms"])
    assert found >= before
