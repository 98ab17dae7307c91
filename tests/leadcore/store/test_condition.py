"""What Redis' INFO says of its own condition: a real server."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leadcore.settings import read
from leadcore.store.condition import read_condition
from leadcore.store.connection import connect
from sandbox import redis as embedded
from tests.conftest import eventually


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    """One that makes no snapshots by itself, and whose last one failed."""
    with embedded.start(tmp_path / "redis") as running:
        if running.server is None:
            pytest.skip("fakeredis makes no snapshots")
        with closing(connect(read({"REDIS_URL": running.url}))) as made:
            (tmp_path / "redis" / "dump.rdb").mkdir()
            made.bgsave()
            eventually(lambda: made.info("persistence")["rdb_last_bgsave_status"] == "err")
            yield made
            made.config_set("save", "")  # else it would not end before it is killed


def test_a_failed_snapshot_of_a_redis_that_takes_writes_all_the_same_is_no_fault(server: Any) -> None:
    assert server.set("a", 1)
    assert not read_condition(server).disk_fails


def test_a_failed_snapshot_after_which_redis_refuses_writes_is_a_fault(server: Any) -> None:
    server.config_set("save", "3600 1")
    assert read_condition(server).disk_fails
