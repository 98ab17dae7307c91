"""The drain's state machine, without Redis, HubSpot or a clock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.rules import drain
from workers.rules.batch import BATCH
from workers.rules.breaker import Calls, Flight
from workers.rules.drain import MAX_IN_HAND, DrainState, Ending, Phase, probe, step
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
    Trouble,
    Waited,
)


@dataclass
class World:
    """A line with `waiting` leads; every answer is what a healthy line gives, unless `answer` says otherwise."""

    waiting: int = 0
    answer: Callable[[Action], Landed | None] = lambda _: None
    state: DrainState = field(default_factory=DrainState)
    now: float = 0.0
    rows: int = 0
    ready: list[int] = field(default_factory=list)
    flying: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)

    def run(self) -> Finish:
        landed: Landed = Admitted()
        for _ in range(10_000):
            action = step(self.state, self.now, landed)
            self.actions.append(action)
            self.check(action)
            if isinstance(action, Finish):
                return action
            landed = self.answer(action) or self.carry_out(action)
            self.note(action, landed)
        raise AssertionError("the drain does not end")

    def check(self, action: Action) -> None:
        """What holds of every action, whatever happens."""
        assert self.state.in_flight == len(self.flying)
        assert self.state.ready == len(self.ready)
        assert len(self.flying) + len(self.ready) <= (1 if self.state.probing else MAX_IN_HAND)
        if isinstance(action, Send):
            assert self.ready
            assert self.state.may_start
        if isinstance(action, Prepare):
            assert self.rows
        if isinstance(action, Read) and action.from_start:
            assert not self.ready, "such a read drops what is prepared"
        if isinstance(action, Finish):
            assert not self.flying

    def carry_out(self, action: Action) -> Landed:
        match action:
            case LookAround():
                return Looked(others_first=False, jobs=False)
            case Read(size):
                rows = min(size, self.waiting - sum(self.ready) - sum(self.flying))
                return RowsRead(rows, 1 if rows else 0)
            case Prepare():
                return Prepared()
            case Reserve():
                return Reserved()
            case Gather():
                return Gathered("go", adopted=False)
            case Send():
                return Sent()
            case Await():
                return Returned() if self.flying else Waited()
            case Settle():
                return Settled(any=True)
        raise AssertionError(action)

    def note(self, action: Action, landed: Landed) -> None:
        match action, landed:
            case Read(_, from_start), RowsRead(rows, _):
                if from_start:
                    self.ready.clear()
                self.rows = rows
            case _, Prepared():
                self.ready.append(self.rows)
                self.rows = 0
            case Send(), Sent(stale=False):
                self.flying.append(self.ready.pop(0))
                self.sent.append(self.flying[-1])
            case _, Sent(stale=True):
                self.ready.clear()
            case Await(until), Waited():
                self.now = max(self.now, until or self.now)
            case _, Returned(error=None):
                self.waiting -= self.flying.pop(0)
            case _, Returned():
                self.flying.pop(0)


def test_an_empty_line_is_read_once() -> None:
    world = World()
    assert world.run() == Finish(can_continue=True)
    assert world.actions == [Read(BATCH, from_start=True), Finish(can_continue=True)]


def test_full_batches_go_at_once_and_the_rest_when_they_are_back() -> None:
    world = World(waiting=250)
    assert world.run().error is None
    assert world.sent == [100, 100, 50]
    first_return = next(i for i, one in enumerate(world.actions) if isinstance(one, Await))
    assert [type(one) for one in world.actions[:first_return]].count(Send) == 2
    assert world.waiting == 0


def test_without_a_slot_batches_are_prepared_ahead_and_go_when_there_is_one() -> None:
    def answer(action: Action) -> Landed | None:
        return Reserved(until=5.0) if isinstance(action, Reserve) and world.now < 5.0 else None

    world = World(300, answer)
    world.run()
    kinds = [type(one) for one in world.actions]
    assert kinds[: kinds.index(Await)].count(Prepare) == 3
    assert world.actions[kinds.index(Await)] == Await(5.0)
    assert world.sent == [100, 100, 100]


def test_a_stale_batch_is_read_again_from_the_start() -> None:
    stale = iter([Sent(stale=True)])

    def answer(action: Action) -> Landed | None:
        return next(stale, None) if isinstance(action, Send) else None

    world = World(100, answer)
    world.run()
    reads = [one for one in world.actions if isinstance(one, Read)]
    assert [one.from_start for one in reads[:2]] == [True, True]
    assert world.sent == [100]


def test_a_call_that_fails_ends_the_drain_after_the_others_are_settled() -> None:
    down = RuntimeError()
    returns = iter([Returned(), Returned(down, "unavailable")])

    def answer(action: Action) -> Landed | None:
        return next(returns, None) if isinstance(action, Await) else None

    world = World(400, answer)
    finish = world.run()
    assert finish.error is down
    assert [type(one) for one in world.actions].count(Settle) == len(world.sent) == 4


def test_what_an_action_raises_is_raised_once_all_calls_are_back() -> None:
    fault = ValueError()

    def answer(action: Action) -> Landed | None:
        return Failed(fault) if isinstance(action, Prepare) and len(world.sent) == 2 else None

    world = World(400, answer)
    assert world.run().error is fault
    assert world.waiting == 200


def test_while_redis_hangs_nothing_is_settled() -> None:
    def answer(action: Action) -> Landed | None:
        return Returned(OSError(), unreachable=True) if isinstance(action, Await) else None

    world = World(300, answer)
    assert isinstance(world.run().error, OSError)
    assert not any(isinstance(one, Settle) for one in world.actions)


def test_once_settling_meets_a_redis_that_hangs_no_other_call_is_settled() -> None:
    """Each command would take until its timeout, once for each of the calls in flight."""

    def answer(action: Action) -> Landed | None:
        return Settled(any=False, error=OSError(), unreachable=True) if isinstance(action, Settle) else None

    world = World(500, answer)
    assert isinstance(world.run().error, OSError)
    assert [type(one) for one in world.actions].count(Settle) == 1


def test_a_probe_doubles_its_batches_up_to_a_full_one() -> None:
    world = World(1000, state=probe())
    assert world.run() == Finish(can_continue=True)
    assert world.sent == [1, 2, 4, 8, 16, 32, 64]


def test_a_probe_that_fails_is_halved_down_to_one_lead_which_is_postponed() -> None:
    down = RuntimeError()

    def answer(action: Action) -> Landed | None:
        if isinstance(action, Await) and (world.sent[-1] > 2 or len(world.sent) > 3):
            return Returned(down, "timeout")
        return None

    world = World(1000, answer, probe())
    assert world.run().error is None
    assert world.sent == [1, 2, 4, 2, 1]
    assert [one.postpone for one in world.actions if isinstance(one, Settle)] == [False] * 4 + [True]
    assert world.state.down is down


def test_a_probe_postpones_no_lead_for_what_no_lead_can_cause() -> None:
    down = RuntimeError()

    def answer(action: Action) -> Landed | None:
        return Returned(down, "unauthorized") if isinstance(action, Await) else None

    world = World(10, answer, probe())
    world.run()
    assert [one.postpone for one in world.actions if isinstance(one, Settle)] == [False]
    assert world.state.down is down


@pytest.mark.parametrize(("others_first", "jobs", "scarce", "ends"), [
    (True, False, False, True),
    (True, False, True, True),
    (False, True, False, True),
    (False, True, True, False),
    (False, False, False, False),
])  # fmt: skip
def test_a_drain_that_has_worked_long_ends_for_others(others_first: bool, jobs: bool, scarce: bool, ends: bool) -> None:
    def answer(action: Action) -> Landed | None:
        if isinstance(action, Await):
            world.now = drain.WORK_SECONDS + 1
        return Looked(others_first, jobs) if isinstance(action, LookAround) else None

    world = World(2500, answer, DrainState(scarce=scarce))
    world.run()
    assert (world.state.ending is Ending.TIME_UP) is ends
    assert (world.waiting > 0) is ends


def test_no_drain_lasts_longer_than_its_limit() -> None:
    def answer(action: Action) -> Landed | None:
        if isinstance(action, Await):
            world.now += 7
            world.waiting += 100
        return None

    world = World(100, answer)
    assert world.run() == Finish(can_continue=True)
    assert world.state.ending is Ending.TIME_UP


def test_once_the_line_is_paused_no_call_starts() -> None:
    def answer(action: Action) -> Landed | None:
        return Reserved(paused=True) if isinstance(action, Reserve) and action.check_pause else None

    world = World(600, answer)
    assert world.run() == Finish(can_continue=True)
    assert world.sent == [100], "the first was admitted a moment ago"


def test_a_scarce_quota_makes_a_partial_batch_wait_for_others_but_not_for_ever() -> None:
    def answer(action: Action) -> Landed | None:
        return Gathered("wait" if action.may_wait else "go", adopted=False) if isinstance(action, Gather) else None

    world = World(3, answer, DrainState(scarce=True))
    world.run()
    assert world.sent == [3]
    assert world.state.partial_waits == drain.MAX_PARTIAL_WAITS


def test_a_partial_batch_left_to_another_drain_is_not_sent() -> None:
    def answer(action: Action) -> Landed | None:
        return Gathered("leave", adopted=False) if isinstance(action, Gather) else None

    world = World(3, answer, DrainState(scarce=True))
    assert world.run() == Finish(can_continue=False)
    assert world.sent == []
    assert world.state.ending is Ending.HANDED_OFF


def test_while_calls_keep_a_gap_partial_batches_are_gathered_before_the_wait_and_what_comes_meanwhile_joins() -> None:
    def answer(action: Action) -> Landed | None:
        if isinstance(action, Reserve) and world.now < 5.0:
            world.waiting += 1
            return Reserved(until=world.now + 1.0)
        return None

    world = World(3, answer, DrainState(paced=True))
    world.run()
    assert world.sent == [8]
    kinds = [type(one) for one in world.actions]
    assert kinds.index(Gather) < kinds.index(Reserve)
    assert {one.leads for one in world.actions if isinstance(one, Reserve)} == {"partial"}


def test_while_calls_keep_a_gap_only_one_drain_waits_for_it() -> None:
    def answer(action: Action) -> Landed | None:
        return Gathered("leave", adopted=False) if isinstance(action, Gather) else None

    world = World(3, answer, DrainState(paced=True))
    world.run()
    assert not any(isinstance(one, Reserve) for one in world.actions)
    assert world.state.ending is Ending.HANDED_OFF


def test_what_fills_a_batch_while_it_waits_for_the_gap_goes_as_a_full_one() -> None:
    def answer(action: Action) -> Landed | None:
        if isinstance(action, Reserve) and action.leads == "partial":
            world.waiting = BATCH
            return Reserved(until=world.now + 1.0)
        return None

    world = World(3, answer, DrainState(paced=True))
    world.run()
    assert world.sent == [BATCH]
    assert world.now <= 1.0


def test_a_probe_keeps_no_gap() -> None:
    world = World(20, state=probe())
    world.run()
    assert {one.leads for one in world.actions if isinstance(one, Reserve)} == {""}


def test_a_batch_is_as_large_as_fills_its_calls() -> None:
    world = World(400, state=DrainState(full_rows=173))
    world.run()
    assert world.sent == [173, 173, 54]
    assert [one.leads for one in world.actions if isinstance(one, Reserve)] == ["full", "full", "partial"]


def test_adopted_rows_go_with_our_own() -> None:
    def answer(action: Action) -> Landed | None:
        if isinstance(action, Gather) and world.waiting == 3:
            world.waiting = 5
            return Gathered("go", adopted=True)
        return None

    world = World(3, answer, DrainState(scarce=True))
    world.run()
    assert world.sent == [5]


def test_a_full_batch_in_one_of_several_held_shards_gives_the_shards_back() -> None:
    world = World(100, state=DrainState(held_shards=2))
    assert world.run() == Finish(can_continue=True)
    assert world.sent == []
    assert world.state.ending is Ending.YIELDED


EVENTS: dict[type, st.SearchStrategy[Landed]] = {
    LookAround: st.builds(Looked, st.booleans(), st.booleans()),
    Reserve: st.one_of(
        st.just(Reserved()), st.just(Reserved(paused=True)), st.builds(Reserved, until=st.floats(0, 100))
    ),
    Gather: st.builds(Gathered, st.sampled_from(["go", "wait", "leave"]), st.booleans()),
    Send: st.builds(Sent, st.booleans()),
    Settle: st.builds(Settled, st.booleans(), st.sampled_from([None, RuntimeError()])),
}


@settings(max_examples=300)
@given(st.data())
def test_whatever_happens_every_call_comes_back_and_the_drain_ends(data: st.DataObject) -> None:
    """Each `Send`, `Prepare` and `Finish` is checked in `World.check`."""

    def answer(action: Action) -> Landed | None:
        world.now += data.draw(st.floats(0, 3))
        world.waiting += data.draw(st.integers(0, 120)) if world.now < 50 else 0
        world.state.scarce, world.state.held_shards = data.draw(st.booleans()), data.draw(st.integers(1, 3))
        world.state.paced, world.state.full_rows = data.draw(st.booleans()), data.draw(st.integers(BATCH, 2 * BATCH))
        world.state.stopping |= data.draw(st.integers(0, 50)) == 0
        if isinstance(action, Await) and not world.flying:
            return None
        if data.draw(st.integers(0, 30)) == 0 and not isinstance(action, Settle):
            return Failed(RuntimeError(), data.draw(st.booleans()))
        if isinstance(action, Await):
            code = data.draw(st.sampled_from(["", "", "", "timeout", "unauthorized"]))
            return Returned(RuntimeError() if code else None, code)
        return data.draw(EVENTS[type(action)]) if type(action) in EVENTS and data.draw(st.booleans()) else None

    world = World(data.draw(st.integers(0, 3000)), answer, probe() if data.draw(st.booleans()) else DrainState())
    world.run()
    assert world.state.phase is Phase.DONE


TROUBLE = Trouble(Calls(total=20, failed=2, worked=18, written=18), Flight(), BATCH)


def test_a_batch_that_failed_as_any_may_is_sent_again_when_it_is_due_and_others_go_on() -> None:
    failed = iter([Returned(RuntimeError(), "unavailable", trouble=TROUBLE)])

    def answer(action: Action) -> Landed | None:
        if isinstance(action, Settle) and action.failures is not None:
            world.state.again, world.state.again_at = 1, world.now + 1
            return Settled(any=False)
        if isinstance(action, PrepareAgain):
            world.state.again, world.state.again_at, world.rows = 0, None, BATCH
            return Prepared()
        if isinstance(action, Read) and world.state.again:
            left = world.waiting - BATCH - sum(world.ready) - sum(world.flying)
            return RowsRead(min(action.size, left), int(left > 0))
        return next(failed, None) if isinstance(action, Await) and world.flying else None

    world = World(300, answer)
    assert world.run().error is None
    assert world.sent == [BATCH] * 4
    assert world.waiting == 0
    assert [one.failures for one in world.actions if isinstance(one, Settle)] == [1, None, None, None]


@pytest.mark.parametrize(("trouble", "down"), [
    (TROUBLE, False),
    (Trouble(Calls(10, 10, 10), Flight(), BATCH), True),
    (Trouble(Calls(4, 4, 4, failed_since=4), Flight(3, weight=3), BATCH), True),
    (None, True),
])  # fmt: skip
def test_what_failed_as_any_call_may_stops_the_line_only_if_most_calls_fail(
    trouble: Trouble | None, down: bool
) -> None:
    state = DrainState(in_flight=1)
    action = step(state, 0.0, Returned(RuntimeError(), "unavailable", trouble=trouble))
    assert isinstance(action, Settle)
    assert (state.down is not None, action.failures is None) == (down, down)


def test_hubspot_may_fail_before_there_is_a_batch() -> None:
    """As when a worker that starts reads the portal's properties: it waits, and after some failures in a row the line
    is down."""
    for run, left in ((1, 0), (9, 300)):
        calls, fails = Calls(run, run, run), iter(range(4 if left else 3))

        def answer(action: Action, calls: Calls = calls, fails: Iterator[int] = fails) -> Landed | None:
            if isinstance(action, Prepare) and next(fails, None) is not None:
                return Failed(RuntimeError(), calls=calls)
            return None

        world = World(300, answer)
        finish = world.run()
        assert (world.waiting, finish.error is not None) == (left, left > 0)
        assert world.now >= 3 * drain.SETBACK_SECONDS


def test_until_a_call_has_worked_few_go_at_once() -> None:
    world = World(2000, state=DrainState(proven=False))

    def answer(action: Action) -> Landed | None:
        if isinstance(action, Send):
            most.append(len(world.flying) + 1)
        world.state.proven = world.waiting < 2000
        return None

    most: list[int] = []
    world.answer = answer
    world.run()
    assert most[:5] == [1, 2, 3, 4, 5]
    assert max(most[:5]) == 5
    assert max(most) > 5


@pytest.mark.parametrize("rows", [0, 5])
def test_a_batch_that_is_sent_again_is_not_dropped_by_a_read_from_the_start(rows: int) -> None:
    """It fell due while such a read was about to come, and the quota then makes it wait."""
    state = DrainState(from_start=False, settled_any=True, found_any=True)
    state.again, state.again_at = 20, 1.2
    assert isinstance(step(state, 1.0, Settled(True)), Await)
    assert isinstance(step(state, 1.2, Waited()), PrepareAgain)
    state.again = 1
    assert isinstance(step(state, 1.3, Prepared()), Reserve)
    action = step(state, 1.4, Reserved(until=4.0))
    while not isinstance(action, Await):
        assert not (isinstance(action, Read) and action.from_start)
        action = step(state, 1.5, RowsRead(rows, 1) if isinstance(action, Read) else Prepared())
    state.again_at = None
    assert isinstance(step(state, 4.0, Waited()), Reserve)
    assert isinstance(step(state, 4.1, Reserved()), Send)
