"""A message that Redis forgot is not said again."""

from pathlib import Path

import redis

from sandbox.redis import start
from workers.told import Told, mark

MESSAGE = {b"e": b"lead", b"c": b'{"id":"c-1"}', b"t": b'"Thank you!"'}


def test_a_redis_that_restarted_is_told_what_was_sent(tmp_path: Path) -> None:
    told = Told()
    with start(tmp_path) as server:
        told.watch(redis.Redis.from_url(server.url))
        told.note(MESSAGE, "sent")
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        told.watch(again)
        assert again.get(mark(MESSAGE)) == b"sent"


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
        told.note(MESSAGE, "sending")
        told.take_back(connection, MESSAGE)
        server.kill()
    with start(tmp_path) as server:
        again = redis.Redis.from_url(server.url)
        told.watch(again)
        assert not again.exists(mark(MESSAGE))
