"""Sends the alerts that `workers.rules.alerts` decides on: a thread in each worker process, one of which works at a
time.

It blocks no other thread. The alert address is a secret and appears in no log.
"""

import os
from zoneinfo import ZoneInfo

import msgspec
import requests
import structlog
import urllib3
from requests.utils import get_environ_proxies

from leadcore.machine import Machine
from leadcore.reasons import english
from leadcore.receipts import PARKED, UNSENT_STATES
from leadcore.store import keys, lines, scripts
from leadcore.store.connection import AWAY, Redis
from leadcore.store.leads import read_receipts
from leadcore.store.parked import find_fix
from leadcore.store.status import read_status
from leadcore.store.streams import Stream
from leadcore.verdict import assess
from workers.rules.alerts import (
    ENDED,
    FOLLOWING,
    HELD_STAGES,
    REDIS_MENDED,
    AlertRecord,
    Observation,
    add_parked_alert,
    finish,
    start_next,
    update_record,
)

CHECK_SECONDS = 2.0
CONNECT_SECONDS, READ_SECONDS = 3.0, 4.0
POSTING_MS = 60_000
NEWEST = 100
REVISIONS = 10_000
log = structlog.get_logger("leadsync.alerts")


class Notifier:
    """Posts `{"text": ...}` to `url` when a person has to act, and when it is over."""

    def __init__(self, connection: Redis, url: str, shards: int, timezone: ZoneInfo, machine: Machine) -> None:
        self.redis, self.url, self.shards, self.timezone = connection, url, shards, timezone
        self.stream = Stream(connection)
        self.token = machine.token()
        self._mark = connection.register_script(scripts.MARK)
        self._end = machine.event()
        self._thread = machine.thread(self._run, "notifier")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the text that it is sending."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(CONNECT_SECONDS + READ_SECONDS + CHECK_SECONDS)

    def _run(self) -> None:
        while not self._end.wait(CHECK_SECONDS):
            try:
                self.check()
            except AWAY as error:  # maintenance tells of it
                log.debug("alerts.failed", error=type(error).__name__)
            except Exception as error:  # the thread must survive every fault; the next check tries again
                log.warning("alerts.failed", error=type(error).__name__)

    def check(self) -> None:
        """Update the record and send what is due, if this worker has the lock. Raises redis-py's errors."""
        if not self._holds_lock():
            return
        seen = self._observe()
        stored = self.redis.get(keys.ALERTS)
        record = msgspec.json.decode(stored[4:], type=AlertRecord) if stored else AlertRecord()
        for code, count in update_record(record, seen, self.timezone).items():
            add_parked_alert(record, seen, code, count, self._why(code), find_fix(code.rpartition(":")[2]))
        while not self._end.is_set() and (one := start_next(record, seen.now_ms)):
            before, stored = stored, self._save(record, stored)
            if stored == before:
                return
            # Name resolution can take long; keep the lock meanwhile.
            self.redis.pexpire(keys.ALERTS_LOCK, POSTING_MS)
            sent = post(self.url, one.text)
            if not finish(record, one, seen.now_ms, sent=sent):
                log.error("alert.given_up", tries=one.tries)
            if not self._holds_lock():
                return
        self._save(record, stored)

    def _holds_lock(self) -> bool:
        return self.stream.renew_lock(keys.ALERTS_LOCK, self.token) or self.stream.acquire_lock(
            keys.ALERTS_LOCK, self.token
        )

    def _save(self, record: AlertRecord, stored: bytes | None) -> bytes | None:
        """Store `record`, unless another worker wrote since `stored` was read or the lock is lost. Returns what Redis
        now holds."""
        packed = msgspec.json.encode(record)
        if stored and packed == stored[4:]:
            return stored
        after = b"%04d" % ((int(stored[:4]) + 1) % REVISIONS if stored else 1) + packed
        names, revision = [keys.ALERTS_LOCK], stored[:4] if stored else b""
        return after if self._mark(keys=names, args=[self.token, keys.ALERTS, revision, after]) else stored

    def _observe(self) -> Observation:
        status = read_status(self.redis, self.shards, self.timezone)
        figures = self.redis.hgetall(keys.FIGURES)
        named = {name.decode(): int(count) for name, count in figures.items()}
        parked_ever = {
            name.removeprefix("parked:"): count
            for name, count in named.items()
            if name.startswith(("parked:", *(f"{kept}:" for kept in FOLLOWING)))
        }
        return Observation(
            now_ms=status.now_ms,
            pauses={
                line: (pause["code"], pause["reason"], pause["since_ms"] or status.now_ms)
                for line, pause in status.pauses.items()
                if pause
            },
            waiting={line: sum(depths) for line, depths in status.depths.items()},
            parked_ever=parked_ever
            | {state: status.counts.get(f"message_{state}", 0) for state in UNSENT_STATES}
            | {code: status.counts[code] for code in (*HELD_STAGES, *ENDED) if code in status.counts},
            stages_held=status.stages.held if status.stages else 0,
            parked=status.parked,
            following={name: status.kept[name] for name in FOLLOWING},
            unsent=status.unsent,
            refused_today=status.refused_today,
            last_post_ms=status.last_post_ms,
            dry_run=status.dry_run,
            redis={one.code: str(one) for one in assess(status) if one.code in REDIS_MENDED},
        )

    def _why(self, code: str) -> str:
        """Why the newest of what is parked with `code`, or of messages that are unsent, waits; "" if there is none."""
        name, _, cause = code.rpartition(":")
        name = name or (lines.UNSENT if code in UNSENT_STATES else lines.PARKED).name
        line, kept = next(one for one in lines.each_kept() if one[1].name == name)
        state = line.ending or "reason"
        leads = (lead.decode() for lead in self.redis.zrevrange(kept.index, 0, NEWEST - 1))
        found = [one for one in read_receipts(self.redis, leads) if one]
        reasons = (english(getattr(one, state).removeprefix(f"{PARKED}: ")) for one in found)
        return next((one.removeprefix(f"{cause}: ") for one in reasons if one.startswith(f"{cause}: ")), "")


def post(url: str, text: str) -> bool:
    """Send `text` to the alert address; whether it was accepted. Network faults do not raise."""
    try:
        status = _post(url, text)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        log.warning("alert.failed", error=type(error).__name__)
        return False
    if not 200 <= status < 300:
        log.warning("alert.failed", status=status)
        return False
    return True


def _post(url: str, text: str) -> int:
    with requests.Session() as session:
        session.trust_env = False  # no netrc
        session.proxies.update(get_environ_proxies(url))
        session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        with session.post(url, json={"text": text}, timeout=timeout, allow_redirects=False, stream=True) as answer:
            return answer.status_code
