"""One call on its way to HubSpot, in a thread of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from workers.flow.lease import Lease
from workers.hubspot.budget import RESERVED
from workers.hubspot.transport import FENCE
from workers.rules.batch import Batch
from workers.rules.lead import Group
from workers.sync.writer import Writer, write


@dataclass(frozen=True, slots=True)
class Flight:
    """`batches`: by shard. `slots` are for its first requests, and free again if it makes none. `made_at`: when it was
    decided what to write (monotonic seconds)."""

    batches: Mapping[int, Batch]
    writer: Writer
    slots: list[str]
    made_at: float

    @property
    def groups(self) -> list[Group]:
        return [group for batch in self.batches.values() for group in batch.groups]


def fly(lease: Lease, flight: Flight) -> None:
    """Write the batch; raises what is no fault of the leads."""
    FENCE.set(lease.check)
    RESERVED.set(flight.slots)
    try:
        write(flight.writer, flight.groups)
    finally:
        flight.writer.hubspot.budget.give_back(flight.slots)
