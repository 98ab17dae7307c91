"""The drain loop: read up to 100 leads, write them in one call, settle them, until nothing is left.

It is a group commit: while a call is in flight the inbox fills, and the next call takes all of it. Only while full
batches wait are several calls in flight, for different customers.
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
from workers.sync.batch_loader import BatchLoader
from workers.sync.drain_state import BATCH, DrainState, Rows, count_rows
from workers.sync.in_flight import WriteCall, send_call
from workers.sync.partial_batches import PartialBatches
from workers.sync.settler import Settler

# Batches that are prepared, in flight, or back and not settled: each takes about 1 MB.
MAX_IN_HAND = 20
# After WORK_SECONDS a drain ends if leads that should come first have no drain, or, while quota is plentiful, if any
# job waits. After MAX_SECONDS it always ends.
WORK_SECONDS, MAX_SECONDS = 10.0, 60.0
# Longest wait for quota before the loop runs again.
MAX_WAIT_SECONDS = 0.25
# Minimum slack in seconds before messages are sent.
MIN_SEND_SECONDS = 0.05
# A partial batch waits for younger ones whose drains are about to leave them: so long each time, at most so often.
PARTIAL_WAIT_SECONDS, MAX_PARTIAL_WAITS = 0.02, 15
# Codes of `LineDown` that a single lead can cause while HubSpot takes other calls.
ONE_LEAD_CODES = frozenset({"locked", "unavailable", "timeout", "disconnected", "unexpected", "empty_answer"})

log = structlog.get_logger("leadsync.sync")


class Drain:
    """One per worker process. The caller holds the lease and pauses the line."""

    def __init__(
        self,
        connection: Redis,
        hubspot: HubSpot,
        config: Config,
        loader: BatchLoader,
        portal_cache: PortalCache,
        pause: Pause,
        settler: Settler,
        send_messages: Callable[[float], None],
        stop: threading.Event,
    ) -> None:
        self.redis, self.hubspot, self.loader = connection, hubspot, loader
        self.portal_cache, self.pause, self.settler, self.stop = portal_cache, pause, settler, stop
        self.send_messages = send_messages
        self.bell = Bell(connection)
        self.partial_batches = PartialBatches(connection, config.inbox.shards, BATCH)
        self.pool = ThreadPoolExecutor(MAX_IN_HAND, "hubspot")

    def run(self, lease: Lease, state: DrainState) -> bool:
        """Start calls and settle them until nothing is left, time is up or HubSpot is down. Every call that was started
        is settled, whatever happens to the others. True if another drain can continue at once."""
        try:
            return self._loop(lease, state)
        finally:
            # The traceback references `state`; clear it, or batches live until the next GC.
            state.ready.clear()

    def _loop(self, lease: Lease, state: DrainState) -> bool:
        started_at = time.monotonic()
        while True:
            state.blocked_until = 0.0
            can_start = not (state.error or state.down or state.yield_now or self.stop.is_set())
            try:
                can_start = can_start and not self._is_time_up(lease, state, started_at)
                if can_start:
                    self._start_calls(lease, state)
            except Exception as error:  # raised below, once every call in flight has come back
                state.error = error
            if state.in_flight:
                self._settle_next(lease, state)
                continue
            state.raise_error()
            if state.handed_off or state.yield_now:
                return state.yield_now
            if state.blocked_until:
                self._wait_for_quota(state)
                continue
            if not can_start or state.probing or not state.settled_any:
                return state.settled_any or bool(state.ready) or not state.found_any
            state.rewind()

    def _start_calls(self, lease: Lease, state: DrainState) -> None:
        """Start the calls that the quota allows; this comes before settling those that are back. While one is in flight
        only full batches start, so that small ones accumulate."""
        if state.probing and state.batch_size >= BATCH:
            return
        while len(state.in_flight) < (1 if state.probing else MAX_IN_HAND):
            rows = {} if state.ready else self._prepare_full(lease, state)
            if state.yield_now:
                return
            if not state.ready:
                if state.probing or not self._start_partial(lease, state, rows):
                    return
                continue
            if self._is_paused(state):
                return
            slots = [] if state.probing else self._reserve_slot(state)
            if state.blocked_until:
                self._prepare_ahead(lease, state)
                return
            try:
                current = self.loader.is_current(state.ready[0])
            except BaseException:
                self.hubspot.budget.release(slots)
                raise
            if current:
                self._start_call(lease, state, state.ready.popleft(), slots)
            else:
                self.hubspot.budget.release(slots)
                state.discard_ready()

    def _prepare_full(self, lease: Lease, state: DrainState) -> Rows:
        """Prepare the next batch if it is full; else return its rows."""
        rows = self.loader.read_rows(lease, state)
        state.found_any |= bool(rows)
        if not rows or (count_rows(rows) < state.batch_size and not state.probing):
            return rows
        # A full batch in one of several held shards: release them, so that each can have a worker of its own.
        state.yield_now = len(lease.shards) > 1 and len(rows) == 1 and not state.probing
        if not state.yield_now:
            state.ready.append(self.loader.prepare(rows, state, lease))
        return {}

    def _prepare_ahead(self, lease: Lease, state: DrainState) -> None:
        """Prepare full batches while no call can start and none has come back."""
        while (
            state.in_hand < MAX_IN_HAND
            and time.monotonic() < state.blocked_until
            and not any(map(Future.done, state.in_flight))
        ):
            count = state.in_hand
            self._prepare_full(lease, state)
            if state.in_hand == count:
                return

    def _start_partial(self, lease: Lease, state: DrainState, rows: Rows) -> bool:
        """Start a call with `rows`, fewer than a full batch. True if the caller should try to start another."""
        if (state.in_flight or not rows) and self._adopt_shards(lease, state, rows):
            return True
        if not rows or state.in_flight or self._is_paused(state):
            return False
        scarce = self.hubspot.budget.scarce
        # Other shards may wait for a worker; while quota is scarce their partial batches are adopted instead.
        state.yield_now = state.settled_any and not scarce and self.bell.waits()
        if state.yield_now:
            return False
        slots = self._reserve_slot(state)
        if state.blocked_until:
            return False
        try:
            if self.hubspot.budget.scarce:
                rows = self._merge_partials(lease, state, rows)
            if not rows:
                self.hubspot.budget.release(slots)
                return False
            call = self.loader.prepare(rows, state, lease)
        except BaseException:
            self.hubspot.budget.release(slots)
            raise
        self._start_call(lease, state, call, slots)
        return True

    def _is_paused(self, state: DrainState) -> bool:
        """Whether the line was paused since this drain was admitted. The drain then ends once nothing is in flight."""
        paused = state.recheck_pause and not state.probing and self.pause.is_active()
        state.yield_now |= paused and not state.in_flight
        return paused

    def _start_call(self, lease: Lease, state: DrainState, call: WriteCall, slots: list[str]) -> None:
        state.recheck_pause = True
        call.slots.extend(slots)
        state.in_flight[self.pool.submit(send_call, lease, call)] = call

    def _adopt_shards(self, lease: Lease, state: DrainState, rows: Rows) -> bool:
        """Adopt shards whose partial batches fit into a call beside those in flight, or were handed off to this drain.
        If there are none, try again soon: other drains hand theirs off while calls are in flight."""
        if not self.hubspot.budget.scarce:
            return False
        adopted = self.partial_batches.gather(lease, has_rows=bool(rows), may_wait=True).adopted
        if state.in_flight and not adopted:
            state.block_for(PARTIAL_WAIT_SECONDS)
        return adopted

    def _merge_partials(self, lease: Lease, state: DrainState, rows: Rows) -> Rows:
        """`rows`, fewer than a full batch, with those of adopted shards; none if this drain must wait or hand off."""
        verdict = self.partial_batches.gather(lease, has_rows=True, may_wait=state.partial_waits < MAX_PARTIAL_WAITS)
        if verdict.adopted:
            return self.loader.read_rows(lease, state)
        if verdict.action == "wait":
            state.partial_waits += 1
            state.block_for(PARTIAL_WAIT_SECONDS)
        state.handed_off = verdict.action == "leave"
        return rows if verdict.action == "go" else {}

    def _reserve_slot(self, state: DrainState) -> list[str]:
        """Reserve a budget slot for a call's first request if the quota allows one now, so that no call waits for one
        while others are in flight. Else block until it may."""
        self.portal_cache.current()
        slot, seconds = self.hubspot.budget.reserve()
        if slot:
            return [slot]
        state.block_for(seconds)
        return []

    def _wait_for_quota(self, state: DrainState) -> None:
        """Send messages until a call may be possible, or just wait; `ready` stays in hand."""
        state.recheck_pause = True
        started_at = time.monotonic()
        if state.blocked_until - started_at > MIN_SEND_SECONDS:
            try:
                self.send_messages(state.blocked_until - started_at)
            except BaseTimeoutException:
                raise
            except Exception as error:  # must not stop the leads; if Redis is away, the next command raises
                log.warning("meanwhile.failed", error=type(error).__name__)
            if time.monotonic() - started_at > MIN_SEND_SECONDS:
                return
        self.stop.wait(min(max(state.blocked_until - time.monotonic(), 0.0), MAX_WAIT_SECONDS))

    def _settle_next(self, lease: Lease, state: DrainState) -> None:
        """Wait for one call to finish and settle it; if it failed, settle only what it had written. Return early if
        another call may start."""
        try:
            timeout = max(state.blocked_until - time.monotonic(), 0.0) if state.blocked_until else None
            done, _ = wait(state.in_flight, timeout, FIRST_COMPLETED)
        except Exception as fault:  # RQ's timeout: first let every call in flight come back
            state.error = state.error or fault
            return
        if not done:
            return
        future = next(each for each in state.in_flight if each in done)
        call = state.in_flight.pop(future)
        error = future.exception()
        culprit = state.probing and isinstance(error, LineDown) and error.code in ONE_LEAD_CODES
        if culprit and state.batch_size > 1:
            # HubSpot took smaller batches a moment ago: find the lead that it does not take.
            state.batch_size, state.cursor = 1, {}
        elif isinstance(error, LineDown):
            state.down = error
        elif error is not None:
            state.error = state.error or error
        if isinstance(state.error, redis.TimeoutError):
            # Each command to a hanging Redis takes 5 s; do not try for every batch. They will be written again.
            return
        for shard, batch in call.batches.items():
            try:
                if culprit and state.down is not None:
                    self._postpone(call, state.down)
                state.settled_any |= self.settler.settle(batch, shard, lease)
                call.writer.identity.unlock_contacts(batch.groups)
            except Exception as fault:  # the other shards still have to be settled
                state.error = state.error or fault
        if state.probing and error is None:
            state.batch_size *= 2

    def _is_time_up(self, lease: Lease, state: DrainState, started_at: float) -> bool:
        seconds = time.monotonic() - started_at
        if seconds < WORK_SECONDS:
            return False
        if seconds > MAX_SECONDS or self.partial_batches.starves(lease, state.cursor):
            return True
        # While quota is scarce, messages are sent between calls.
        return not self.hubspot.budget.scarce and self.bell.waits()

    def _postpone(self, call: WriteCall, down: LineDown) -> None:
        """HubSpot takes calls, but not these leads: let them wait. Count a try only if other leads were written since
        these failed last; if none were, HubSpot itself may be down."""
        written_ms = int(self.redis.get(keys.WRITTEN) or 0)
        for group in call.groups:
            if group.open:
                failed_ms = int(group.leads[-1].fields.get(PUT_OFF, b"0"))
                free = not failed_ms or written_ms <= failed_ms
                group.result = Result(WAITING, code=down.code, why=down.why, free=free)
