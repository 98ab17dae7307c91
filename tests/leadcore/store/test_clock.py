"""Redis' clock, asked at most once a second."""

from contextlib import closing

import pytest
import redis

from leadcore.machine import Machine
from leadcore.store import clock
from leadcore.store.clock import Clock
from sandbox.redis import Running
from tests.restarts import Restartable


def test_it_follows_redis_clock_between_two_requests(server: Running) -> None:
    with closing(redis.Redis.from_url(server.url)) as client:
        made = Clock(client, Machine())
        for _ in range(3):
            before, now, after = ms(client.time()), made.now_ms(), ms(client.time())
            assert before - 1000 < now < after + 1000


def test_redis_is_asked_again_only_after_a_while(restartable: Restartable, monkeypatch: pytest.MonkeyPatch) -> None:
    # The server counts what it is asked, whoever asks: this one has no other users.
    with closing(restartable.connect()) as client:
        # However long this process has to wait for its turn.
        monkeypatch.setattr(clock, "GOOD_SECONDS", 3600.0)
        client.config_resetstat()
        made = Clock(client, Machine())
        for _ in range(5):
            made.now_ms()
        assert asked(client) == 1
        monkeypatch.setattr(clock, "GOOD_SECONDS", 0.0)
        made.now_ms()
        assert asked(client) == 2


def ms(time: tuple[int, int]) -> float:
    return time[0] * 1000 + time[1] / 1000


def asked(client: redis.Redis) -> int:
    found = client.info("commandstats")
    assert isinstance(found, dict)
    return int(found["cmdstat_time"]["calls"])
