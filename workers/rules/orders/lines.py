"""Pure: the line items of an order whose cart changed: those with our key follow the cart, those of a person stay."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from workers.rules.field_clock import Digest
from workers.rules.orders.property_names import DISCOUNTS, LINE_ID, LINE_NAMES
from workers.rules.orders.record import Line
from workers.rules.orders.said import Item

NUMBERS = frozenset({"price", "count", "total", "subtotal", "shipping"})


class SeenLine(Struct, frozen=True):
    """A line item as HubSpot has it. `key`: ours, "" for one that a person made."""

    id: str
    key: str
    properties: Mapping[str, str]


class LineWrite(Struct, frozen=True):
    """`id`: "" for one that is made. `values`: by our names, what of it is sent."""

    key: str
    id: str
    values: Mapping[str, str]


class LinePlan(Struct, frozen=True):
    """`gone`: ids of line items that are archived once the others are written. `lines`: the order's lines once all is
    written. `edited`: a person changed a line, gave a discount or added a line, so the total is theirs."""

    writes: tuple[LineWrite, ...]
    gone: tuple[str, ...]
    lines: Mapping[str, Line]
    edited: bool = False


def line_key(reference: str, item: Item) -> str:
    """The unique key of the line of the order `reference`."""
    return f"{reference}/{item.key}"


def read_line(id: str, properties: Mapping[str, str]) -> SeenLine:
    """The line item that HubSpot describes."""
    return SeenLine(id, properties.get(LINE_ID) or "", properties)


def plan_lines(
    reference: str,
    items: Sequence[Item],
    known: Mapping[str, Line],
    seen: Sequence[SeenLine],
    currency: str,
    digest: Digest,
) -> LinePlan:
    """What makes `items` the lines of the order. `known`: what we sent before; `seen`: all line items of the order."""
    ours = {line.key: line for line in seen if line.key.startswith(f"{reference}/")}
    writes: list[LineWrite] = []
    after: dict[str, Line] = {}
    edited = any(line.key not in ours or any(line.properties.get(name) for name in DISCOUNTS) for line in seen)
    for item in items:
        key = line_key(reference, item)
        values = {"name": item.name or item.code, "code": item.code, "price": item.price, "count": item.count}
        digests = {name: frozenset([digest(name, value)]) for name, value in values.items()}
        before, there = known.get(key, Line()), ours.get(key)
        if there is None:
            given = {name: value for name, value in values.items() if value}
            writes.append(LineWrite(key, "", {"line_id": key, "currency": currency, **given}))
            after[key] = Line("", digests)
            continue
        changed: dict[str, str] = {}
        for name, value in values.items():
            now = plain_value(name, there.properties.get(LINE_NAMES[name]) or "")
            if now != value:
                is_ours = not before.sent or before.may_have(name, digest(name, now))
                edited |= not is_ours and name in ("price", "count")
                # A person's value stays until the customer says another one than before.
                if is_ours or not before.may_have(name, digest(name, value)):
                    changed[name] = value
        if changed:
            writes.append(LineWrite(key, there.id, changed))
        after[key] = Line(there.id, digests)
    gone = tuple(line.id for key, line in ours.items() if key not in after)
    return LinePlan(tuple(writes), gone, after, edited)


def attempted_lines(before: Mapping[str, Line], plan: LinePlan) -> dict[str, Line]:
    """The lines while they are written: each value may be the one before or the one after."""
    keys = before.keys() | plan.lines.keys()
    return {key: _merge(before.get(key, Line()), plan.lines.get(key, Line())) for key in sorted(keys)}


def _merge(before: Line, after: Line) -> Line:
    names = before.sent.keys() | after.sent.keys()
    sent = {name: before.sent.get(name, frozenset()) | after.sent.get(name, frozenset()) for name in sorted(names)}
    return Line(after.id or before.id, sent)


def plain_value(name: str, value: str) -> str:
    """HubSpot's value as we write it: its numbers have decimals that we did not send, 2.0 for 2."""
    if name not in NUMBERS or "." not in value:
        return value
    return value.rstrip("0").rstrip(".")


def is_same_cart(items: Sequence[Item], reference: str, seen: Sequence[SeenLine]) -> bool:
    """Whether our lines of the order are these items, where Redis does not know its cart any more."""
    ours = {line.key: line for line in seen if line.key.startswith(f"{reference}/")}
    return ours.keys() == {line_key(reference, item) for item in items} and all(
        plain_value(name, ours[line_key(reference, item)].properties.get(LINE_NAMES[name]) or "") == getattr(item, name)
        for item in items
        for name in ("price", "count")
    )
