"""What a drain does with leads that were set apart, because their batch had failed."""

from workers.rules.drain import DrainState, step
from workers.rules.drain_actions import (
    Admitted,
    Await,
    Finish,
    Landed,
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
)


def test_a_lead_that_was_set_apart_and_stays_in_the_inbox_is_left_to_a_sweep() -> None:
    """Another drain holds its contact's lock: to come back at once would turn in a circle until that is free."""
    state = DrainState()
    assert isinstance(step(state, 1.0, Admitted()), Read)
    state.again, state.again_at = 1, 0.0
    assert isinstance(step(state, 1.0, RowsRead(0, 0)), PrepareAgain)
    state.again, state.again_at = 0, None
    action = step(state, 1.0, Prepared())
    while not isinstance(action, Finish):
        landed: Landed = RowsRead(0, 0)
        match action:
            case Reserve():
                landed = Reserved()
            case Send():
                landed = Sent()
            case Await():
                landed = Returned()
            case Settle():
                landed = Settled(any=False)
        action = step(state, 1.0, landed)
    assert not action.can_continue
