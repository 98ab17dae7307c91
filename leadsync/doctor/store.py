"""Checks of Redis, and of what it says about the workers and what is waiting."""

import time
from collections.abc import Mapping
from typing import Any

import redis

from leadcore.reasons import NEED_RESTART
from leadcore.settings import Settings
from leadcore.store import keys
from leadcore.store.condition import FULL, NEARLY_FULL, describe_condition
from leadcore.store.connection import AWAY, connect, describe_error
from leadcore.store.server import WANTED, identify
from leadcore.store.status import Status, read_status
from leadcore.texts import en
from leadcore.verdict import BAD, Problem, assess
from leadsync.doctor.finding import Finding, clock, fine, warn, wrong
from leadsync.terminal import describe_last_post
from leadsync.wording import count


def check_redis(settings: Settings) -> list[Finding]:
    """Redis itself, then workers, inbox and parked leads."""
    client = connect(settings)
    try:
        sent = time.time()
        seconds, micros = client.time()
        off = seconds + micros / 1e6 - (sent + time.time()) / 2
        status = read_status(client, settings.config.inbox.shards, settings.timezone)
        line = judge_line(status, describe_last_post(status, settings.timezone))
        found = judge_redis(client.info(), _fsync(client), refuses_writes=status.redis.disk_fails)
        return [*found, clock("Redis", off), *line]
    except redis.AuthenticationError:
        return [wrong("Redis", "It refuses the password.", "Put the right password into REDIS_URL.")]
    except redis.ResponseError:
        fix = "Use a Redis that allows INFO, appends to disk and evicts nothing."
        return [wrong("Redis", "It answers, but refuses to say how it is set up.", fix)]
    except AWAY as error:
        text = (
            f"It does not answer at {settings.redis_address} ({describe_error(error)}). "
            "New leads can only go to the receiver's disk: see Disk."
        )
        return [wrong("Redis", text, "Check REDIS_URL, and REDIS_TLS_VERIFY where its certificate is self-signed.")]


def _fsync(client: Any) -> str:
    """The setting `appendfsync`, "" where hosted Redis forbids CONFIG."""
    try:
        stored = client.config_get("appendfsync")
    except redis.ResponseError:
        return ""
    return str(stored.get("appendfsync", ""))


def judge_redis(info: Mapping[str, Any], fsync: str, *, refuses_writes: bool = False) -> list[Finding]:
    """Pure: whether Redis' INFO and its `appendfsync` ("" = unknown) keep leads safe. `refuses_writes`: it was asked,
    and does so for its disk."""
    disk = _judge_disk(info, fsync, refuses_writes)
    return [_judge_server(info), disk, *_judge_memory(info), *_judge_replication(info)]


def _judge_server(info: Mapping[str, Any]) -> Finding:
    server, fix = identify(info), f"Use {WANTED}."
    if not server.version:
        return wrong("Redis", "Its version is unknown.", fix)
    if server.is_too_old:
        return wrong("Redis", f"It is {server}, which is too old.", fix)
    if server.is_cluster:
        return wrong("Redis", f"It is {server} in cluster mode, which refuses leads.", "Use one without cluster mode.")
    if not server.is_tried:
        return warn("Redis", f"It is {server}, with which LeadSync has not been tried.", fix)
    return fine("Redis", f"Answers; it is {server}.")


def _judge_disk(info: Mapping[str, Any], fsync: str, refuses_writes: bool) -> Finding:
    subject = "Redis' disk"
    if not info.get("aof_enabled"):
        fix = "Set appendonly yes, or choose a plan of your provider that appends to disk."
        return wrong(subject, "Redis does not append to disk: a restart loses the waiting leads.", fix)
    fix = "Make room on that disk, and look into Redis' own log."
    if refuses_writes:
        return wrong(subject, f"{en.PROBLEMS['redis_disk']}.", f"{fix} Until then leads go to the receivers' disks.")
    if describe_condition(info).disk_fails:
        return warn(
            subject, "Its last write to disk failed (INFO persistence says so); it takes leads all the same.", fix
        )
    if fsync == "no":
        return wrong(subject, "appendfsync is no: a crash loses many seconds.", "Set appendfsync everysec or always.")
    if not fsync:
        fix = "Ask your provider: it should be everysec or always."
        return warn(subject, "It appends to disk, but CONFIG is forbidden here, so appendfsync is unknown.", fix)
    return fine(subject, f"Appends to disk, appendfsync {fsync}.")


def _judge_memory(info: Mapping[str, Any]) -> list[Finding]:
    subject = "Redis' memory"
    now = describe_condition(info)
    found = []
    if now.policy != "noeviction":
        text = f"maxmemory-policy is {now.policy}: a full Redis deletes leads."
        found.append(wrong(subject, text, "Set maxmemory-policy noeviction."))
    if now.part > FULL:
        text = f"{now.part:.0%} is used, so new leads go to the receivers' disks."
        found.append(wrong(subject, text, "Give Redis more memory."))
    elif now.part > NEARLY_FULL:
        text = f"{now.part:.0%} is used; above {FULL:.0%}, or if many wait, new leads go to the receivers' disks."
        found.append(warn(subject, text, "Give Redis more memory."))
    used, limit = (f"{bytes_ / 1e6:.0f}" for bytes_ in (now.used, now.limit))
    room = f"{used} of {limit} MB used" if now.limit else f"{used} MB used, no limit"
    return found or [fine(subject, f"Evicts nothing; {room}.")]


def _judge_replication(info: Mapping[str, Any]) -> list[Finding]:
    """Nothing where there is no replica. What a replica is set to cannot be read from here."""
    subject = "Redis' replica"
    if describe_condition(info).is_replica:
        fix = "Let REDIS_URL name the primary. Where this one was promoted: CONFIG REWRITE, or a restart undoes it."
        return [wrong(subject, "REDIS_URL leads to a replica, which takes no leads.", fix)]
    replicas = int(info.get("connected_slaves") or 0)
    if not replicas:
        return []
    text = "needs the same maxmemory (with less it drops writes in silence), the same clock, CONFIG REWRITE if promoted"
    return [fine(subject, f"{count(replicas, 'replica')}; each {text}.")]


SUBJECTS = {
    "no_workers": "Workers",
    "paused": "Line",
    "messages_paused": "Messages",
    "orders_paused": "Orders line",
    "payments_paused": "Payments line",
    "notes_paused": "Notes line",
    "refused": "Posts",
    "late": "Inbox",
    "required": "Required properties",
    "parked": "Parked",
    "hooks_away": "Hooks",
    "notices_away": "Notices",
    "stages_wait": "Moved orders",
    "stages_held": "Stage messages",
    "dry_run": "Workers",
    "partly_dry": "Workers",
    "held": "Held back",
}
"""What `leadcore.verdict` finds wrong -> the subject here; `judge_redis` says how Redis itself is."""
PAUSED = {
    "paused": keys.INBOX,
    "messages_paused": keys.OUTBOX,
    "orders_paused": keys.ORDERS,
    "payments_paused": keys.PAYMENTS,
    "notes_paused": keys.NOTES,
}
"""What it finds wrong -> the line that waits."""


def judge_line(status: Status, last_post: str = "never") -> list[Finding]:
    """Pure: what is wrong with the line, and what is fine about it. `last_post`: when DealDroid's last one came."""
    found = [
        (wrong if one.severity == BAD else warn)(SUBJECTS[one.code], _describe(one, last_post), _fix(one, status))
        for one in assess(status)
        if one.code in SUBJECTS
    ]
    fines = {
        **({"Workers": f"{status.workers} alive."} if status.workers else {}),
        "Inbox": f"{count(status.waiting, 'lead waits', 'leads wait')}.",
        "Posts": f"None was refused today for its secret. Last post from DealDroid: {last_post}.",
    }
    subjects = {one.subject for one in found}
    return [*(fine(subject, text) for subject, text in fines.items() if subject not in subjects), *found]


def _describe(problem: Problem, last_post: str) -> str:
    return f"{problem.text}." + (f" Last post from DealDroid: {last_post}." if problem.code == "refused" else "")


def _fix(problem: Problem, status: Status) -> str:
    """A line that is down tries again by itself, if there is a worker to do it that needs no restart first."""
    line = PAUSED.get(problem.code)
    if line is None or not status.workers or status.pauses[line].get("code") in NEED_RESTART:
        return problem.fix
    return f"{problem.fix} The workers try again by themselves."
