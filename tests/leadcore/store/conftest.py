"""The inbox over a Redis database of the module's own."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import redis as client

from leadcore.store.streams import Stream


@pytest.fixture(scope="module")
def redis(databases: Iterator[str]) -> Iterator[Any]:
    with closing(client.Redis.from_url(next(databases))) as made:
        yield made


@pytest.fixture
def inbox(redis: Any) -> Stream:
    redis.flushdb()
    return Stream(redis)
