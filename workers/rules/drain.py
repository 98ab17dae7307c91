"""Pure: what a drain does next, as one state machine; `workers.sync.drain` carries the actions out.

It is a group commit: while a call is in flight the inbox fills, and the next call takes all of it. Only while full
batches wait are several calls in flight, for different customers.

A *pass* starts the calls that can start now and then waits, for a call in flight or for quota. Passes follow each other
until nothing is left, time is up or HubSpot is down. Every call that was started is settled, whatever becomes of the
others.
"""

from dataclasses import dataclass, field
from enum import Enum

from workers.rules.batch import BATCH
from workers.rules.breaker import HALVED_AFTER, UNPROVEN_IN_FLIGHT, Calls, Verdict, judge
from workers.rules.drain_actions import (
    Action,
    Admitted,
    Await,
    Failed,
    Finish,
    Gather,
    Gathered,
    Landed,
    LookAround,
    Looked,
    Prepare,
    PrepareAgain,
    Prepared,
    Read,
    Reserve,
    Reserved,
    Returned,
    RowsRead,
    Send,
    Sent,
    Settle,
    Settled,
    Waited,
)
from workers.rules.retry import find_retry

# Batches that are prepared, in flight, or back and not settled: each takes about 1 MB.
MAX_IN_HAND = 20
# After WORK_SECONDS a drain ends if leads that should come first have no drain, or, while quota is plentiful, if any
# job waits. After MAX_SECONDS it always ends.
WORK_SECONDS, MAX_SECONDS = 10.0, 60.0
# A partial batch waits for younger ones whose drains are about to leave them: so long each time, at most so often.
PARTIAL_WAIT_SECONDS, MAX_PARTIAL_WAITS = 0.02, 15
# After HubSpot failed while a batch was prepared.
SETBACK_SECONDS = 0.5


class Phase(Enum):
    """Where a drain stands."""

    FILLING = "full batches are read, prepared and sent"
    PROBING = "the line was paused: one call at a time, each twice as large as the one before"
    PARTIAL = "fewer leads than a full batch are left"
    WAITING = "no call can start before a certain moment: for want of quota, or to gather partial batches"
    LANDING = "no more calls start in this pass; those in flight come back"
    DONE = "nothing is in flight and nothing more starts"


class Ending(Enum):
    """Why a drain ends although entries are left and nothing failed."""

    TIME_UP = "it has worked long enough, and others wait"
    YIELDED = "other jobs or workers need this worker or its shards"
    HANDED_OFF = "the partial batch was left to another drain"


@dataclass(slots=True)
class Pass:
    """What was found out in this pass; None: not yet."""

    looked: bool = False
    jobs: bool = False
    rows: int | None = None
    shards: int = 0
    slot: bool = False
    gathered: bool = False
    """Partial batches that fit beside calls in flight were looked for."""
    merged: bool = False
    """The partial batch goes now, however few or many it holds."""
    blocked_until: float = 0.0
    """No call can start before this moment; 0: one may be possible."""
    troubled: bool = False
    """Nor can any be prepared."""


@dataclass(slots=True)
class DrainState:
    """The first ten are facts, refreshed before each step. All else is changed by `step` alone."""

    stopping: bool = False
    scarce: bool = False
    """Over half of the quota is in use."""
    paced: bool = False
    """Partial calls of the whole line have to keep a gap soon."""
    full_rows: int = BATCH
    """Leads that fill a batch; more than `BATCH` if they take calls of two kinds."""
    call_is_back: bool = False
    held_shards: int = 1
    proven: bool = True
    """A call has worked lately."""
    again: int = 0
    """Batches in hand that failed and are to be sent again."""
    again_in_flight: int = 0
    """Those of the calls in flight that failed before: nothing waits for them."""
    again_at: float | None = None
    """When the first of them is due, in monotonic seconds."""

    phase: Phase = Phase.FILLING
    probing: bool = False
    batch_size: int = 1
    """Leads per call while probing."""
    started_at: float = 0.0
    ready: int = 0
    """Prepared batches that wait to be sent."""
    in_flight: int = 0
    """Calls that were started and are not settled."""
    from_start: bool = True
    """The next read begins at the streams' start."""
    found_any: bool = False
    """A row was read since the streams were last read from their start because nothing else was left."""
    settled_any: bool = False
    """An entry was settled since then."""
    time_passed: bool = False
    """A pause may have begun since the drain was admitted."""
    partial_waits: int = 0
    """How often the partial batch has waited for those of other shards."""
    ending: Ending | None = None
    down: BaseException | None = None
    """Why HubSpot takes no more calls."""
    error: BaseException | None = None
    """Any other fault; raised once every call in flight has come back."""
    unreachable: bool = False
    """Redis hangs: what comes back is not settled, and will be written again."""
    setbacks: int = 0
    """How often HubSpot failed while a batch was prepared."""
    known: Pass = field(default_factory=Pass)

    @property
    def merging(self) -> bool:
        """Whether partial batches of several shards go together."""
        return self.scarce or self.paced

    @property
    def may_start(self) -> bool:
        return not (self.stopping or self.ending or self.down or self.error)

    @property
    def fresh_in_flight(self) -> int:
        return self.in_flight - self.again_in_flight

    @property
    def has_room(self) -> bool:
        """Whether another batch may be taken in hand."""
        return self.ready + self.in_flight + self.again < (1 if self.probing else MAX_IN_HAND)

    @property
    def is_full(self) -> bool:
        """Whether the rows read fill a batch. While probing any number does."""
        rows = self.known.rows or 0
        return rows >= self.full_rows or (self.probing and rows > 0)


def probe() -> DrainState:
    """The state of a drain that finds out whether a paused line works again."""
    return DrainState(phase=Phase.PROBING, probing=True)


def step(state: DrainState, now: float, landed: Landed) -> Action:
    """The next action; `landed`: what the last one brought; `now`: monotonic seconds."""
    if isinstance(landed, Admitted):
        state.started_at = now
    _take_note(state, now, landed)
    if isinstance(landed, Returned) and not state.unreachable:
        return _settle(state, landed)
    while True:
        match state.phase:
            case Phase.FILLING | Phase.PROBING:
                action = _fill(state, now)
            case Phase.PARTIAL:
                action = _send_partial(state)
            case Phase.WAITING:
                action = _wait(state, now)
            case Phase.LANDING:
                action = _land(state, now)
            case Phase.DONE:
                return _finish(state)
        if action is not None:
            return action


def _take_note(state: DrainState, now: float, landed: Landed) -> None:
    known = state.known
    match landed:
        case Looked(others_first, jobs):
            known.looked, known.jobs = True, jobs
            # While quota is scarce, messages are sent between calls.
            if state.phase is not Phase.PARTIAL and (others_first or (jobs and not state.scarce)):
                state.ending = Ending.TIME_UP
        case RowsRead(rows, shards):
            known.rows, known.shards = rows, shards
            state.found_any |= rows > 0
        case Prepared():
            # Of rows that were set apart none is left.
            known.rows, state.ready, state.found_any = None, state.ready + 1, True
        case Reserved(paused, until):
            known.slot = not paused and until is None
            if until is not None:
                known.blocked_until, state.phase = until, Phase.WAITING
            elif paused and not state.in_flight:
                state.ending = Ending.YIELDED
            if paused:
                state.phase = Phase.LANDING
        case Gathered(decision, adopted):
            _take_note_of_gathering(state, now, decision, adopted=adopted)
        case Sent(stale):
            if stale:
                state.ready, state.from_start = 0, True
            else:
                state.ready, state.in_flight, state.time_passed = state.ready - 1, state.in_flight + 1, True
                known.slot = known.gathered = known.merged = False
        case Returned(error, code, unreachable):
            state.in_flight -= 1
            state.unreachable |= unreachable
            if not code:
                state.error = state.error or error
            _begin_pass(state)
        case Waited():
            state.time_passed = True
            _begin_pass(state)
        case Settled(any, error, unreachable):
            state.settled_any |= any
            state.error, state.unreachable = state.error or error, state.unreachable or unreachable
            _begin_pass(state)
        case Failed(error, _, calls) if calls and not state.probing:
            _take_note_of_setback(state, now, error, calls)
        case Failed(error, unreachable):
            state.error, state.unreachable = state.error or error, state.unreachable or unreachable
            state.phase = Phase.LANDING


def _take_note_of_setback(state: DrainState, now: float, error: BaseException, calls: Calls) -> None:
    """HubSpot failed before there was a batch: wait a moment, unless it is down."""
    state.setbacks += 1
    if calls.is_open or min(state.setbacks, calls.run) >= HALVED_AFTER:
        state.down, state.phase = error, Phase.LANDING
    else:
        state.known.blocked_until, state.known.troubled = now + SETBACK_SECONDS, True
        state.phase = Phase.WAITING


def _begin_pass(state: DrainState) -> None:
    state.known = Pass()
    state.phase = Phase.PROBING if state.probing else Phase.FILLING


def _settle(state: DrainState, landed: Returned) -> Settle:
    """While probing, a fault that a lead may have caused halves the batch, and at last delays the one lead: else it
    could block all others for ever. A bad lead further back delays fewer leads each time."""
    if landed.trouble and not state.probing:
        verdict, failures = judge(landed.trouble.calls, landed.trouble.flight, landed.trouble.size)
        if verdict is Verdict.DOWN:
            state.down = landed.error
        again = verdict is Verdict.AGAIN and not state.down
        return Settle(postpone=verdict is Verdict.ALONE, failures=failures if again else None)
    culprit = state.probing and bool(landed.code) and find_retry(landed.code).one_lead
    alone = state.batch_size == 1
    if culprit and not alone:
        # HubSpot took smaller batches a moment ago.
        state.batch_size, state.from_start = state.batch_size // 2, True
    elif landed.code:
        state.down = landed.error
    elif state.probing and landed.error is None:
        state.batch_size *= 2
    return Settle(postpone=culprit and alone)


def _fill(state: DrainState, now: float) -> Action | None:
    """Start the calls that the quota allows; this comes before waiting for those in flight."""
    known, seconds = state.known, now - state.started_at
    if seconds > MAX_SECONDS:
        state.ending = state.ending or Ending.TIME_UP
    if not state.may_start or (state.probing and state.batch_size >= BATCH):
        state.phase = Phase.LANDING
        return None
    if seconds >= WORK_SECONDS and not known.looked:
        return LookAround()
    if not state.proven and state.in_flight >= UNPROVEN_IN_FLIGHT:
        state.phase = Phase.LANDING
        return None
    if not state.ready:
        if state.again_at is not None and state.again_at <= now and state.in_flight < MAX_IN_HAND:
            return PrepareAgain()
        return _take_in_hand(state)
    if not known.slot:
        return Reserve(state.time_passed and not state.probing, "" if state.probing else "full")
    return Send()


def _take_in_hand(state: DrainState) -> Action | None:
    """Prepare the next batch if it is full, or goes now as it is."""
    known = state.known
    if not state.has_room:
        state.phase = Phase.LANDING
        return None
    if known.rows is None:
        return _read(state)
    if known.merged and known.slot and known.rows:
        return Prepare()
    if not state.is_full:
        state.phase = Phase.LANDING if state.probing else Phase.PARTIAL
        return None
    return None if _yields_shards(state) else Prepare()


def _read(state: DrainState) -> Read:
    from_start, state.from_start = state.from_start, False
    return Read(state.batch_size if state.probing else state.full_rows, from_start, apart=not state.probing)


def _yields_shards(state: DrainState) -> bool:
    """Whether a full batch is in one of several held shards: release them, so that each can have a worker of its
    own."""
    if state.held_shards > 1 and state.known.shards == 1 and not state.probing:
        state.ending = Ending.YIELDED
    return state.ending is Ending.YIELDED


def _send_partial(state: DrainState) -> Action | None:
    """Fewer leads than a full batch: while calls are in flight they are left to accumulate; while quota is scarce, or
    such calls keep a gap, they go together with those of other shards."""
    known = state.known
    busy = state.scarce and state.fresh_in_flight
    if not known.gathered and (busy or (state.merging and not known.rows)):
        known.gathered = True
        return Gather(has_rows=bool(known.rows), may_wait=True)
    if not known.rows or state.fresh_in_flight:
        state.phase = Phase.LANDING
        return None
    if state.settled_any and not state.merging and not known.looked:
        return LookAround()
    if known.jobs and state.settled_any and not state.merging:
        state.ending, state.phase = Ending.YIELDED, Phase.LANDING
        return None
    if state.paced and not known.merged:
        # Before the gap is over: so only the drain of the oldest leads waits for it, and what comes meanwhile joins.
        known.merged = True
        return Gather(has_rows=True, may_wait=False)
    if not known.slot:
        return Reserve(state.time_passed, "partial")
    if state.scarce and not known.merged:
        known.merged = True
        return Gather(has_rows=True, may_wait=state.partial_waits < MAX_PARTIAL_WAITS)
    known.merged, state.phase = True, Phase.FILLING
    return None


def _take_note_of_gathering(state: DrainState, now: float, decision: str, *, adopted: bool) -> None:
    known = state.known
    if adopted:
        known.rows, known.gathered, state.phase = None, False, Phase.FILLING
    elif not known.merged and state.fresh_in_flight:
        # Other drains leave theirs while calls are in flight: look again soon.
        known.blocked_until = now + PARTIAL_WAIT_SECONDS
    elif known.merged and decision == "wait":
        state.partial_waits += 1
        known.blocked_until, state.phase = now + PARTIAL_WAIT_SECONDS, Phase.WAITING
    elif known.merged and decision == "leave":
        state.ending, state.phase = Ending.HANDED_OFF, Phase.LANDING


def _wait(state: DrainState, now: float) -> Action | None:
    """Prepare full batches while no call can start and none has come back, then wait."""
    known = state.known
    may_prepare = not (known.troubled or known.merged or state.call_is_back)
    if may_prepare and state.has_room and now < known.blocked_until:
        # A read from the start would drop what is prepared.
        if known.rows is None and not (state.from_start and state.ready):
            return _read(state)
        if state.is_full and not _yields_shards(state):
            return Prepare()
    return Await(known.blocked_until)


def _land(state: DrainState, now: float) -> Action | None:
    if state.in_flight:
        return Await(_wakes_at(state, now))
    if state.may_start and state.again_at is not None and not state.settled_any:
        return Await(state.again_at)
    if state.probing or not state.may_start or not state.settled_any:
        state.phase = Phase.DONE
        return None
    state.from_start, state.found_any, state.settled_any = True, False, False
    _begin_pass(state)
    return None


def _wakes_at(state: DrainState, now: float) -> float | None:
    """When a call may be possible though none has come back. What is due already waits for one to come back."""
    moments = [state.known.blocked_until] if state.known.blocked_until else []
    if state.may_start and state.again_at is not None and state.again_at > now:
        moments.append(state.again_at)
    return min(moments, default=None)


def _finish(state: DrainState) -> Finish:
    error = state.error or (None if state.probing else state.down)
    # An error's traceback references all that was in hand: keep none longer than it is needed.
    state.error = None
    state.down = state.down if state.probing else None
    match state.ending:
        case Ending.HANDED_OFF:
            return Finish(can_continue=False, error=error)
        case Ending.YIELDED:
            return Finish(can_continue=True, error=error)
        case _:
            more = state.settled_any or state.ready > 0 or state.again > 0
            return Finish(more or not state.found_any, error)
