"""Checks of Redis, and of what it says about the workers and what is waiting."""

import time
from collections.abc import Mapping
from typing import Any

import redis

from leadcore.settings import Settings
from leadcore.store.connection import AWAY, connect
from leadcore.store.server import WANTED, identify
from leadcore.store.status import Status, read_status
from leadsync.doctor.finding import Finding, clock, fine, warn, wrong

NEARLY_FULL, FULL = 0.8, 0.95
LATE_SECONDS = 60


def check_redis(settings: Settings) -> list[Finding]:
    """Redis itself, then workers, inbox and parked leads."""
    client = connect(settings)
    try:
        sent = time.time()
        seconds, micros = client.time()
        off = seconds + micros / 1e6 - (sent + time.time()) / 2
        line = judge_line(read_status(client, settings.config.inbox.shards))
        return [*judge_redis(client.info(), _fsync(client)), clock("Redis", off), *line]
    except redis.AuthenticationError:
        return [wrong("Redis", "It refuses the password.", "Put the right password into REDIS_URL.")]
    except redis.ResponseError:
        fix = "Use a Redis that allows INFO, appends to disk and evicts nothing."
        return [wrong("Redis", "It answers, but refuses to say how it is set up.", fix)]
    except AWAY as error:
        text = f"It does not answer ({type(error).__name__}). Leads are stored on the receiver's disk."
        return [wrong("Redis", text, "Check REDIS_URL, and REDIS_TLS_VERIFY where its certificate is self-signed.")]


def _fsync(client: Any) -> str:
    """The setting `appendfsync`, "" where hosted Redis forbids CONFIG."""
    try:
        stored = client.config_get("appendfsync")
    except redis.ResponseError:
        return ""
    return str(stored.get("appendfsync", ""))


def judge_redis(info: Mapping[str, Any], fsync: str) -> list[Finding]:
    """Pure: whether Redis' INFO and its `appendfsync` ("" = unknown) keep leads safe."""
    return [_judge_server(info), _judge_disk(info, fsync), *_judge_memory(info)]


def _judge_server(info: Mapping[str, Any]) -> Finding:
    server, fix = identify(info), f"Use {WANTED}."
    if not server.version:
        return wrong("Redis", "Its version is unknown.", fix)
    if server.is_too_old:
        return wrong("Redis", f"It is {server}, which is too old.", fix)
    if not server.is_tried:
        return warn("Redis", f"It is {server}, with which LeadSync has not been tried.", fix)
    return fine("Redis", f"Answers; it is {server}.")


def _judge_disk(info: Mapping[str, Any], fsync: str) -> Finding:
    subject = "Redis' disk"
    if not info.get("aof_enabled"):
        fix = "Set appendonly yes, or choose a plan of your provider that appends to disk."
        return wrong(subject, "Redis does not append to disk: a restart loses the waiting leads.", fix)
    if fsync == "no":
        return wrong(subject, "appendfsync is no: a crash loses many seconds.", "Set appendfsync everysec or always.")
    if not fsync:
        fix = "Ask your provider: it should be everysec or always."
        return warn(subject, "It appends to disk, but CONFIG is forbidden here, so appendfsync is unknown.", fix)
    return fine(subject, f"Appends to disk, appendfsync {fsync}.")


def _judge_memory(info: Mapping[str, Any]) -> list[Finding]:
    subject = "Redis' memory"
    used, limit = int(info.get("used_memory") or 0), int(info.get("maxmemory") or 0)
    policy = str(info.get("maxmemory_policy") or "unknown")
    found = []
    if policy != "noeviction":
        text = f"maxmemory-policy is {policy}: a full Redis deletes leads."
        found.append(wrong(subject, text, "Set maxmemory-policy noeviction."))
    part = used / limit if limit else 0.0
    if part > NEARLY_FULL:
        state = wrong if part > FULL else warn
        found.append(state(subject, f"{part:.0%} is used.", "Give Redis more memory; see leadsync status."))
    room = f"{used / 1e6:.0f} of {limit / 1e6:.0f} MB used" if limit else f"{used / 1e6:.0f} MB used, no limit"
    return found or [fine(subject, f"Evicts nothing; {room}.")]


def judge_line(status: Status) -> list[Finding]:
    """Pure: whether workers are alive and leads are processed."""
    found = [
        fine("Workers", f"{status.workers} alive.")
        if status.workers
        else wrong("Workers", "None is alive; leads wait.", "Start one: leadsync worker")
    ]
    if status.pause:
        found.append(warn("Line", f"Paused: {status.pause['reason']}", "It resumes by itself once that is fixed."))
    late = (status.now_ms - status.oldest_ms) / 1000 if status.oldest_ms else 0.0
    text = f"{status.waiting} leads wait" + (f", the oldest for {late:.0f} s." if late else ".")
    found.append(
        warn("Inbox", text, "Start more workers if this does not fall.") if late > LATE_SECONDS else fine("Inbox", text)
    )
    if status.parked:
        found.append(warn("Parked", f"{status.parked} leads wait for a person.", "See: leadsync parked"))
    return found
