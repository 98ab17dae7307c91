"""The drain loop: carries out what `workers.rules.drain` decides."""

from collections.abc import Callable
from itertools import chain
from typing import Literal

import redis
import structlog

from leadcore.config import Config
from leadcore.fields import PUT_OFF
from leadcore.machine import Event, Future, Machine
from leadcore.receipts import WAITING
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.connection import Redis
from workers.flow.breaker import Breaker
from workers.flow.errors import LineDown, OutOfTime
from workers.flow.lease import Lease
from workers.flow.pause import Pause
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import PortalCache
from workers.rules import drain as rules
from workers.rules import drain_actions as actions
from workers.rules.batch import BATCH
from workers.rules.breaker import AGAIN_SECONDS, HALVED_AFTER, LATE_SECONDS, between
from workers.rules.drain import DrainState
from workers.rules.drain_actions import Landed
from workers.rules.lead import Result
from workers.rules.retry import find_retry
from workers.sync.batch_loader import BatchLoader
from workers.sync.in_flight import WriteCall, send_call
from workers.sync.in_hand import InHand, count_rows
from workers.sync.partial_batches import PartialBatches
from workers.sync.settler import Settler

# Longest wait for quota before the loop runs again.
MAX_WAIT_SECONDS = 0.25
# After so long a pass begins anew: leads that came meanwhile may make a partial batch full, so that it keeps no gap.
MAX_PARTIAL_SECONDS, MAX_SECONDS = 0.5, 10.0
# Minimum slack in seconds before messages are sent.
MIN_SEND_SECONDS = 0.05
# For so long a batch that was halved is read as halves; who waits alone carries that in its entry.
SUSPECTS_SECONDS = 600

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
        stop: Event,
        machine: Machine,
        breaker: Breaker,
    ) -> None:
        self.redis, self.hubspot, self.loader = connection, hubspot, loader
        self.portal_cache, self.pause, self.settler, self.stop = portal_cache, pause, settler, stop
        self.send_messages, self.machine = send_messages, machine
        self.bell = Bell(connection)
        self.partial_batches = PartialBatches(connection, config.inbox.shards, BATCH)
        self.breaker = breaker
        self.pool = machine.pool(rules.MAX_IN_HAND, "hubspot")

    def run(self, lease: Lease, state: DrainState) -> bool:
        """Take one step after the other until there are no more. True if another drain can continue at once. Raises
        what stopped the drain, once every call that was started has come back."""
        in_hand = InHand()
        landed: Landed = actions.Admitted()
        while True:
            state.stopping = self.stop.is_set()
            state.scarce, state.paced = self.hubspot.budget.scarce, self.hubspot.budget.paced
            state.full_rows = self.partial_batches.full = self.loader.full_rows
            state.call_is_back = any(map(Future.done, in_hand.in_flight))
            state.held_shards, state.proven = len(lease.shards), self.breaker.is_proven
            state.again = len(in_hand.again)
            state.again_in_flight = sum(call.flight.failures > 0 for call in in_hand.in_flight.values())
            state.again_at = in_hand.next_again().due if in_hand.again else None
            action = rules.step(state, self.machine.monotonic(), landed)
            if isinstance(action, actions.Finish):
                break
            try:
                landed = self._carry_out(action, lease, in_hand)
            except (
                Exception,
                OutOfTime,
            ) as error:  # `step` decides; it is raised once every call in flight has come back
                calls = self.breaker.read() if _is_by_rate(error) else None
                landed = actions.Failed(error, isinstance(error, redis.TimeoutError), calls)
        self._release_slot(in_hand)
        # The traceback references what is in hand; clear it, or batches live until the next GC.
        in_hand.restart()
        if action.error is not None:
            try:
                raise action.error
            finally:
                del action, landed
        return action.can_continue

    def _carry_out(self, action: actions.Action, lease: Lease, in_hand: InHand) -> Landed:
        match action:
            case actions.LookAround():
                starves = self.partial_batches.starves(lease, in_hand.cursor)
                return actions.Looked(starves, self.bell.waits())
            case actions.Read(size, from_start, apart):
                if from_start:
                    in_hand.restart()
                in_hand.rows = self.loader.read_rows(lease, in_hand, size)
                if apart:
                    self._set_suspects_apart(lease, in_hand)
                return actions.RowsRead(count_rows(in_hand.rows), len(in_hand.rows))
            case actions.Prepare():
                in_hand.ready.append(self.loader.prepare(in_hand.rows, in_hand.customers(), lease))
                in_hand.move_on()
                return actions.Prepared()
            case actions.PrepareAgain():
                again = in_hand.next_again()
                others = in_hand.customers() - again.rows.keys()
                in_hand.ready.append(self.loader.prepare(again.by_shard, others, lease, again.flight))
                in_hand.again.remove(again)
                return actions.Prepared()
            case actions.Reserve(check_pause, leads):
                return self._reserve(in_hand, leads, check_pause=check_pause)
            case actions.Gather(has_rows, may_wait):
                return self.partial_batches.gather(lease, has_rows=has_rows, may_wait=may_wait)
            case actions.Send():
                return self._send(lease, in_hand)
            case actions.Await(until):
                self._release_slot(in_hand)
                return self._await_call(in_hand, until) if in_hand.in_flight else self._await_quota(until)
            case actions.Settle(postpone, failures):
                return self._settle(lease, in_hand, postpone=postpone, failures=failures)
            case _:
                raise AssertionError

    def _reserve(
        self, in_hand: InHand, leads: Literal["partial", "full", ""], *, check_pause: bool
    ) -> actions.Reserved:
        if check_pause and self.pause.is_active():
            return actions.Reserved(paused=True)
        self.portal_cache.current()
        slot, seconds = self.hubspot.budget.reserve(leads)
        if not slot:
            longest = MAX_PARTIAL_SECONDS if leads == "partial" else MAX_SECONDS
            return actions.Reserved(until=self.machine.monotonic() + min(seconds, longest))
        in_hand.slots = [slot]
        return actions.Reserved()

    def _release_slot(self, in_hand: InHand) -> None:
        slots, in_hand.slots = in_hand.slots, []
        self.hubspot.budget.release(slots)

    def _send(self, lease: Lease, in_hand: InHand) -> actions.Sent:
        if not self.loader.is_current(in_hand.ready[0]):
            in_hand.restart()
            return actions.Sent(stale=True)
        call = in_hand.ready.popleft()
        call.slots.extend(in_hand.slots)
        in_hand.slots = []
        in_hand.in_flight[self.pool.submit(send_call, lease, call)] = call
        return actions.Sent()

    def _await_call(self, in_hand: InHand, until: float | None) -> actions.Returned | actions.Waited:
        timeout = None if until is None else max(until - self.machine.monotonic(), 0.0)
        done = self.machine.wait_first(in_hand.in_flight, timeout)
        if not done:
            return actions.Waited()
        future = next(each for each in in_hand.in_flight if each in done)
        error = future.exception()
        call = in_hand.in_flight.pop(future)
        in_hand.returned = call, error
        code = error.code if isinstance(error, LineDown) else ""
        trouble = None
        if _is_by_rate(error):
            size = sum(group.open for group in call.groups)
            trouble = actions.Trouble(self.breaker.read(call.flight), call.flight, size)
        return actions.Returned(error, code, isinstance(error, redis.TimeoutError), trouble)

    def _await_quota(self, until: float | None) -> actions.Waited:
        """Send messages until a call may be possible, or just wait."""
        started_at = self.machine.monotonic()
        ends_at = until or started_at
        if ends_at - started_at > MIN_SEND_SECONDS:
            try:
                self.send_messages(ends_at - started_at)
            except Exception as error:  # must not stop the leads; if Redis is away, the next command raises
                log.warning("meanwhile.failed", error=type(error).__name__)
            if self.machine.monotonic() - started_at > MIN_SEND_SECONDS:
                return actions.Waited()
        self.stop.wait(min(max(ends_at - self.machine.monotonic(), 0.0), MAX_WAIT_SECONDS))
        return actions.Waited()

    def _settle(self, lease: Lease, in_hand: InHand, *, postpone: bool, failures: int | None) -> actions.Settled:
        """If the call failed, only what it had written is settled."""
        if in_hand.returned is None:
            raise AssertionError
        (call, down), in_hand.returned = in_hand.returned, None
        settled_any, first_error = False, None
        for shard, batch in call.batches.items():
            try:
                if postpone and isinstance(down, LineDown):
                    self._postpone(call, down)
                settled_any |= self.settler.settle(batch, shard, lease)
                call.writer.identity.unlock_contacts(batch.groups)
            except (Exception, OutOfTime) as error:  # the other shards still have to be settled
                first_error = first_error or error
        in_hand.passed.update(group.customer_id for group in call.groups if group.left_in_inbox)
        if failures is not None:
            self._keep(in_hand, call, failures)
        return actions.Settled(settled_any, first_error, isinstance(first_error, redis.TimeoutError))

    def _keep(self, in_hand: InHand, call: WriteCall, failures: int) -> None:
        """Keep the call's open leads in hand; once the batch is halved, also in Redis, for the next drain."""
        bounds = LATE_SECONDS if call.flight.late else AGAIN_SECONDS
        due = self.machine.monotonic() + between(bounds, self.machine.random())
        in_hand.keep(call, failures, due)
        for shard, batch in call.batches.items() if failures >= HALVED_AFTER else ():
            leads = [lead.id for group in batch.groups if group.open for lead in group.leads]
            if leads:
                name = keys.suspects(shard)
                store = ("HSET", name, *chain.from_iterable((lead, failures) for lead in leads))
                self.settler.inbox.apply([store, ("EXPIRE", name, SUSPECTS_SECONDS)])

    def _set_suspects_apart(self, lease: Lease, in_hand: InHand) -> None:
        for shard in lease.shards:
            if shard not in in_hand.suspects:
                in_hand.suspects[shard] = self.redis.hgetall(keys.suspects(shard))
        in_hand.rows = in_hand.set_apart(in_hand.rows, self.machine.monotonic())

    def _postpone(self, call: WriteCall, down: LineDown) -> None:
        """HubSpot takes calls, but not these leads: let them wait. Count a try only if other leads were written since
        these failed last; if none were, HubSpot itself may be down."""
        written_ms = int(self.redis.get(keys.WRITTEN) or 0)
        for group in call.groups:
            if group.open:
                failed_ms = int(group.leads[-1].fields.get(PUT_OFF, b"0"))
                free = not failed_ms or written_ms <= failed_ms
                group.result = Result(WAITING, code=down.code, why=down.why, free=free, asked=down.seconds)


def _is_by_rate(error: BaseException | None) -> bool:
    """Whether `error` says little of HubSpot by itself: the rates of failures decide what comes of it."""
    return isinstance(error, LineDown) and error.seconds is None and find_retry(error.code).by_rate
