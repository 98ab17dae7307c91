from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import redis as client

from leadcore.settings import read
from leadcore.store.connection import connect


def test_threads_wait_for_one_of_a_limited_number_of_connections(databases: Iterator[str]) -> None:
    """A hosted Redis refuses more than its plan allows, and a drain has twenty calls in flight."""
    url = next(databases)
    with (
        closing(connect(read({"REDIS_URL": url}), at_most=3)) as shared,
        closing(client.Redis.from_url(url)) as other,
        ThreadPoolExecutor(12) as pool,
    ):
        waited = list(pool.map(lambda _: shared.blpop("nothing", 0.1), range(12)))
        ours = [each for each in other.client_list() if each["db"] == url.rpartition("/")[2]]
    assert waited == [None] * 12
    assert len(ours) == 3 + 1
