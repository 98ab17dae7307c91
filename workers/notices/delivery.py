"""Tells the team: one message per address in `every_seconds`, about the oldest of what happened and with the count of
the rest.

What a message is about is claimed before it is sent. A crash, or an end that says neither yes nor no, leaves it told or
not, and it is not told again: to a team a second message is worse than none. A certain refusal gives the claim back.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from leadcore.endpoint import STOPPED
from leadcore.machine import Executor, Future, Machine
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.portal_links import read_portal_links
from workers.flow.endpoint_loop import BEAT_SECONDS, EndpointLoop, ServedEndpoint
from workers.notices import service
from workers.notices.service import NoticeOutcome
from workers.rules.notice import Notice, NoticeTemplate, read_data
from workers.settings import WorkerSettings

POLL_SECONDS = 0.25
# Longer than a message can take.
CLAIM_MS = int((service.DEADLINE_SECONDS + 5) * 1000)
PAGE = 500
# Of a shard: more than these are told in the next message.
MOST_PAGES = 10
log = structlog.get_logger("leadsync.notices")


@dataclass(frozen=True, slots=True)
class _Digest:
    """`cursors`: shard -> the last entry that the message is about; `count`: how many entries that are."""

    cursors: Mapping[int, str]
    count: int
    first: Mapping[bytes, bytes]


class NoticeDelivery:
    """One per address and worker."""

    def __init__(
        self, served: ServedEndpoint, address: str, template: NoticeTemplate, every_seconds: int, machine: Machine
    ) -> None:
        self.served, self.address, self.template, self.every_ms = served, address, template, every_seconds * 1000
        self.pool: Executor = machine.pool(1, "notices")
        self._flight: dict[Future[NoticeOutcome], _Digest] = {}
        self._fault: str | None = None
        self._owner = machine.token()
        # The claim of which nothing was sent yet: whether Redis has it is not known until it answers.
        self._unsent = ""

    @property
    def in_flight(self) -> Collection[Future[NoticeOutcome]]:
        return self._flight

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)

    def step(self, *, starts: bool = True) -> float:
        is_held = self.served.hold()
        if not is_held:
            # What came back meanwhile is recorded once the lock is ours again, if the claim still is.
            return BEAT_SECONDS
        for future in [future for future in self._flight if future.done()]:
            digest = self._flight.pop(future)
            if self._is_own(self.served.record.claimed):
                self._record(digest, future.result())
        if self._flight or not starts:
            return BEAT_SECONDS
        if self.served.record.claimed and not self._end_claim():
            return BEAT_SECONDS
        seconds = self.served.seconds_to_wait()
        if seconds is None or seconds > 0:
            return min(seconds or BEAT_SECONDS, BEAT_SECONDS)
        if self._fault is None:
            self._fault = service.find_fault(self.address)
        digest_ = self._read()
        if digest_ is None:
            return POLL_SECONDS
        if self._fault:
            log.error("notices.stopped", address=self.served.number, why=self._fault)
            self.served.write([], state=STOPPED, why=self._fault)
            return BEAT_SECONDS
        # A fault of Redis or of the text comes before the claim: nothing is lost by it.
        notice = self._compose(digest_)
        self._unsent = self._claim(digest_)
        if self.served.write([], claimed=self._unsent):
            self._unsent = ""
            self._flight[self.pool.submit(self._send, notice)] = digest_
        return POLL_SECONDS

    def _record(self, digest: _Digest, outcome: NoticeOutcome) -> None:
        now_ms = self.served.clock.now_ms()
        values = self.served.judge(now_ms, outcome.why, took=not outcome.why)
        if not outcome.why:
            values |= {"last_ms": now_ms, "until_ms": now_ms + self.every_ms}
            self._pass(digest.cursors, "delivered", digest.count, values)
        elif outcome.unclear:
            self._pass(digest.cursors, "given_up", digest.count, values)
        else:
            self.served.write([], claimed="", **values)

    def _claim(self, digest: _Digest) -> str:
        """Count, cursors, whose claim it is, and until when whoever has it may be sending."""
        until_ms = self.served.clock.now_ms() + CLAIM_MS
        return json.dumps([digest.count, digest.cursors, self._owner, until_ms])

    def _is_own(self, claimed: str) -> bool:
        return bool(claimed) and json.loads(claimed)[2:3] == [self._owner]

    def _end_claim(self) -> bool:
        """Whoever claimed these died, or lost the lock: they may have been told, unless this worker knows better. False
        while they may be still."""
        claimed = self.served.record.claimed
        if claimed == self._unsent:
            return self.served.write([], claimed="")
        count, cursors, *term = json.loads(claimed)
        if term and not self._is_own(claimed) and self.served.clock.now_ms() < term[1]:
            return False
        log.warning("notices.unclear", address=self.served.number, entries=count)
        self._pass({int(shard): entry for shard, entry in cursors.items()}, "given_up", count, {})
        return True

    def _pass(self, cursors: Mapping[int, str], counted: str, count: int, values: Mapping[str, Any]) -> None:
        """Move the cursors behind what a message was about."""
        record = keys.endpoint(self.served.line, self.served.digest)
        moved = [("HSET", record, shard, entry) for shard, entry in cursors.items()]
        self.served.write([*moved, self.served.count(counted, count)], claimed="", **values)

    def _read(self) -> _Digest | None:
        """What the next message is about, None if nothing has happened."""
        cursors, count, oldest = dict[int, str](), 0, (b"", {b"": b""})
        for shard, cursor in enumerate(self.served.read_cursors()):
            after = cursor
            for _ in range(MOST_PAGES):
                name = keys.entries(self.served.line, shard)
                rows = self.served.redis.xrange(name, min=b"(" + after, count=PAGE)
                if rows:
                    oldest = min(oldest, rows[0], key=_age) if count else rows[0]
                    count += len(rows)
                    after = rows[-1][0]
                    cursors[shard] = after.decode()
                if len(rows) < PAGE:
                    break
        return _Digest(cursors, count, oldest[1]) if count else None

    def _compose(self, digest: _Digest) -> Notice:
        links = read_portal_links(self.served.redis)
        contact = str(read_data(digest.first).get("contact_id", ""))
        return self.template.compose(digest.first, links.contact(contact), digest.count - 1)

    def _send(self, notice: Notice) -> NoticeOutcome:
        return service.send(self.address, notice)


def _age(row: tuple[bytes, Mapping[bytes, bytes]]) -> tuple[int, ...]:
    return tuple(map(int, row[0].split(b"-")))


def build(connection: Redis, settings: WorkerSettings, machine: Machine) -> EndpointLoop:
    """Serves all addresses of NOTIFY_URLS; opens no connection yet. Raises `ConfigError` for a template that cannot be
    used."""
    config = settings.shared.config
    template = NoticeTemplate(config.notify)
    deliveries = []
    for number, address in enumerate(settings.notify_urls, 1):
        name = service.scheme_of(address)
        served = ServedEndpoint(connection, keys.NOTICES, config.inbox.shards, address, number, name, machine)
        deliveries.append(NoticeDelivery(served, address, template, config.notify.every_seconds, machine))
    return EndpointLoop(deliveries, keys.NOTICES, machine)
