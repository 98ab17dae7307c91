"""A message that Redis forgot is not said again."""

import os
from pathlib import Path

import redis

from sandbox.redis import start
from workers.outbox.sent_log import Told, mark
from workers.rules.delivery import TAKEN_BACK

RETURNED = {b"e": b"back", b"c": b'{"id":"c-9"}', b"t": b'"Thank you!"'}
MESSAGE = {b"e": b"lead", b"c": b'{"id":"c-1"}', b"t": b'"Thank you!"'}


def test_a_redis_that_restarted_is_told_what_was_sent(tmp_path: Path) -> None:
    told = Told()
    with start(tmp_path) as server:
        told.watch(redis.Redis.from_url(server.url))
        told.note({mark(MESSAGE): "sent"})
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        told.watch(again)
        assert again.get(mark(MESSAGE)) == b"sent"


def test_a_redis_that_restarted_is_told_what_a_dead_worker_sent(tmp_path: Path) -> None:
    """The dead one's journal is all that is left of it."""
    with start(tmp_path) as server:
        port = server.port
        connection = redis.Redis.from_url(server.url)
        dead = Told()
        dead.watch(connection)
        dead.note({mark(MESSAGE): "sent"})
        dead.note({mark(RETURNED): "sending"})
        dead.note({mark(RETURNED): TAKEN_BACK})
        connection.bgrewriteaof()
        connection.shutdown(save=True)
    release(dead)
    with start(tmp_path, port) as server:
        again = redis.Redis.from_url(server.url)
        heir = Told()
        heir.watch(again)
        assert again.get(mark(MESSAGE)) == b"sent"
        assert not again.exists(mark(RETURNED))


def test_what_a_dead_worker_sent_is_no_news_to_a_redis_that_has_not_restarted(tmp_path: Path) -> None:
    """It knows what became of the message, which may be due again."""
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        dead = Told()
        dead.watch(connection)
        dead.note({mark(MESSAGE): "sending"})
        release(dead)
        Told().watch(connection)
        assert not connection.exists(mark(MESSAGE))


def test_the_newest_word_of_several_dead_workers_counts(tmp_path: Path) -> None:
    """The one that took it back was inherited last."""
    with start(tmp_path) as server:
        port = server.port
        connection = redis.Redis.from_url(server.url)
        first, second = Told(), Told()
        first.watch(connection)
        first.note({mark(MESSAGE): "sending"})
        first.note({mark(MESSAGE): TAKEN_BACK})
        second.watch(connection)
        second.note({mark(MESSAGE): "sent"})
        connection.bgrewriteaof()
        connection.shutdown(save=True)
    with start(tmp_path, port) as server:
        again = redis.Redis.from_url(server.url)
        release(first)
        second.watch(again)
        assert again.get(mark(MESSAGE)) == b"sent"


def release(dead: Told) -> None:
    """What the system does when a process ends."""
    for file, _ in dead._journal._pages:
        os.close(file)


def test_nothing_leaves_in_the_first_seconds_of_a_redis_that_restarted(tmp_path: Path) -> None:
    before, fresh = Told(), Told()
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        assert before.wait(connection) == 0
        before.watch(connection)
        connection.bgrewriteaof()
        connection.shutdown(save=True)
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        assert 0 < before.wait(again) <= 5
        assert 0 < fresh.wait(again) <= 5, "also a worker that was not there before must wait"


def test_a_new_redis_keeps_nobody_waiting(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        assert Told().wait(redis.Redis.from_url(server.url)) == 0


def test_the_same_text_to_another_customer_is_another_message() -> None:
    assert mark(MESSAGE) != mark({**MESSAGE, b"c": b'{"id":"c-2"}'})
    assert mark(MESSAGE) == mark({**MESSAGE, b"e": b"other"})


def test_what_was_certainly_not_delivered_may_be_sent_again(tmp_path: Path) -> None:
    told = Told()
    with start(tmp_path) as server:
        connection = redis.Redis.from_url(server.url)
        told.watch(connection)
        told.note({mark(MESSAGE): "sending"})
        told.note({mark(MESSAGE): TAKEN_BACK})
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        told.watch(again)
        assert not again.exists(mark(MESSAGE))
