"""The associations between records, kept both ways."""

from collections.abc import Iterator

from sandbox.hubspot.object_types import OBJECT_TYPES, ObjectType
from sandbox.hubspot.problems import Problem, validation

# HubSpot's own type of each pair, one way and back. Source: its Python client's AssociationType, and for orders and
# carts its list of association types. Of a note and an order none is public: it has to be read from the portal.
_PAIRS = {
    ("deals", "contacts"): (3, 4),
    ("deals", "line_items"): (19, 20),
    ("notes", "contacts"): (202, 201),
    ("notes", "deals"): (214, 213),
    ("notes", "orders"): (1251, 1250),
    ("notes", "carts"): (1253, 1252),
    ("orders", "contacts"): (507, 508),
    ("orders", "line_items"): (513, 514),
    ("orders", "deals"): (512, 511),
    ("carts", "contacts"): (586, 587),
    ("carts", "line_items"): (590, 591),
}
_TYPES = {
    **{pair: there for pair, (there, _) in _PAIRS.items()},
    **{(pair[1], pair[0]): back for pair, (_, back) in _PAIRS.items()},
}
_BACK = {there: back for pair in _PAIRS.values() for there, back in (pair, pair[::-1])}
_TARGETS = {(start, own): end for (start, end), own in _TYPES.items()}
_BY_NAME = {each.name: each for each in OBJECT_TYPES}
# Name of an object type, and id.
End = tuple[str, int]


def type_of(origin: ObjectType, target: ObjectType) -> int:
    """The id of HubSpot's own association type; raises `Problem` for a pair without one."""
    found = _TYPES.get((origin.name, target.name))
    if found is None:
        raise validation(f"There is no default association from {origin.word} to {target.word}.")
    return found


def target_of(origin: ObjectType, association_type: int) -> ObjectType:
    """What an association type links `origin` to; raises `Problem` where it begins at another type."""
    found = _TARGETS.get((origin.name, association_type))
    if found is None:
        raise validation(f"The association type {association_type} does not begin at {origin.word}.")
    return _BY_NAME[found]


def type_name(origin: ObjectType, target: ObjectType) -> str:
    """What a read of a record calls its associations with records of another type."""
    return f"{origin.singular}_to_{target.singular}"


class Links:
    """Not thread-safe: the caller holds the portal's lock."""

    def __init__(self) -> None:
        self._ends: dict[End, dict[End, set[int]]] = {}

    def add(self, start: End, end: End, types: frozenset[int]) -> None:
        self._ends.setdefault(start, {}).setdefault(end, set()).update(types)
        back = {_BACK[one] for one in types if one in _BACK}
        self._ends.setdefault(end, {}).setdefault(start, set()).update(back)

    def remove(self, start: End, end: End) -> None:
        for one, other in ((start, end), (end, start)):
            self._ends.get(one, {}).pop(other, None)

    def of(self, start: End, target: str) -> dict[int, set[int]]:
        """Ids of the records of the type `target` -> the ids of the association types, in the order of linking."""
        return {number: types for (name, number), types in self._ends.get(start, {}).items() if name == target}

    def each(self) -> Iterator[tuple[End, End, set[int]]]:
        """Every association, once from each of its ends."""
        for start, ends in self._ends.items():
            for end, types in ends.items():
                yield start, end, types

    def detach(self, start: End) -> dict[End, set[int]]:
        """Remove all of a record's; returns them."""
        found = self._ends.pop(start, {})
        for other in found:
            self._ends[other].pop(start, None)
        return found

    def clear(self) -> None:
        self._ends.clear()


def already_a_child(line_id: int) -> Problem:
    """A line item has one parent. HubSpot's own body is not public."""
    return validation(
        f"LINE_ITEM {line_id} is already associated with another record.", context={"ids": [str(line_id)]}
    )
