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
from leadcore.receipts import WAITING
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import Redis
from workers.flow.errors import LineDown
from workers.flow.lease import Lease
from workers.flow.pause import Pause
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import Survey
from workers.rules.lead import Fate
from workers.sync.batch_loader import Batches
from workers.sync.drain_state import BATCH, Rows, Run, count
from workers.sync.in_flight import Flight, fly
from workers.sync.partial_batches import Tails
from workers.sync.settler import Ledger

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
        survey: Survey,
        pause: Pause,
        ledger: Ledger,
        meanwhile: Callable[[float], None],
        stop: threading.Event,
    ) -> None:
        self.redis, self.hubspot, self.batches = connection, hubspot, batches
        self.survey, self.pause, self.ledger, self.stop = survey, pause, ledger, stop
        self.meanwhile = meanwhile
        self.bell = Bell(connection)
        self.tails = Tails(connection, config.inbox.shards, BATCH)
        self.pool = ThreadPoolExecutor(IN_HAND, "hubspot")

    def go(self, lease: Lease, run: Run) -> bool:
        """Launch, wait, settle, until nothing is left, time is up or HubSpot is down. Every call that was begun is
        settled, whatever became of the others. True if what is left may be taken up at once."""
        try:
            return self._go(lease, run)
        finally:
            # What was raised leads to this run, so that neither would go for long.
            run.ready.clear()

    def _go(self, lease: Lease, run: Run) -> bool:
        began = time.monotonic()
        while True:
            run.until = 0.0
            going_on = not (run.error or run.down or run.over or self.stop.is_set())
            try:
                going_on = going_on and not self._is_late(lease, run, began)
                if going_on:
                    self._launch(lease, run)
            except Exception as error:  # raised below, once what is in flight has landed
                run.error = error
            if run.flights:
                self._land(lease, run)
                continue
            run.raise_error()
            if run.left or run.over:
                return run.over
            if run.until:
                self._spend(run)
                continue
            if not going_on or run.alone or not run.settled:
                return run.settled or bool(run.ready) or not run.seen
            run.rewind()

    def _launch(self, lease: Lease, run: Run) -> None:
        """Start the calls that the quota allows, which come before settling those that are back. Beside another only
        whole batches go, so that small ones are gathered."""
        if run.alone and run.size >= BATCH:
            return
        while len(run.flights) < (1 if run.alone else IN_HAND):
            rows = {} if run.ready else self._make_ready(lease, run)
            if run.over:
                return
            if not run.ready:
                if run.alone or not self._launch_tail(lease, run, rows):
                    return
                continue
            if self._is_paused(run):
                return
            slots = [] if run.alone else self._reserve(run)
            if run.until:
                self._get_ahead(lease, run)
                return
            try:
                current = self.batches.is_current(run.ready[0])
            except BaseException:
                self.hubspot.budget.give_back(slots)
                raise
            if current:
                self._start(lease, run, run.ready.popleft(), slots)
            else:
                self.hubspot.budget.give_back(slots)
                run.forget_ready()

    def _make_ready(self, lease: Lease, run: Run) -> Rows:
        """Prepare the next batch if it is whole; else its rows."""
        rows = self.batches.take(lease, run)
        run.seen |= bool(rows)
        if not rows or (count(rows) < run.size and not run.alone):
            return rows
        # A full batch in one of several shards: they are no longer tails, and every worker can have one.
        run.over = len(lease.shards) > 1 and len(rows) == 1 and not run.alone
        if not run.over:
            run.ready.append(self.batches.prepare(rows, run, lease))
        return {}

    def _get_ahead(self, lease: Lease, run: Run) -> None:
        """Prepare batches while no call is possible and none is back."""
        while run.in_hand < IN_HAND and time.monotonic() < run.until and not any(map(Future.done, run.flights)):
            before = run.in_hand
            self._make_ready(lease, run)
            if run.in_hand == before:
                return

    def _launch_tail(self, lease: Lease, run: Run, rows: Rows) -> bool:
        """Start a call with `rows`, which are too few for a whole one; True if there is more to be looked at."""
        if (run.flights or not rows) and self._take_on(lease, run, rows):
            return True
        if not rows or run.flights or self._is_paused(run):
            return False
        scarce = self.hubspot.budget.scarce
        # Shards may wait that have no worker yet; while the quota is scarce their tails are taken on instead.
        run.over = run.settled and not scarce and self.bell.waits()
        if run.over:
            return False
        slots = self._reserve(run)
        if run.until:
            return False
        try:
            if self.hubspot.budget.scarce:
                rows = self._gather(lease, run, rows)
            if not rows:
                self.hubspot.budget.give_back(slots)
                return False
            flight = self.batches.prepare(rows, run, lease)
        except BaseException:
            self.hubspot.budget.give_back(slots)
            raise
        self._start(lease, run, flight, slots)
        return True

    def _is_paused(self, run: Run) -> bool:
        """Whether somebody has paused the line since this drain was admitted; it ends once nothing is in flight."""
        paused = run.begun and not run.alone and self.pause.stands()
        run.over |= paused and not run.flights
        return paused

    def _start(self, lease: Lease, run: Run, flight: Flight, slots: list[str]) -> None:
        run.begun = True
        flight.slots.extend(slots)
        run.flights[self.pool.submit(fly, lease, flight)] = flight

    def _take_on(self, lease: Lease, run: Run, rows: Rows) -> bool:
        """Whether there are tails to be had that fill up a call beside another, or that were left to this drain; if
        not, look again in a moment, since others leave theirs while this drain's calls are in flight."""
        if not self.hubspot.budget.scarce:
            return False
        taken = self.tails.gather(lease, in_hand=bool(rows), patient=True).taken
        if run.flights and not taken:
            run.hold_up(TAIL_SECONDS)
        return taken

    def _gather(self, lease: Lease, run: Run, rows: Rows) -> Rows:
        """`rows`, too few for a call, with those of other shards' tails; none if it is not their turn."""
        verdict = self.tails.gather(lease, in_hand=True, patient=run.waited < TAIL_MOMENTS)
        if verdict.taken:
            return self.batches.take(lease, run)
        if verdict.what == "wait":
            run.waited += 1
            run.hold_up(TAIL_SECONDS)
        run.left = verdict.what == "leave"
        return rows if verdict.what == "go" else {}

    def _reserve(self, run: Run) -> list[str]:
        """A slot for a call's first request, if HubSpot's quota allows one; so that nobody waits for one with a call
        under way."""
        self.survey.current()
        slot, seconds = self.hubspot.budget.reserve()
        if slot:
            return [slot]
        run.hold_up(seconds)
        return []

    def _spend(self, run: Run) -> None:
        """Use the time until a call may be possible for messages, else wait; what is ready stays in hand."""
        run.begun = True
        began = time.monotonic()
        if run.until - began > CHANGE_SECONDS:
            try:
                self.meanwhile(run.until - began)
            except BaseTimeoutException:
                raise
            except Exception as error:  # no lead's fault; if Redis is away, the next command says so
                log.warning("meanwhile.failed", error=type(error).__name__)
            if time.monotonic() - began > CHANGE_SECONDS:
                return
        self.stop.wait(min(max(run.until - time.monotonic(), 0.0), MOMENT_SECONDS))

    def _land(self, lease: Lease, run: Run) -> None:
        """Settle one call that came back, also what it had done before it failed; none if another call may be begun
        before one comes back."""
        try:
            left = max(run.until - time.monotonic(), 0.0) if run.until else None
            done, _ = wait(run.flights, left, FIRST_COMPLETED)
        except Exception as fault:  # RQ's timeout: whatever is in flight lands first
            run.error = run.error or fault
            return
        if not done:
            return
        future = next(each for each in run.flights if each in done)
        flight = run.flights.pop(future)
        error = future.exception()
        culprit = run.alone and isinstance(error, LineDown) and error.code in ONE_LEAD
        if culprit and run.size > 1:
            # HubSpot took others a moment ago: look for the one that it does not take.
            run.size, run.after = 1, {}
        elif isinstance(error, LineDown):
            run.down = error
        elif error is not None:
            run.error = run.error or error
        if isinstance(run.error, redis.TimeoutError):
            # A Redis that hangs takes 5 s to say so, for each batch in hand; they are written again.
            return
        for shard, batch in flight.batches.items():
            try:
                if culprit and run.down is not None:
                    self._put_off(flight, run.down)
                run.settled |= self.ledger.settle(batch, shard, lease)
                flight.writer.identity.free(batch.groups)
            except Exception as fault:  # the others still have to land
                run.error = run.error or fault
        if run.alone and error is None:
            run.size *= 2

    def _is_late(self, lease: Lease, run: Run, began: float) -> bool:
        seconds = time.monotonic() - began
        if seconds < WORK_SECONDS:
            return False
        if seconds > LONGEST_SECONDS or self.tails.neglects(lease, run.after):
            return True
        # While the quota is scarce there is time for messages in between.
        return not self.hubspot.budget.scarce and self.bell.waits()

    def _put_off(self, flight: Flight, down: LineDown) -> None:
        """HubSpot is there, but not for these leads. That uses up a try only if others were written since it happened
        to them last: else it is HubSpot after all."""
        written = int(self.redis.get(keys.WRITTEN) or 0)
        for group in flight.groups:
            if group.open:
                before = int(group.leads[-1].fields.get(b"p", b"0"))
                group.fate = Fate(WAITING, code=down.code, why=down.why, free=not before or written <= before)
