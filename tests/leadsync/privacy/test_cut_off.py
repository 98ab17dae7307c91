"""`leadsync forget` that is cut off, by Ctrl-C or the loss of Redis, and repeated."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.connection import Connection

from leadcore.config import Inbox
from leadcore.event import encode
from leadcore.machine import Machine
from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.outgoing import Outgoing, outgoing
from leadcore.store.streams import Stream, pack_fields
from leadsync.privacy.customer_data import CustomerData
from leadsync.privacy.forget import Forgetting
from receiver.intake.spool import Spool
from tests.conftest import SHARDS
from tests.redis_content import find_keys
from workers.rules.customer import Customer
from workers.rules.customer import pack as pack_customer
from workers.rules.delivery import store_unsent
from workers.rules.orders.record import CustomerOrders, Order
from workers.rules.orders.record import pack as pack_orders

KEY = b"key"
CUSTOMER = "customer-of-the-test"
MINE = keys.digest(KEY, CUSTOMER)
SHARD = keys.shard_of(CUSTOMER, SHARDS)
# What says that somebody was forgotten, without saying who to those who do not ask for them.
STAYS = {keys.forgotten(MINE), keys.customer(MINE), keys.ACTIONS}


class Cut(BaseException):
    """As Ctrl-C comes."""


class CutConnection(Connection):
    """One that is cut off once, before its command number `at` of those that change something."""

    at, sent = -1, 0

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        packed = command if isinstance(command, bytes) else b"".join(command)
        CutConnection.sent += any(name in packed for name in (b"EVALSHA", b"DEL", b"REM"))
        if CutConnection.sent == CutConnection.at:
            CutConnection.at = -1
            raise Cut
        super().send_packed_command(command, check_health)


@pytest.fixture(scope="module")
def url(databases: Iterator[str]) -> str:
    return next(databases)


@pytest.fixture
def database(url: str) -> Iterator[Any]:
    with closing(redis.Redis.from_url(url)) as connection:
        connection.flushdb()
        yield connection


def fill(database: Any) -> None:
    """Let something of the customer be wherever it can be kept or wait."""
    body = encode({"customer_id": CUSTOMER, "mid": "m", "intent": "i", "contact_info": {"name": "Ann Lee"}})
    entry = {b"e": b"one", b"b": body, b"v": b"1-1"}
    message = {b"e": b"two", b"c": encode({"id": CUSTOMER}), b"t": b'"Hello Ann Lee"'}
    commands: list[Sequence[Any]] = []
    for lead in ("one", "two"):
        receipt = pack(customer_id=CUSTOMER, received_ms=1, state="created", contact_id="7")
        commands += [("HSET", keys.receipt(lead), *receipt), ("XADD", keys.LEADS, "*", "e", lead)]
    for line in (keys.INBOX, keys.ORDERS, keys.NOTES):
        fields = [part for pair in entry.items() for part in pair]
        commands.append(("XADD", keys.entries(line, SHARD), "*", *fields))
        commands.append(("ZADD", keys.later(line, SHARD), 9e15, pack_fields(entry)))
    for of, index in ((keys.parked, keys.PARKED), (keys.parked_order, keys.PARKED_ORDERS)):
        commands += [("SET", of("one"), pack_fields(entry)), ("ZADD", index, 1, "one")]
    order = Order("REF00001", ("REF00001",), id="9")
    commands += [
        *store_unsent(message, 1),
        *store_unsent({**message, b"e": b"say:y"}, 1),
        outgoing(Outgoing("say:x", CUSTOMER, ["Hello Ann Lee"]), SHARDS),
        ("SADD", keys.email("email"), MINE, "another"),
        ("SET", keys.customer(MINE), pack_customer(Customer(contact_id="7"))),
        ("SET", keys.ordered(MINE), pack_orders(CustomerOrders((order,)))),
        ("HSET", keys.order("REF00001"), "customer", f'"{CUSTOMER}"'),
        ("HSET", keys.order("REF00002"), "cart_of", MINE),
        ("SET", keys.newest_cart(MINE), "1 REF00002 100 REF00001"),
        ("HSET", keys.MATCHES, MINE, "7 1"),
    ]
    Stream(database).apply(commands)


def forget(url: str, folder: Path, at: int = -1) -> None:
    CutConnection.at, CutConnection.sent = at, 0
    pool = redis.ConnectionPool.from_url(url, connection_class=CutConnection)
    connection = redis.Redis.from_pool(pool)
    with closing(Spool(folder, Machine())) as spool, closing(connection), closing(redis.Redis.from_url(url)) as beat:
        data = CustomerData(connection, Inbox(), KEY, CUSTOMER)
        Forgetting(data, beat, Inbox(), spool, "test").run(None)


def left(database: Any) -> set[str]:
    """The keys that are named after one of the customer's leads or orders, or hold something of them."""
    words = (CUSTOMER.encode(), MINE.encode(), b"Ann Lee", b"REF0000", b":one", b":two", b"message:say:x")
    return {*find_keys(database, *words)} - STAYS


def test_what_was_cut_off_before_any_of_its_commands_is_finished_by_repeating_it(
    database: Any, url: str, tmp_path: Path
) -> None:
    for at in itertools.count(1):
        database.flushdb()
        fill(database)
        with suppress(Cut):
            forget(url, tmp_path, at)
        if CutConnection.sent < at:
            break
        for name in database.keys("*:lock"):
            database.delete(name)
        forget(url, tmp_path)
        assert left(database) == set(), f"cut off before command {at}"
        assert database.smembers(keys.email("email")) == {b"another"}
    assert at > 20
