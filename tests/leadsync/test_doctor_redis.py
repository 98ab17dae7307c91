"""What `leadsync doctor` says of Redis, by what Redis tells of itself, and of what waits in it."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leadcore.settings import read
from leadcore.store import keys, lines
from leadcore.store.connection import connect
from leadcore.store.status import Status
from leadcore.texts.en import REASONS
from leadsync.doctor.finding import Finding, clock
from leadsync.doctor.store import check_redis, judge_line, judge_redis
from sandbox import redis as embedded
from tests.conftest import eventually

INFO = {
    "redis_version": "7.0.15",
    "aof_enabled": 1,
    "maxmemory_policy": "noeviction",
    "used_memory": 10**6,
    "maxmemory": 0,
}


def states(found: list[Finding]) -> set[tuple[str, str]]:
    return {(one.subject, one.state) for one in found if one.state != "fine"}


@pytest.mark.parametrize(
    ("more", "fsync", "expected"),
    [
        ({}, "everysec", set()),
        ({}, "always", set()),
        ({}, "no", {("Redis' disk", "wrong")}),
        ({}, "", {("Redis' disk", "warning")}),
        ({"aof_enabled": 0}, "everysec", {("Redis' disk", "wrong")}),
        ({"maxmemory_policy": "allkeys-lru"}, "always", {("Redis' memory", "wrong")}),
        ({"maxmemory": 12 * 10**5}, "always", {("Redis' memory", "warning")}),
        ({"maxmemory": 10**6}, "always", {("Redis' memory", "wrong")}),
        ({"maxmemory": 10**8}, "always", set()),
        ({"rdb_last_bgsave_status": "err"}, "always", {("Redis' disk", "warning")}),
        ({"redis_version": "6.0.9"}, "always", {("Redis", "wrong")}),
        ({"redis_version": "6.2.0"}, "always", set()),
        ({"redis_version": "8"}, "always", set()),
        ({"server_name": "valkey", "valkey_version": "9.1.2"}, "always", set()),
        ({"server_name": "valkey", "valkey_version": "7.1.9"}, "always", {("Redis", "wrong")}),
        ({"server_name": "dragonfly", "dragonfly_version": "1.30"}, "always", {("Redis", "warning")}),
        ({"cluster_enabled": 1}, "always", {("Redis", "wrong")}),
        ({"cluster_enabled": 0}, "always", set()),
    ],
)
def test_redis_is_judged(more: dict[str, Any], fsync: str, expected: set[tuple[str, str]]) -> None:
    assert states(judge_redis({**INFO, **more}, fsync)) == expected


@pytest.mark.parametrize("name", ["aof_last_write_status", "rdb_last_bgsave_status"])
def test_a_redis_that_refuses_writes_for_its_disk_is_wrong(name: str) -> None:
    found = judge_redis({**INFO, name: "err"}, "always", refuses_writes=True)
    assert states(found) == {("Redis' disk", "wrong")}


@pytest.mark.parametrize(
    ("stops", "state", "words"),
    [("yes", "wrong", "so it refuses leads"), ("no", "warning", "it takes leads all the same")],
)
def test_a_failed_snapshot_is_wrong_only_where_redis_refuses_leads_for_it(
    tmp_path: Path, stops: str, state: str, words: str
) -> None:
    with embedded.start(tmp_path / "redis") as running:
        if running.server is None:
            pytest.skip("fakeredis makes no snapshots")
        settings = read({"REDIS_URL": running.url})
        with closing(connect(settings)) as server:
            server.config_set("save", "3600 1")
            server.config_set("stop-writes-on-bgsave-error", stops)
            (tmp_path / "redis" / "dump.rdb").mkdir()
            server.bgsave()
            eventually(lambda: server.info("persistence")["rdb_last_bgsave_status"] == "err")
            [found] = [one for one in check_redis(settings) if one.subject == "Redis' disk"]
            assert (found.state, words in found.text) == (state, True)
            server.config_set("save", "")  # else it would not end before it is killed


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "it is Redis 7.0.15."),
        ({"redis_version": "7.2.4", "server_name": "valkey", "valkey_version": "9.1.2"}, "it is Valkey 9.1.2."),
        ({"redis_version": "7.2.4", "valkey_version": "7.2.5"}, "it is Valkey 7.2.5."),
        ({"redis_version": "6.0.9"}, "Redis 6.0.9, which is too old"),
        ({"redis_version": "7.2.4", "server_name": "valkey", "valkey_version": "7.0"}, "Valkey 7.0, which is too old"),
    ],
)
def test_the_server_is_named_as_what_it_is(more: dict[str, Any], words: str) -> None:
    """`redis_version` is only what Valkey wants to be taken for."""
    assert words in judge_redis({**INFO, **more}, "always")[0].text


def test_redis_that_says_nothing_is_judged_too() -> None:
    assert {state for _, state in states(judge_redis({}, ""))} == {"wrong"}


@pytest.mark.parametrize(
    ("oldest_ms", "pause", "expected"),
    [
        (None, {}, set()),
        (1_000_000 - 5_000, {}, set()),
        (1_000_000 - 90_000, {}, {("Inbox", "warning")}),
        (None, {"reason": "why", "until_ms": 1, "since_ms": 990_000}, {("Line", "warning")}),
        (None, {"reason": "why", "until_ms": 1, "since_ms": 1}, {("Line", "wrong")}),
        (None, {"code": "unauthorized", "reason": "why", "until_ms": 1, "since_ms": 990_000}, {("Line", "wrong")}),
    ],
)
def test_the_line_is_judged(oldest_ms: int | None, pause: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    depths = {keys.INBOX: [1], keys.OUTBOX: [0]}
    assert states(judge_line(Status(1_000_000, 1, depths, oldest_ms, pauses={keys.INBOX: pause}))) == expected


@pytest.mark.parametrize(
    ("line", "code", "reason", "by_themselves"),
    [
        (keys.INBOX, "unavailable", "hubspot_unavailable", True),
        (keys.INBOX, "unauthorized", "token_refused", False),
        (keys.OUTBOX, "restarted", "redis_restarted", True),
        (keys.ORDERS, "order_key", "key_lacking", True),
        (keys.ORDERS, "order_stage", "order_stage_refused", False),
        (keys.NOTES, "switched_off", "switched_off", False),
    ],
)
def test_the_workers_try_again_by_themselves_unless_their_settings_may_have_to_change(
    line: str, code: str, reason: str, by_themselves: bool
) -> None:
    """Whatever the reason's words are."""
    pause = {"code": code, "reason": REASONS[reason], "until_ms": 1, "since_ms": 1}
    depths = {one.name: [int(one.name == line)] for one in lines.LINES}
    [found] = [one for one in judge_line(Status(1_000_000, 1, depths, pauses={line: pause})) if one.state != "fine"]
    assert ("The workers try again by themselves." in found.fix) is by_themselves


@pytest.mark.parametrize(
    ("dry_workers", "held", "expected"),
    [(0, 0, set()), (1, 3, {("Workers", "warning")}), (0, 3, {("Held back", "warning")})],
)
def test_a_dry_run_and_what_it_held_back_are_named(dry_workers: int, held: int, expected: set[tuple[str, str]]) -> None:
    depths = {keys.INBOX: [0], keys.OUTBOX: [0]}
    status = Status(1_000_000, 2, depths, kept={"held": held}, dry_workers=dry_workers)
    assert states(judge_line(status)) - {("Workers", "fine")} == expected


@pytest.mark.parametrize(
    ("off", "state"), [(0.3, "fine"), (-4.9, "fine"), (6.0, "warning"), (-60.0, "warning"), (301.0, "wrong")]
)
def test_a_clock_that_is_off_is_named(off: float, state: str) -> None:
    assert clock("Redis", off).state == state


def test_an_address_that_leads_to_a_replica_is_wrong() -> None:
    [finding] = judge_redis({**INFO, "role": "slave"}, "always")[3:]
    assert (finding.state, "takes no leads" in finding.text) == ("wrong", True)
    assert "CONFIG REWRITE" in finding.fix


@pytest.mark.parametrize("replicas", [0, 1, 2])
def test_what_a_replica_needs_is_said_where_there_is_one(replicas: int) -> None:
    found = judge_redis({**INFO, "role": "master", "connected_slaves": replicas}, "always")[3:]
    needs = ("maxmemory", "clock", "CONFIG REWRITE")
    assert [(one.state, all(need in one.text for need in needs)) for one in found] == [("fine", True)] * bool(replicas)
