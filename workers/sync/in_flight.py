"""One write call to HubSpot; it runs in a thread of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.flow.lease import Lease
from workers.flow.request_context import checked
from workers.rules.batch import Batch
from workers.rules.breaker import Flight
from workers.rules.lead import CustomerBatch
from workers.sync.writer import Writer, write_groups


@dataclass(frozen=True, slots=True)
class WriteCall:
    """`batches`: by shard. `slots`: budget slots reserved for its first requests; unused ones are given back.
    `prepared_at`: monotonic seconds at which it was decided what to write. `flight`: how often it was sent before."""

    batches: Mapping[int, Batch]
    writer: Writer
    slots: list[str]
    prepared_at: float
    flight: Flight = field(default_factory=Flight)

    @property
    def groups(self) -> list[CustomerBatch]:
        return [group for batch in self.batches.values() for group in batch.groups]


def send_call(lease: Lease, call: WriteCall) -> None:
    """Write the batches. Raises only what the leads did not cause (see `workers.sync.writer.OUTSIDE`)."""
    try:
        with checked(lease.check, call.slots, call.flight):
            write_groups(call.writer, call.groups)
    finally:
        call.writer.hubspot.budget.release(call.slots)
