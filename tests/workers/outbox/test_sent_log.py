"""A message that Redis forgot is not said again."""

import os
from pathlib import Path

import redis

from sandbox.redis import start
from workers.outbox.sent_log import SentLog, message_key
from workers.rules.delivery import NOT_DELIVERED

RETURNED = {b"e": b"back", b"c": b'{"id":"c-9"}', b"t": b'"Thank you!"'}
MESSAGE = {b"e": b"lead", b"c": b'{"id":"c-1"}', b"t": b'"Thank you!"'}


def test_a_redis_that_restarted_is_told_what_was_sent(tmp_path: Path) -> None:
    told = SentLog()
    with start(tmp_path) as server:
        told.reassert(redis.Redis.from_url(server.url))
        told.record({message_key(MESSAGE): "sent"})
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        told.reassert(again)
        assert again.get(message_key(MESSAGE)) == b"sent"


def test_a_redis_that_restarted_is_told_what_a_dead_worker_sent(tmp_path: Path) -> None:
    """The dead one's journal is all that is left of it."""
    with start(tmp_path) as server:
        port = server.port
        connection = redis.Redis.from_url(server.url)
        dead = SentLog()
        dead.reassert(connection)
        dead.record({message_key(MESSAGE): "sent"})
        dead.record({message_key(RETURNED): "sending"})
        dead.record({message_key(RETURNED): NOT_DELIVERED})
        connection.bgrewriteaof()
        connection.shutdown(save=True)
    release(dead)
    with start(tmp_path, port) as server:
        again = redis.Redis.from_url(server.url)
        heir = SentLog()
        heir.reassert(again)
        assert again.get(message_key(MESSAGE)) == b"sent"
        assert not again.exists(message_key(RETURNED))


def test_what_a_dead_worker_sent_is_no_news_to_a_redis_that_has_not_restarted(tmp_path: Path) -> None:
    """It knows what became of the message, which may be due again."""
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        dead = SentLog()
        dead.reassert(connection)
        dead.record({message_key(MESSAGE): "sending"})
        release(dead)
        SentLog().reassert(connection)
        assert not connection.exists(message_key(MESSAGE))


def test_the_newest_word_of_several_dead_workers_counts(tmp_path: Path) -> None:
    """The one that took it back was inherited last."""
    with start(tmp_path) as server:
        port = server.port
        connection = redis.Redis.from_url(server.url)
        first, second = SentLog(), SentLog()
        first.reassert(connection)
        first.record({message_key(MESSAGE): "sending"})
        first.record({message_key(MESSAGE): NOT_DELIVERED})
        second.reassert(connection)
        second.record({message_key(MESSAGE): "sent"})
        connection.bgrewriteaof()
        connection.shutdown(save=True)
    with start(tmp_path, port) as server:
        again = redis.Redis.from_url(server.url)
        release(first)
        second.reassert(again)
        assert again.get(message_key(MESSAGE)) == b"sent"


def release(dead: SentLog) -> None:
    """What the system does when a process ends."""
    for file, _ in dead._journal._pages:
        os.close(file)


def test_nothing_leaves_in_the_first_seconds_of_a_redis_that_restarted(tmp_path: Path) -> None:
    before, fresh = SentLog(), SentLog()
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        assert before.seconds_to_wait(connection) == 0
        before.reassert(connection)
        connection.bgrewriteaof()
        connection.shutdown(save=True)
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        assert 0 < before.seconds_to_wait(again) <= 5
        assert 0 < fresh.seconds_to_wait(again) <= 5, "also a worker that was not there before must wait"


def test_a_new_redis_keeps_nobody_waiting(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        assert SentLog().seconds_to_wait(redis.Redis.from_url(server.url)) == 0


def test_the_same_text_to_another_customer_is_another_message() -> None:
    assert message_key(MESSAGE) != message_key({**MESSAGE, b"c": b'{"id":"c-2"}'})
    assert message_key(MESSAGE) == message_key({**MESSAGE, b"e": b"other"})


def test_what_was_certainly_not_delivered_may_be_sent_again(tmp_path: Path) -> None:
    told = SentLog()
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        told.reassert(connection)
        told.record({message_key(MESSAGE): "sending"})
        told.record({message_key(MESSAGE): NOT_DELIVERED})
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        told.reassert(again)
        assert not again.exists(message_key(MESSAGE))
