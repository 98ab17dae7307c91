"""Pure: which values of an order or of a line are left out where HubSpot refuses some, so that the rest is written."""

from collections.abc import Collection, Mapping

from workers.rules.orders.property_names import ESSENTIAL

KEPT = frozenset({*ESSENTIAL, "order_id"})
"""What an order is never written without."""
KEPT_OF_LINES = frozenset({"line_id", "currency", "price", "count"})
"""What a line is never written without."""
# By these an order is found again, and called: not left out on mere suspicion, but for the name at last.
_FOUND_BY = frozenset({"name", "customer", "references"})


def find_dropped(
    sent: Collection[str], refused: Collection[str], names: Mapping[str, str], kept: frozenset[str]
) -> frozenset[str]:
    """Which of the values `sent` are left out of the next write, by our names. `refused`: HubSpot's names of what it
    refuses; where it names nothing that was sent, all that is not needed is under suspicion. Empty if nothing helps:
    what is `kept` is refused, or nothing else is left."""
    named = {name for name in names if names[name] in refused}
    if named & kept:
        return frozenset()
    free = frozenset(sent) - kept
    return free & named or free - _FOUND_BY or free & {"name"}


def describe_line(dropped: Collection[str]) -> set[str]:
    """How the dropped values of a line are called among those of its order."""
    return {f"line {name}" for name in dropped}
