"""What Redis knows of customers' orders, loaded for a batch in one round trip."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from leadcore.store import keys, scripts
from leadcore.store.connection import Redis
from leadcore.store.lua import DEL_FIRST
from leadcore.store.orders import OrderState, change_orders, read_orders
from leadcore.store.streams import Stream
from workers.flow.errors import LostLease
from workers.flow.lease import Lease
from workers.rules.customer import guard, unpack
from workers.rules.orders.record import NO_ORDERS, CustomerOrders
from workers.rules.orders.record import pack as pack_orders
from workers.rules.orders.record import unpack as unpack_orders
from workers.sync.customer_store import CustomerStore

ALL_KNOWN, SOME_FORGOTTEN = "intact", "restored"
_TAKE_TURNS = (
    """
-- Returns the number of the last of `count` turns, also in a full Redis: the orders that wait are what fills it.
local turns, count = KEYS[1], ARGV[1]
"""
    + DEL_FIRST
    + """
return redis.call('INCRBY', turns, count)
"""
)
# The search index lags behind writes by up to 30 s.
SEARCH_LAG_MS = 60_000


class Known(Struct):
    """What is known of a customer. `record`: of their orders, as stored; `orders`: what stands in it, or was found in
    HubSpot since (`searched`). `forgotten_ms`: up to when they are forgotten, -1 if they are not."""

    customer_id: str
    record_key: str
    record: bytes | None
    contact_id: str
    forgotten_ms: int
    orders: CustomerOrders = NO_ORDERS
    searched: bool = False


class OrderStore:
    """Over one Redis connection. Every method raises redis-py's errors."""

    def __init__(self, connection: Redis, customers: CustomerStore) -> None:
        self.redis, self.customers = connection, customers
        self.stream = Stream(connection, keys.ORDERS)
        self._mark = connection.register_script(scripts.MARK)
        self._take_turns = connection.register_script(_TAKE_TURNS)

    def load(self, customer_ids: Sequence[str]) -> dict[str, Known]:
        """What is known of each customer."""
        key = self.customers.use_key()
        digests = [keys.digest(key, customer_id) for customer_id in customer_ids]
        names = [name(digest) for digest in digests for name in (keys.ordered, keys.customer, keys.forgotten)]
        stored = self.redis.mget(names) if names else []
        found: dict[str, Known] = {}
        for at, (customer_id, digest) in enumerate(zip(customer_ids, digests, strict=True)):
            record, customer, tombstone = stored[3 * at : 3 * at + 3]
            found[customer_id] = Known(
                customer_id=customer_id,
                record_key=keys.ordered(digest),
                record=record,
                contact_id=unpack(customer).contact_id,
                forgotten_ms=int(tombstone.split()[0]) if tombstone else -1,
                orders=unpack_orders(record),
            )
        return found

    def mark_attempts(self, attempts: Mapping[str, tuple[Known, CustomerOrders]], lease: Lease) -> None:
        """Store what each customer's orders may be while they are written, so that a lost answer is recognised. Raises
        `LostLease` if the lock was lost or a record has changed."""
        arguments: list[str | bytes] = [lease.token]
        for known, orders in attempts.values():
            packed = pack_orders(orders)
            arguments += [known.record_key, guard(known.record), packed]
            known.record, known.orders = packed, unpack_orders(packed)
        if attempts and not self._mark(keys=lease.locks, args=arguments):
            raise LostLease(lease.locks)

    def read_states(self, references: Iterable[str]) -> dict[str, OrderState]:
        """What payments know of the orders, by reference."""
        return read_orders(self.redis, list(dict.fromkeys(references)))

    def change(self, changes: Mapping[str, tuple[int, Mapping[str, Any]]]) -> set[str]:
        """See `leadcore.store.orders.change_orders`."""
        return change_orders(self.redis, changes)

    def next_owners(self, count: int, owners: Sequence[str]) -> list[str]:
        """The owners whose turn it is, for `count` orders."""
        if not owners or not count:
            return [""] * count
        last = int(self._take_turns(keys=[keys.ORDER_OWNERS], args=[count]))
        return [owners[(last - count + at) % len(owners)] for at in range(count)]

    def now_ms(self) -> int:
        """Redis' clock."""
        seconds, micros = self.redis.time()
        return int(seconds * 1000 + micros // 1000)

    def read_marker(self) -> str:
        """Whether Redis knows every order of ours (`ALL_KNOWN`), or HubSpot may have others (`SOME_FORGOTTEN`); else
        since when it cannot tell, in ms, "" if nobody has asked yet."""
        return (self.redis.get(keys.ORDERS_STORE) or b"").decode()

    def begin_marker(self, marker: str) -> str:
        """Set it where Redis has none yet; the one that stands then, which may be another worker's."""
        self.stream.apply([("SET", keys.ORDERS_STORE, marker, "NX")])
        return self.read_marker()

    def end_wait(self) -> None:
        """Set it to `SOME_FORGOTTEN`, unless Redis was lost again meanwhile."""
        self.stream.apply([("SET", keys.ORDERS_STORE, SOME_FORGOTTEN, "XX")])
