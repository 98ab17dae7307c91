"""Pure: what Redis keeps of a customer's orders, and how: values are digests, but for ids and references."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from workers.rules.customer import Stamp

KEPT = 5
"""So many orders of a customer are kept; older ones are HubSpot's alone."""
MAX_REFERENCES = 50
_FORMAT = 1


class Line(Struct, frozen=True, array_like=True):
    """A line item: its id in HubSpot, "" until it is known, and the digests of what a write of ours may have left there
    (by property: one, or more where the answer of a write was lost)."""

    id: str = ""
    sent: Mapping[str, frozenset[bytes]] = {}

    def may_have(self, name: str, digest: bytes) -> bool:
        """Whether a value with this digest is, or may be, our own."""
        return digest in self.sent.get(name, ())


class Order(Struct, frozen=True, array_like=True):
    """`reference`: its key in HubSpot; `references`: all that it was ever called, this one included, oldest first.
    `id`: its id in HubSpot, "" until that is known. `attempted`: a write that creates it was started. `cart`: the
    digest of its cart, b"" where only HubSpot knows; `cart_version`: the version of the event that said it.
    `changed_ms`: when we last changed it. `clock`: see `workers.rules.field_clock`, by our own names. `lines`: by their
    key."""

    reference: str
    references: tuple[str, ...]
    id: str = ""
    attempted: bool = False
    cart: bytes = b""
    cart_version: int = 0
    changed_ms: int = 0
    clock: Mapping[str, Stamp] = {}
    lines: Mapping[str, Line] = {}


class CustomerOrders(Struct, frozen=True):
    """`orders`: oldest first. `revision`: see `workers.rules.customer.guard`."""

    orders: tuple[Order, ...] = ()
    revision: int = 0

    @property
    def newest(self) -> Order | None:
        return self.orders[-1] if self.orders else None

    def find(self, reference: str) -> Order | None:
        """The order that was ever called `reference`."""
        return next((order for order in self.orders if reference in order.references), None)

    def find_begun(self, version: int) -> Order | None:
        """The order that the event of this version began, and that is not finished."""
        return next((order for order in self.orders if order.attempted and order.cart_version == version), None)

    def with_order(self, order: Order) -> "CustomerOrders":
        """With `order` in the place of the one with its reference, or as the newest."""
        order = msgspec.structs.replace(order, references=order.references[-MAX_REFERENCES:])
        if any(one.reference == order.reference for one in self.orders):
            after = tuple(order if one.reference == order.reference else one for one in self.orders)
        else:
            after = (*self.orders, order)[-KEPT:]
        return msgspec.structs.replace(self, orders=after)

    def with_forgotten(self, order: Order, version: int) -> "CustomerOrders":
        """With `order` as well, whose event has this version: the newest stays the newest if its cart is newer."""
        after, newest = self.with_order(order), self.newest
        if newest is None or newest.cart_version < version or after.newest is newest:
            return after
        return msgspec.structs.replace(after, orders=(*after.orders[:-2], after.orders[-1], newest))


NO_ORDERS = CustomerOrders()
_ENCODE = msgspec.msgpack.Encoder(order="sorted").encode
_DECODE = msgspec.msgpack.Decoder(tuple[Order, ...]).decode


def pack(record: CustomerOrders) -> bytes:
    """The record to store, with the next revision."""
    return ((record.revision + 1) & 0xFFFFFFFF).to_bytes(4, "big") + bytes([_FORMAT]) + _ENCODE(record.orders)


def unpack(stored: bytes | None) -> CustomerOrders:
    """The record in `stored`; without orders if there is none or its format is newer than this program."""
    if not stored:
        return NO_ORDERS
    revision = int.from_bytes(stored[:4], "big")
    if stored[4:5] != bytes([_FORMAT]):
        return CustomerOrders(revision=revision)
    return CustomerOrders(_DECODE(stored[5:]), revision)
