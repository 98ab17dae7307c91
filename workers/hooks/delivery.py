"""Delivers the hooks to one address: several at once, each customer's in their order.

What the address has is recorded after it said so. What a crash leaves unrecorded is posted again, under the same id.
An entry that failed goes last after that, so that one which the address never takes does not hold back all others.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import structlog

from leadcore.endpoint import PAUSED
from leadcore.fields import CUSTOMER, EVENT, LEAD, RECEIPT
from leadcore.machine import Executor, Future, Machine
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.portal_links import PortalLinks, read_portal_links
from workers.flow.endpoint_loop import BEAT_SECONDS, POLL_SECONDS, EndpointLoop, ServedEndpoint
from workers.hooks import payload
from workers.hooks.client import HookClient, HookOutcome
from workers.hooks.payload import Signer
from workers.hooks.window import Hook, Window
from workers.rules import places
from workers.rules.endpoint import GONE
from workers.settings import WorkerSettings

IN_FLIGHT = 24
PAGE = 100
# Hooks that are read and not under way yet, and all with those that wait behind one that failed.
READ_AHEAD, MOST_HELD = 100, 2_000
# An entry that fails while the address takes so many later ones of its shard is given up, and one that it refuses at
# once where so many are held: else they would fill the memory, and nothing more would be read.
MOST_OVERTAKING, HELD_UP = 2_000, 1_000
LINKS_SECONDS = 60.0
# Where hooks never end, one that failed is tried again after so long.
RISK_SECONDS = 30.0
log = structlog.get_logger("leadsync.hooks")


class HookDelivery:
    """One per address and worker."""

    def __init__(self, served: ServedEndpoint, client: HookClient, signer: Signer, machine: Machine) -> None:
        self.served, self.client, self.signer, self.machine = served, client, signer, machine
        self.pool: Executor = machine.pool(IN_FLIGHT, "hooks")
        self._flights: dict[Future[HookOutcome], Hook] = {}
        self._outcomes: list[tuple[Hook, HookOutcome]] = []
        self._windows: list[Window] = []
        self._queues: dict[bytes, deque[Hook]] = {}
        self._ready: deque[bytes] = deque()
        self._suspects: deque[bytes] = deque()
        self._tries: dict[tuple[int, bytes], int] = {}
        self._looked_at = self._linked_at = self._risked_at = float("-inf")
        # Whether others may go that were not read yet.
        self._is_behind = False
        self._is_stale = False
        self._links = PortalLinks()

    @property
    def in_flight(self) -> Collection[Future[HookOutcome]]:
        return self._flights

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.client.close()

    def step(self, *, starts: bool = True) -> float:
        try:
            return self._step(starts=starts)
        except Exception:
            self._is_stale = True
            raise

    def _step(self, *, starts: bool) -> float:
        self._collect()
        if not self.served.hold() or self._is_stale:
            self._is_stale = True
            self._outcomes.clear()
            return self._rest()
        if self._outcomes:
            self._record()
            # If that was refused, another worker may have gone on: nothing that was read is true any more.
            self._is_stale = not self.served.held
        seconds = self.served.seconds_to_wait()
        if not self.served.held or seconds is None or seconds > 0:
            return min(self._rest(), seconds or BEAT_SECONDS)
        if not starts:
            return POLL_SECONDS
        self._fill()
        self._submit(1 if self.served.record.state == PAUSED else IN_FLIGHT)
        return POLL_SECONDS

    def _rest(self) -> float:
        """Keep nothing of what was read: it may be forgotten, or posted by another worker, before we go on."""
        if not self._flights:
            self._windows, self._queues = [], {}
            self._ready, self._suspects = deque(), deque()
            self._looked_at = float("-inf")
            self._is_stale = False
        return BEAT_SECONDS

    def _collect(self) -> None:
        for future in [future for future in self._flights if future.done()]:
            self._outcomes.append((self._flights.pop(future), future.result()))

    def _record(self) -> None:
        now_ms = self.served.clock.now_ms()
        took = [hook for hook, outcome in self._outcomes if not outcome.why]
        failed = [(hook, outcome) for hook, outcome in self._outcomes if outcome.why]
        for hook in took:
            self._finish(hook)
        given_up = [hook for hook, outcome in failed if self._fail(hook, refused=outcome.refused)]
        commands = [*self._move(took + given_up)]
        if took:
            commands.append(self.served.count("delivered", len(took)))
        if given_up:
            commands.append(self.served.count("given_up", len(given_up)))
        worst = next((one for _, one in failed if one.why == GONE), failed[0][1] if failed else HookOutcome())
        values = self.served.judge(now_ms, worst.why, worst.asked_seconds, took=bool(took))
        if took:
            values["last_ms"] = now_ms
        self.served.write(commands, **values)
        self._outcomes.clear()

    def _finish(self, hook: Hook) -> None:
        """The address has it: the customer's next one may go."""
        self._windows[hook.shard].finish(hook.entry)
        self._tries.pop((hook.shard, hook.entry), None)
        queue = self._queues[hook.customer]
        queue.popleft()
        if queue:
            self._ready.append(hook.customer)
        else:
            del self._queues[hook.customer]

    def _fail(self, hook: Hook, *, refused: bool) -> bool:
        """Note the failure; True if the entry is given up."""
        self._tries[hook.shard, hook.entry] = self._tries.get((hook.shard, hook.entry), 0) + 1
        window = self._windows[hook.shard]
        is_overtaken = window.oldest == hook.entry and len(window.done) >= MOST_OVERTAKING
        if not (is_overtaken or (refused and sum(map(len, self._queues.values())) >= HELD_UP)):
            self._suspects.append(hook.customer)
            return False
        log.warning("hook.given_up", address=self.served.number, lead=hook.fields.get(LEAD, b"").decode())
        self._finish(hook)
        return True

    def _move(self, finished: Sequence[Hook]) -> Iterator[Sequence[Any]]:
        """The commands that record what is finished."""
        line, digest = self.served.line, self.served.digest
        for shard in {hook.shard for hook in finished}:
            window = self._windows[shard]
            done = keys.overtaken(line, digest, shard)
            passed = window.advance()
            if passed:
                yield ("HSET", keys.endpoint(line, digest), shard, window.cursor)
                yield ("SREM", done, *passed)
            ahead = [hook.entry for hook in finished if hook.shard == shard and hook.entry in window.done]
            if ahead:
                yield ("SADD", done, *ahead)

    def _fill(self) -> None:
        """Read on where little waits in memory."""
        now = self.machine.monotonic()
        if not self._windows:
            self._load_windows()
        queues = self._queues.values()
        held = sum(map(len, queues))
        waiting = sum(len(queue) for queue in queues if (queue[0].shard, queue[0].entry) not in self._tries)
        if held >= MOST_HELD:
            self._is_behind = False
            return
        if waiting - len(self._flights) >= READ_AHEAD or now - self._looked_at < POLL_SECONDS:
            return
        if not self._links.base or now - self._linked_at > LINKS_SECONDS:
            self._links, self._linked_at = read_portal_links(self.served.redis), now
        pipe = self.served.redis.pipeline(transaction=False)
        for shard, window in enumerate(self._windows):
            after = b"(" + window.read_to
            pipe.xrange(keys.entries(self.served.line, shard), min=after, count=PAGE)
        pages = pipe.execute()
        self._is_behind = any(len(rows) == PAGE for rows in pages)
        if not self._is_behind:
            self._looked_at = now
        hooks = []
        for shard, rows in enumerate(pages):
            for entry, fields in rows:
                if self._windows[shard].add(entry):
                    customer = places.customer_of(fields).encode() if CUSTOMER in fields else fields.get(LEAD, entry)
                    hooks.append(Hook(shard, entry, customer, fields, {}, self._tries.get((shard, entry), 0)))
        self._look_up(hooks)
        for hook in hooks:
            self._enqueue(hook)

    def _load_windows(self) -> None:
        pipe = self.served.redis.pipeline(transaction=False)
        for shard in range(self.served.shards):
            pipe.smembers(keys.overtaken(self.served.line, self.served.digest, shard))
        cursors = self.served.read_cursors()
        self._windows = [Window(cursor, done) for cursor, done in zip(cursors, pipe.execute(), strict=True)]

    def _look_up(self, hooks: Sequence[Hook]) -> None:
        """An entry of the outbox does not say which intent and contact it is about; its receipt does."""
        messages = [hook for hook in hooks if hook.fields.get(EVENT) == payload.MESSAGE_SENT.encode()]
        if not messages:
            return
        pipe = self.served.redis.pipeline(transaction=False)
        names = ("intent", "contact_id")
        for hook in messages:
            lead = hook.fields.get(LEAD, b"").decode("ascii", "replace")
            pipe.hmget(keys.receipt(lead), [RECEIPT[name] for name in names])
        for hook, found in zip(messages, pipe.execute(), strict=True):
            texts = [(value or b"").decode("utf-8", "replace") for value in found]
            hook.more = dict(zip(names, texts, strict=True))

    def _enqueue(self, hook: Hook) -> None:
        queue = self._queues.get(hook.customer)
        if queue is not None:
            queue.append(hook)
            return
        self._queues[hook.customer] = deque([hook])
        (self._suspects if hook.tries else self._ready).append(hook.customer)

    def _submit(self, most: int) -> None:
        while len(self._flights) < most:
            customer = self._choose()
            if customer is None:
                return
            hook = self._queues[customer][0]
            self._flights[self.pool.submit(self._post, hook)] = hook

    def _choose(self) -> bytes | None:
        """Whose next hook to post. One that failed goes when nothing else does, or after a while."""
        now = self.machine.monotonic()
        if self._ready and not (self._suspects and self._flights and now - self._risked_at >= RISK_SECONDS):
            return self._ready.popleft()
        if self._suspects and (not (self._flights or self._is_behind) or now - self._risked_at >= RISK_SECONDS):
            self._risked_at = now
            return self._suspects.popleft()
        return None

    def _post(self, hook: Hook) -> HookOutcome:
        """Never raises."""
        try:
            body = payload.build(hook.entry, hook.fields, self._links, hook.more)
            message_id = payload.event_id(hook.fields)
            at = datetime.fromtimestamp(self.machine.time(), UTC)
            headers, raw = self.signer.headers(message_id, at, body), body.encode()
        except (KeyError, ValueError, TypeError) as error:
            log.warning("hook.unreadable", error=type(error).__name__)
            return HookOutcome()
        return self.client.send(headers, raw)


def build(connection: Redis, settings: WorkerSettings, machine: Machine) -> EndpointLoop:
    """Serves all addresses of HOOK_URLS; opens no connection yet."""
    shards = settings.shared.config.inbox.shards
    signer = Signer(settings.hook_secrets)
    deliveries = []
    for number, url in enumerate(settings.hook_urls, 1):
        name = urlsplit(url).hostname or ""
        served = ServedEndpoint(connection, keys.HOOKS, shards, url, number, name, machine)
        deliveries.append(HookDelivery(served, HookClient(url, IN_FLIGHT, machine), signer, machine))
    return EndpointLoop(deliveries, keys.HOOKS, machine)
