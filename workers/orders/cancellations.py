"""Tells who wants to know that a person has cancelled an order in HubSpot, and lets the links of cancelled orders ask
for nothing: `workers.orders.stages` finds them."""

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from leadcore.config import Config
from leadcore.event import identity
from leadcore.events import Event, Events
from leadcore.fields import RECEIPT
from leadcore.orders.money import from_units
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.lua import DEL_FIRST
from leadcore.store.orders import OrderState, call_off, read_orders, reopen
from workers.flow.errors import LostLease
from workers.rules.customer import unpack
from workers.rules.orders.property_names import NAMES
from workers.rules.orders.settlement import read_units
from workers.rules.orders.stages import Standing
from workers.sync.customer_store import CustomerStore

log = structlog.get_logger("leadsync.stages")

_TELL = (
    """
-- Returns 1, 0 if this move was told of before, or -1 if the lock was lost. ARGV from 4 on, per command: how many
-- words it has, and they.
local told, lock = unpack(KEYS)
local move, moved_ms, token = unpack(ARGV, 1, 3)
"""
    + DEL_FIRST
    + """
if redis.call('GET', lock) ~= token then return -1 end
if redis.call('ZSCORE', told, move) then return 0 end
local at = 4
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, last))
  at = last + 1
end
-- The mark comes last: a script that fails half-way keeps what it did.
redis.call('ZADD', told, moved_ms, move)
return 1
"""
)


class Cancellations:
    """Of one poller, whose `token` and `apply` they are. `kind`: of the records that are orders."""

    def __init__(
        self,
        connection: Redis,
        kind: str,
        config: Config,
        customers: CustomerStore,
        token: str,
        apply: Callable[[Sequence[Sequence[Any]]], None],
        events: Events,
    ) -> None:
        self.redis, self.kind, self.config, self.customers, self.events = connection, kind, config, customers, events
        self.token, self.apply, self._tell = token, apply, connection.register_script(_TELL)

    def read_closed(self) -> set[str]:
        """The ids of the orders whose links ask for nothing because they are in the stage of cancelled ones."""
        return {id.decode() for id in self.redis.zrange(keys.STAGES_CLOSED, 0, -1)}

    def close_links(self, orders: Sequence[Standing], stage: str, read_ms: int) -> None:
        """Let the links of those that are in `stage`, of cancelled ones, ask for nothing, and those of others that were
        there ask again, unless their customers cancelled them after they were read, at `read_ms` or later. Raises
        `LostLease` and redis-py's errors."""
        known = self.redis.zmscore(keys.STAGES_CLOSED, [order.id for order in orders]) if orders else []
        commands: list[Sequence[Any]] = []
        for order, closed_ms in zip(orders, known, strict=True):
            if order.reference and order.stage == stage and closed_ms is None:
                commands += [*call_off(order.reference), ("ZADD", keys.STAGES_CLOSED, read_ms, order.id)]
            elif order.reference and order.stage != stage and closed_ms is not None and closed_ms <= read_ms:
                commands += [*reopen(order.reference), ("ZREM", keys.STAGES_CLOSED, order.id)]
        self.apply(commands)

    def tell(self, orders: Sequence[Standing]) -> None:
        """Let it be known that these orders are cancelled, once for each move. Raises `LostLease` and redis-py's
        errors."""
        if not orders:
            return
        states = read_orders(self.redis, [order.reference for order in orders])
        for order in orders:
            state = states[order.reference]
            customer = "" if order.customer is None else identity(order.customer)
            digest = keys.digest(self.customers.use_key(), customer)
            record, tombstone = self.redis.mget(keys.customer(digest), keys.forgotten(digest))
            if tombstone and order.created_ms <= int(tombstone.split()[0]):
                continue
            event = self._make_event(order, state, unpack(record).contact_id)
            flat: list[Any] = []
            for command in self.events.effects(event, keys.shard_of(customer, self.config.inbox.shards)):
                flat += (len(command), *command)
            move = f"{order.id}:{order.moved_ms}"
            names = [keys.STAGES_CANCELLED, keys.STAGES_LOCK]
            told = self._tell(keys=names, args=[move, order.moved_ms, self.token, *flat])
            if told < 0:
                raise LostLease([keys.STAGES_LOCK])
            if told:
                log.info("stage.cancelled", order=order.id)

    def _make_event(self, order: Standing, state: OrderState, contact_id: str) -> Event:
        currency = state.currency or (self.config.orders.currency if self.config.orders else "")
        units = read_units(order.properties.get(NAMES[self.kind]["total"], ""), currency)
        intent = self.redis.hget(keys.receipt(state.lead), RECEIPT["intent"]) if state.lead else None
        data = {
            "order": order.id,
            "order_ref": order.reference,
            "contact_id": contact_id,
            "intent": (intent or b"").decode("utf-8", "replace"),
            "amount": f"{from_units(units, currency):,}" if units else "",
            "currency": currency,
            "state": "cancelled",
        }
        once = f"{order.id} {order.moved_ms}"
        return Event("order.cancelled", order.customer, state.lead, data, once=once)
