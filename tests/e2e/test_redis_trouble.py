"""A Redis that answers and takes no leads is called that, everywhere, until it takes them again."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from leadcore.store import keys
from sandbox import redis as embedded
from tests.conftest import SHARDS, Channel, Line, eventually, lead


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[embedded.Running]:
    with embedded.start(tmp_path / "redis") as running:
        if running.server is None:
            pytest.skip("fakeredis is never full")
        yield running


@pytest.fixture
def line(own_server: embedded.Running, spare_line: Callable[..., Line], channel: Channel) -> Line:
    made = spare_line(own_server.url, ALERT_WEBHOOK_URL=channel.url, WEB_CONCURRENCY="1")
    made.start("web")
    made.start("worker")
    made.await_web()
    made.await_workers(1)
    return made


def ready(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(line.url + "/readyz", timeout=5).json()
    return found


def status(line: Line) -> tuple[int, list[str]]:
    """The exit code of `leadsync status`, and what it calls wrong."""
    process = line.start("status", "--json")
    process.popen.wait(30)
    said = process.log.read_bytes().splitlines()[-1]
    return process.popen.returncode, [one["code"] for one in json.loads(said)["problems"]]


def test_a_full_redis_is_named_until_it_has_room(line: Line, channel: Channel) -> None:
    line.redis.config_set("maxmemory", line.redis.info("memory")["used_memory"])
    eventually(lambda: "redis_full" in ready(line)["problems"])
    eventually(lambda: "redis.full" in line.logs())
    line.send(lead("c-1", name="Nok Jaidee"))
    assert status(line) == (1, ["redis_full", "spooled"])
    assert ready(line)["status"] == "degraded"
    told = eventually(channel.texts)
    assert "of Redis' memory is used" in told[0]
    line.redis.config_set("maxmemory", 0)
    line.settle()
    eventually(lambda: len(channel.taken) > 1)
    assert [("has room again" in text) for text in channel.texts()] == [False, True]
    assert line.logs().count("redis.has_room") == 1
    assert 1 <= line.logs().count("redis.full") <= 2, "once by web, and once by a worker that took a job"
    assert status(line) == (0, [])


def test_a_web_that_ends_leaves_no_lead_on_its_disk_that_redis_has_room_for(
    own_server: embedded.Running, spare_line: Callable[..., Line]
) -> None:
    """Platforms delete the disk with the process."""
    line = spare_line(own_server.url, WEB_CONCURRENCY="1")
    web = line.start("web")
    line.await_web()
    size = 30_000_000
    line.redis.set("filler", bytes(size))
    # What it has yet to append to disk is memory, too.
    used = eventually(lambda: (now := line.redis.info("memory")["used_memory"]) < 1.5 * size and now)
    line.redis.config_set("maxmemory", used + 1_000_000)
    eventually(lambda: "redis.full" in line.logs())
    line.send(*(lead(f"c-{number}", name="Nok Jaidee") for number in range(250)))
    assert ready(line)["spooled"] == 250
    web.stop()
    assert sum(line.redis.xlen(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS)) == 250


def test_a_policy_that_deletes_leads_is_named_before_it_does(line: Line, channel: Channel) -> None:
    line.redis.config_set("maxmemory", 10**9)
    line.redis.config_set("maxmemory-policy", "allkeys-lru")
    assert "allkeys-lru" in eventually(channel.texts)[0]
    assert status(line) == (1, ["redis_evicts"])


def test_a_redis_that_cannot_write_to_its_disk_is_not_taken_for_lack_of_workers(line: Line, tmp_path: Path) -> None:
    """It refuses the workers' signs of life, too."""
    snapshot = tmp_path / "redis" / "dump.rdb"
    snapshot.mkdir()
    line.redis.config_set("save", "3600 1")
    save(line)
    with pytest.raises(redis.ResponseError, match="MISCONF"):
        line.redis.set("a", 1)
    line.send(lead("c-1", name="Nok Jaidee"))
    eventually(lambda: not ready(line)["workers"])
    assert status(line) == (1, ["redis_disk", "spooled"])
    assert "Start one" not in ready(line)["reason"]
    assert '"ResponseError (MISCONF)"' in line.logs()
    snapshot.rmdir()
    save(line)
    eventually(line.chat.told)
    eventually(lambda: ready(line)["problems"] == [])


def save(line: Line) -> None:
    line.redis.bgsave()
    eventually(lambda: not line.redis.info("persistence")["rdb_bgsave_in_progress"])


def test_a_replica_is_named_instead_of_workers_that_cannot_write_to_it(line: Line) -> None:
    line.redis.replicaof("127.0.0.1", "1")
    eventually(lambda: "redis_replica" in ready(line)["problems"])
    line.send(lead("c-1", name="Nok Jaidee"))
    line.redis.replicaof("no", "one")
    eventually(line.chat.told)
    eventually(lambda: ready(line)["problems"] == [])
