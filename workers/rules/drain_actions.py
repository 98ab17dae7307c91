"""Pure: the actions of a drain, and what each brings; `workers.rules.drain` decides."""

from typing import Literal

from msgspec import Struct

from workers.rules.breaker import Calls, Flight


class LookAround(Struct, frozen=True):
    """See who else waits. Brings `Looked`."""


class Read(Struct, frozen=True):
    """Read the next rows, at most `size`. `from_start`: drop what is prepared and read the streams from their start.
    `apart`: those of batches that failed while others did not are taken in hand by themselves. Brings `RowsRead`."""

    size: int
    from_start: bool
    apart: bool = True


class Prepare(Struct, frozen=True):
    """Decide what to write for the rows that were read. Brings `Prepared`."""


class PrepareAgain(Struct, frozen=True):
    """Decide what to write for the batch that is due to be sent again. Brings `Prepared`."""


class Reserve(Struct, frozen=True):
    """Reserve a slot of the quota for a call's first request, so that no call waits for one while others are in flight.
    `check_pause`: see first whether the line was paused. `leads`: which pace the call keeps, "" for none. A slot that
    no call used is given back at the next `Await` or `Finish`. Brings `Reserved`."""

    check_pause: bool
    leads: Literal["partial", "full", ""] = "full"


class Gather(Struct, frozen=True):
    """Decide with the other drains who sends the partial batches, and adopt those that are ours. Brings `Gathered`."""

    has_rows: bool
    may_wait: bool


class Send(Struct, frozen=True):
    """Start a call with the oldest prepared batch, if it still fits the stored records. Brings `Sent`."""


class Await(Struct, frozen=True):
    """Wait for a call in flight until `until` (monotonic seconds; None: as long as it takes). If none is in flight,
    send messages meanwhile. Brings `Returned` if a call came back, else `Waited`."""

    until: float | None


class Settle(Struct, frozen=True):
    """Settle what the call that came back has written. `postpone`: its other leads wait, each by itself. `failures`:
    they stay in hand and are sent again in a moment, having failed so often; None: they stay in the stream. Brings
    `Settled`."""

    postpone: bool
    failures: int | None = None


class Finish(Struct, frozen=True):
    """End: raise `error`, or tell whether another drain can continue at once."""

    can_continue: bool
    error: BaseException | None = None


Action = LookAround | Read | Prepare | PrepareAgain | Reserve | Gather | Send | Await | Settle | Finish


class Admitted(Struct, frozen=True):
    """The drain begins."""


class Looked(Struct, frozen=True):
    """`others_first`: leads that should come first wait in a shard that nobody drains. `jobs`: a job waits."""

    others_first: bool
    jobs: bool


class RowsRead(Struct, frozen=True):
    """So many rows were read, from so many shards."""

    rows: int
    shards: int


class Prepared(Struct, frozen=True):
    """The rows are a batch in hand."""


class Reserved(Struct, frozen=True):
    """A slot was reserved, unless the line is `paused` or there is none before `until` (monotonic seconds)."""

    paused: bool = False
    until: float | None = None


class Gathered(Struct, frozen=True):
    """`decision`: send now, wait a moment, or leave the rows to another drain. `adopted`: shards were adopted."""

    decision: Literal["go", "wait", "leave"]
    adopted: bool


class Sent(Struct, frozen=True):
    """The call was started; not if its batch no longer fitted (`stale`)."""

    stale: bool = False


class Trouble(Struct, frozen=True):
    """A batch of `size` customers failed as any call may. `calls`: what became of others."""

    calls: Calls
    flight: Flight
    size: int


class Returned(Struct, frozen=True):
    """A call came back, with `error` if it failed. `code`: that of `LineDown`, "" for any other error. `trouble`: set
    if the rates of failures decide what comes of it. `unreachable`: Redis hangs."""

    error: BaseException | None = None
    code: str = ""
    unreachable: bool = False
    trouble: Trouble | None = None


class Waited(Struct, frozen=True):
    """No call came back in time."""


class Settled(Struct, frozen=True):
    """Whether an entry was settled, and the `error` that kept others from it. `unreachable`: Redis hangs."""

    any: bool
    error: BaseException | None = None
    unreachable: bool = False


class Failed(Struct, frozen=True):
    """The action raised `error`. `unreachable`: Redis hangs. `calls`: set if the rates of failures decide what comes of
    it."""

    error: BaseException
    unreachable: bool = False
    calls: Calls | None = None


Landed = (
    Admitted | Looked | RowsRead | Prepared | Reserved | Gathered | Sent | Returned | Waited | Settled | Failed
)  # fmt: skip
"""What an action brought."""
