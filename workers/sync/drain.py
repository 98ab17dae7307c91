"""One way through a shard: up to 100 leads, one call, settle; again until nothing is left.

It is a group commit: while a call is in flight the inbox fills, and the next call takes all of it. Only while whole
batches are waiting are several calls in flight, over different customers.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import redis
import structlog
from rq.timeouts import BaseTimeoutException

from leadcore.config import Config
from leadcore.fields import PUT_OFF
from leadcore.receipts import WAITING
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import Redis
from workers.flow.errors import LineDown
from workers.flow.lease import Lease
from workers.flow.pause import Pause
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import PortalCache
from workers.rules.lead import Result
from workers.sync.batch_loader import Batches
from workers.sync.drain_state import BATCH, DrainState, Rows, count
from workers.sync.in_flight import Call, send
from workers.sync.partial_batches import PartialBatches
from workers.sync.settler import Settler

# Batches that are prepared, in flight, or back and not settled: each takes about 1 MB.
IN_HAND = 20
# After so long a drain ends for leads that ought to come first and that nobody drains, and with quota to spare for any
# job; after the longest time in any case.
WORK_SECONDS, LONGEST_SECONDS = 10.0, 60.0
MOMENT_SECONDS = 0.25
# Messages are not worth beginning for less.
CHANGE_SECONDS = 0.05
# How long a tail waits for younger ones whose drains are about to leave them, in moments of this length.
TAIL_SECONDS, TAIL_MOMENTS = 0.02, 15
# What a single lead can bring about by itself, when HubSpot takes other calls.
ONE_LEAD = frozenset({"locked", "unavailable", "timeout", "disconnected", "unexpected", "empty_answer"})

log = structlog.get_logger("leadsync.sync")


class Drain:
    """One worker's way from the inbox to HubSpot, under a lease that others see to."""

    def __init__(
        self,
        connection: Redis,
        hubspot: HubSpot,
        config: Config,
        batches: Batches,
        portal_cache: PortalCache,
        pause: Pause,
        settler: Settler,
        meanwhile: Callable[[float], None],
        stop: threading.Event,
    ) -> None:
        self.redis, self.hubspot, self.batches = connection, hubspot, batches
        self.portal_cache, self.pause, self.settler, self.stop = portal_cache, pause, settler, stop
        self.meanwhile = meanwhile
        self.bell = Bell(connection)
        self.partial_batches = PartialBatches(connection, config.inbox.shards, BATCH)
        self.pool = ThreadPoolExecutor(IN_HAND, "hubspot")

    def run(self, lease: Lease, state: DrainState) -> bool:
        """Launch, wait, settle, until nothing is left, time is up or HubSpot is down. Every call that was begun is
        settled, whatever became of the others. True if what is left may be taken up at once."""
        try:
            return self._run(lease, state)
        finally:
            # What was raised leads to this state, so that neither would go for long.
            state.ready.clear()

    def _run(self, lease: Lease, state: DrainState) -> bool:
        began = time.monotonic()
        while True:
            state.blocked_until = 0.0
            going_on = not (state.error or state.down or state.yield_now or self.stop.is_set())
            try:
                going_on = going_on and not self._is_late(lease, state, began)
                if going_on:
                    self._start_calls(lease, state)
            except Exception as error:  # raised below, once what is in flight has landed
                state.error = error
            if state.calls:
                self._land(lease, state)
                continue
            state.raise_error()
            if state.handed_off or state.yield_now:
                return state.yield_now
            if state.blocked_until:
                self._spend(state)
                continue
            if not going_on or state.probing or not state.settled:
                return state.settled or bool(state.ready) or not state.found_any
            state.rewind()

    def _start_calls(self, lease: Lease, state: DrainState) -> None:
        """Start the calls that the quota allows, which come before settling those that are back. Beside another only
        whole batches go, so that small ones are gathered."""
        if state.probing and state.size >= BATCH:
            return
        while len(state.calls) < (1 if state.probing else IN_HAND):
            rows = {} if state.ready else self._make_ready(lease, state)
            if state.yield_now:
                return
            if not state.ready:
                if state.probing or not self._start_tail(lease, state, rows):
                    return
                continue
            if self._is_paused(state):
                return
            slots = [] if state.probing else self._reserve(state)
            if state.blocked_until:
                self._get_ahead(lease, state)
                return
            try:
                current = self.batches.is_current(state.ready[0])
            except BaseException:
                self.hubspot.budget.give_back(slots)
                raise
            if current:
                self._start(lease, state, state.ready.popleft(), slots)
            else:
                self.hubspot.budget.give_back(slots)
                state.forget_ready()

    def _make_ready(self, lease: Lease, state: DrainState) -> Rows:
        """Prepare the next batch if it is whole; else its rows."""
        rows = self.batches.take(lease, state)
        state.found_any |= bool(rows)
        if not rows or (count(rows) < state.size and not state.probing):
            return rows
        # A full batch in one of several shards: they are no longer tails, and every worker can have one.
        state.yield_now = len(lease.shards) > 1 and len(rows) == 1 and not state.probing
        if not state.yield_now:
            state.ready.append(self.batches.prepare(rows, state, lease))
        return {}

    def _get_ahead(self, lease: Lease, state: DrainState) -> None:
        """Prepare batches while no call is possible and none is back."""
        while (
            state.in_hand < IN_HAND
            and time.monotonic() < state.blocked_until
            and not any(map(Future.done, state.calls))
        ):
            before = state.in_hand
            self._make_ready(lease, state)
            if state.in_hand == before:
                return

    def _start_tail(self, lease: Lease, state: DrainState, rows: Rows) -> bool:
        """Start a call with `rows`, which are too few for a whole one; True if there is more to be looked at."""
        if (state.calls or not rows) and self._adopt(lease, state, rows):
            return True
        if not rows or state.calls or self._is_paused(state):
            return False
        scarce = self.hubspot.budget.scarce
        # Shards may wait that have no worker yet; while the quota is scarce their tails are taken on instead.
        state.yield_now = state.settled and not scarce and self.bell.waits()
        if state.yield_now:
            return False
        slots = self._reserve(state)
        if state.blocked_until:
            return False
        try:
            if self.hubspot.budget.scarce:
                rows = self._gather(lease, state, rows)
            if not rows:
                self.hubspot.budget.give_back(slots)
                return False
            call = self.batches.prepare(rows, state, lease)
        except BaseException:
            self.hubspot.budget.give_back(slots)
            raise
        self._start(lease, state, call, slots)
        return True

    def _is_paused(self, state: DrainState) -> bool:
        """Whether somebody has paused the line since this drain was admitted; it ends once nothing is in call."""
        paused = state.begun and not state.probing and self.pause.stands()
        state.yield_now |= paused and not state.calls
        return paused

    def _start(self, lease: Lease, state: DrainState, call: Call, slots: list[str]) -> None:
        state.begun = True
        call.slots.extend(slots)
        state.calls[self.pool.submit(send, lease, call)] = call

    def _adopt(self, lease: Lease, state: DrainState, rows: Rows) -> bool:
        """Whether there are tails to be had that fill up a call beside another, or that were left to this drain; if
        not, look again in a moment, since others leave theirs while this drain's calls are in call."""
        if not self.hubspot.budget.scarce:
            return False
        taken = self.partial_batches.gather(lease, in_hand=bool(rows), patient=True).taken
        if state.calls and not taken:
            state.hold_up(TAIL_SECONDS)
        return taken

    def _gather(self, lease: Lease, state: DrainState, rows: Rows) -> Rows:
        """`rows`, too few for a call, with those of other shards' tails; none if it is not their turn."""
        verdict = self.partial_batches.gather(lease, in_hand=True, patient=state.tail_waits < TAIL_MOMENTS)
        if verdict.taken:
            return self.batches.take(lease, state)
        if verdict.what == "wait":
            state.tail_waits += 1
            state.hold_up(TAIL_SECONDS)
        state.handed_off = verdict.what == "leave"
        return rows if verdict.what == "go" else {}

    def _reserve(self, state: DrainState) -> list[str]:
        """A slot for a call's first request, if HubSpot's quota allows one; so that nobody waits for one with a call
        under way."""
        self.portal_cache.current()
        slot, seconds = self.hubspot.budget.reserve()
        if slot:
            return [slot]
        state.hold_up(seconds)
        return []

    def _spend(self, state: DrainState) -> None:
        """Use the time until a call may be possible for messages, else wait; what is ready stays in hand."""
        state.begun = True
        began = time.monotonic()
        if state.blocked_until - began > CHANGE_SECONDS:
            try:
                self.meanwhile(state.blocked_until - began)
            except BaseTimeoutException:
                raise
            except Exception as error:  # no lead's fault; if Redis is away, the next command says so
                log.warning("meanwhile.failed", error=type(error).__name__)
            if time.monotonic() - began > CHANGE_SECONDS:
                return
        self.stop.wait(min(max(state.blocked_until - time.monotonic(), 0.0), MOMENT_SECONDS))

    def _land(self, lease: Lease, state: DrainState) -> None:
        """Settle one call that came back, also what it had done before it failed; none if another call may be begun
        before one comes back."""
        try:
            left = max(state.blocked_until - time.monotonic(), 0.0) if state.blocked_until else None
            done, _ = wait(state.calls, left, FIRST_COMPLETED)
        except Exception as fault:  # RQ's timeout: whatever is in flight lands first
            state.error = state.error or fault
            return
        if not done:
            return
        future = next(each for each in state.calls if each in done)
        call = state.calls.pop(future)
        error = future.exception()
        culprit = state.probing and isinstance(error, LineDown) and error.code in ONE_LEAD
        if culprit and state.size > 1:
            # HubSpot took others a moment ago: look for the one that it does not take.
            state.size, state.after = 1, {}
        elif isinstance(error, LineDown):
            state.down = error
        elif error is not None:
            state.error = state.error or error
        if isinstance(state.error, redis.TimeoutError):
            # A Redis that hangs takes 5 s to say so, for each batch in hand; they are written again.
            return
        for shard, batch in call.batches.items():
            try:
                if culprit and state.down is not None:
                    self._put_off(call, state.down)
                state.settled |= self.settler.settle(batch, shard, lease)
                call.writer.identity.free(batch.groups)
            except Exception as fault:  # the others still have to land
                state.error = state.error or fault
        if state.probing and error is None:
            state.size *= 2

    def _is_late(self, lease: Lease, state: DrainState, began: float) -> bool:
        seconds = time.monotonic() - began
        if seconds < WORK_SECONDS:
            return False
        if seconds > LONGEST_SECONDS or self.partial_batches.starves(lease, state.after):
            return True
        # While the quota is scarce there is time for messages in between.
        return not self.hubspot.budget.scarce and self.bell.waits()

    def _put_off(self, call: Call, down: LineDown) -> None:
        """HubSpot is there, but not for these leads. That uses up a try only if others were written since it happened
        to them last: else it is HubSpot after all."""
        written = int(self.redis.get(keys.WRITTEN) or 0)
        for group in call.groups:
            if group.open:
                before = int(group.leads[-1].fields.get(PUT_OFF, b"0"))
                group.result = Result(WAITING, code=down.code, why=down.why, free=not before or written <= before)
