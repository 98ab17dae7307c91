"""One call on its way to HubSpot, in a thread of its own."""

from dataclasses import dataclass

from workers.batch import Batch
from workers.budget import RESERVED
from workers.lease import FENCE, Lease
from workers.writer import Writer, write


@dataclass(frozen=True, slots=True)
class Flight:
    """`slots` are for its first requests, and free again if it makes none."""

    batch: Batch
    writer: Writer
    slots: list[str]


def fly(lease: Lease, flight: Flight) -> None:
    """Write the batch; raises what is no fault of the leads."""
    FENCE.set(lease.check)
    RESERVED.set(flight.slots)
    try:
        write(flight.writer, flight.batch.groups)
    finally:
        flight.writer.hubspot.budget.give_back(flight.slots)
