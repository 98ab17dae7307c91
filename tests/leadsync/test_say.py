"""`leadsync say`, and what the other commands tell of its messages."""

import json
from collections.abc import Callable

import pytest

from leadcore.store import keys
from tests.conftest import SHARDS, Line
from tests.leadsync.conftest import call
from workers.rules.customer import Customer, pack
from workers.rules.delivery import finish, put_off

ONE = "c-1"


@pytest.fixture
def idle(spare_line: Callable[..., Line]) -> Line:
    return spare_line()


def say(line: Line, *words: str) -> str:
    done = call(line, "say", ONE, *words, "--json")
    assert done.exit_code == 0, done.output
    return str(json.loads(done.stdout)["id"])


def stream() -> str:
    return keys.entries(keys.OUTBOX, shard())


def shard() -> int:
    return keys.shard_of(ONE, SHARDS)


def test_say_puts_texts_into_the_outbox_once_for_each_key(idle: Line) -> None:
    first = say(idle, "Thank you", "See you", "--key", "k", "--urgent")
    assert say(idle, "Thank you", "See you", "--key", "k", "--urgent") == first
    [(_, fields)] = idle.redis.xrange(stream())
    assert json.loads(fields[b"t"]) == ["Thank you", "See you"]
    other = call(idle, "say", ONE, "Thanks", "--key", "k")
    assert (other.exit_code, "--key" in other.output) == (2, True)
    assert say(idle, "Thank you") != say(idle, "Thank you"), "without a key each is another one"


@pytest.mark.parametrize(
    ("customer", "numeric", "given"),
    [("123", True, 123), ("123", False, "123"), ("0123", True, "0123"), ("12.5", True, 12.5), ("true", True, "true")],
)
def test_the_id_is_given_to_dealdroid_as_dealdroid_gave_it(
    idle: Line, customer: str, numeric: bool, given: str | float
) -> None:
    """123 is not "123"."""
    idle.redis.set(keys.SECRET, b"k")
    idle.redis.set(keys.customer(keys.digest(b"k", customer)), pack(Customer(numeric=numeric)))
    assert call(idle, "say", customer, "Hello").exit_code == 0
    [(_, fields)] = idle.redis.xrange(keys.entries(keys.OUTBOX, keys.shard_of(customer, SHARDS)))
    found = json.loads(fields[b"c"])["id"]
    assert (found, type(found)) == (given, type(given))


@pytest.mark.parametrize("words", [[], [" "], ["x"] * 6, ["ก" * 2001]])
def test_what_cannot_be_sent_is_refused(idle: Line, words: list[str]) -> None:
    assert call(idle, "say", ONE, *words).exit_code == 2
    assert not idle.redis.xlen(stream())


def test_long_texts_are_warned_of(idle: Line) -> None:
    done = call(idle, "say", ONE, "ก" * 1001)
    assert (done.exit_code, "1,000" in done.stderr) == (0, True)


def test_without_redis_say_fails_in_one_line(idle: Line) -> None:
    done = call(idle, "say", ONE, "Thank you", REDIS_URL="redis://127.0.0.1:1/0")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)


def test_a_message_that_was_not_sent_is_shown_exported_retried_and_forgotten(idle: Line) -> None:
    message_id = say(idle, "It is on its way")
    [(entry, fields)] = idle.redis.xrange(stream())
    idle.redis.xdel(stream(), entry)
    for command in finish(shard(), entry, fields, "failed: window_over", 1_772_000_000_000, store=True):
        idle.redis.execute_command(*command)
    shown = json.loads(call(idle, "lead", message_id, "--json").stdout)
    assert shown["message"] == "failed: the customer was last heard longer ago than window_hours"
    assert (shown["state"], shown["flaws"]) == ("", ["message failed"])
    [cause] = json.loads(call(idle, "parked", "--json").stdout)
    assert cause["leads"] == [message_id]
    assert json.loads(call(idle, "retry", message_id, "--json").stdout)["retried"] == [message_id]
    [(entry, fields)] = idle.redis.xrange(stream())
    assert (fields[b"k"], json.loads(fields[b"t"])) == (b"retry", "It is on its way")
    for command in put_off(shard(), entry, fields, 10**14, "waiting: behind_another", 1_772_000_000_000):
        idle.redis.execute_command(*command)
    exported = json.loads(call(idle, "export", ONE, "--json").stdout)
    [record] = exported["message_records"]
    assert (record["id"], record["state"], record["messages"]) == (message_id, "waiting", 1)
    assert [one["text"] for one in exported["messages"]] == ["It is on its way"] * 2
    assert [one["c"] for one in exported["actions"]] == ["retry"]
    neighbour = json.loads(call(idle, "say", "neighbour", "Hello", "--json").stdout)["id"]
    removed = json.loads(call(idle, "forget", ONE, "--yes", "--json").stdout)["removed"]
    assert (removed["messages"], removed["receipts"]) == (2, 1)
    assert json.loads(call(idle, "export", ONE, "--json").stdout)["message_records"] == []
    assert not idle.redis.exists(keys.message(message_id), keys.places(shard()), keys.later(keys.OUTBOX, shard()))
    assert idle.redis.zrange(keys.MESSAGES, 0, -1) == [neighbour.encode()]
    assert idle.redis.exists(keys.message(neighbour))
