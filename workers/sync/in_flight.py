"""One call on its way to HubSpot, in a thread of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from workers.flow.lease import Lease
from workers.hubspot.budget import RESERVED
from workers.hubspot.transport import FENCE
from workers.rules.batch import Batch
from workers.rules.lead import CustomerBatch
from workers.sync.writer import Writer, write


@dataclass(frozen=True, slots=True)
class Call:
    """`batches`: by shard. `slots` are for its first requests, and free again if it makes none. `made_at`: when it was
    decided what to write (monotonic seconds)."""

    batches: Mapping[int, Batch]
    writer: Writer
    slots: list[str]
    made_at: float

    @property
    def groups(self) -> list[CustomerBatch]:
        return [group for batch in self.batches.values() for group in batch.groups]


def send(lease: Lease, call: Call) -> None:
    """Write the batch; raises what is no fault of the leads."""
    FENCE.set(lease.check)
    RESERVED.set(call.slots)
    try:
        write(call.writer, call.groups)
    finally:
        call.writer.hubspot.budget.give_back(call.slots)
