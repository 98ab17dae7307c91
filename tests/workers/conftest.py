from collections.abc import Iterator
from typing import Any

import pytest
import redis

from sandbox.redis import Running


@pytest.fixture
def client(server: Running) -> Iterator[Any]:
    """An empty Redis."""
    with redis.Redis.from_url(server.url) as client:
        client.flushdb()
        yield client
        client.flushdb()
