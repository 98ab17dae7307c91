"""A hosted Redis: a user of its own with few rights, and a database that is not the first."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from leadcore import settings
from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.connection import AWAY, connect
from receiver.intake.feeder import Feeder
from receiver.intake.spool import Spool
from sandbox import redis as embedded
from tests.conftest import PATIENT, SECRET, SHARDS, Line, has_ipv6, head, lead

FORBIDDEN = ("info", "config", "client")


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[tuple[Any, str]]:
    """Its owner's connection, and the URL of a user who may ask nothing about it."""
    with embedded.start(tmp_path / "redis") as server, closing(redis.Redis(port=server.port, db=3)) as owner:
        assert server.server, "there is no Redis or Valkey server on this machine"
        rights = [f"-{command}" for command in FORBIDDEN]
        owner.execute_command("ACL", "SETUSER", "app", "on", ">p@ss:w/rd", "~*", "&*", "+@all", *rights)
        yield owner, f"redis://app:p%40ss%3Aw%2Frd@127.0.0.1:{server.port}/3"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_it_may_have_an_ipv6_address(hosted: tuple[Any, str]) -> None:
    owner, url = hosted
    owner.config_set("bind", "127.0.0.1 ::1")
    with closing(connect(settings.read({"REDIS_URL": url.replace("127.0.0.1", "[::1]")}))) as connection:
        connection.set("here", "1")
        assert owner.get("here") == b"1", "in the database that the address names"


def test_a_line_that_paused_goes_on_where_redis_tells_nothing_about_itself(
    hosted: tuple[Any, str], spare_line: Callable[..., Line]
) -> None:
    owner, url = hosted
    line = spare_line(url, WEB_CONCURRENCY="1")
    line.start("worker")
    line.start("web", **PATIENT)
    line.await_web()
    line.await_workers(1)
    line.crm.fault("503", count=1)
    line.send(lead("c-1", name="Nok Jaidee", phone="0820000000"))
    line.settle()
    assert line.crm.contact("c-1")["firstname"] == "Nok"
    assert len(line.chat.told("c-1")) == 1
    assert owner.acl_log(), "it was asked, and refused"
    assert "NoPermissionError" not in line.logs(), "that is no fault"


def test_what_such_a_redis_may_have_forgotten_is_put_again(hosted: tuple[Any, str], tmp_path: Path) -> None:
    owner, url = hosted
    shared = settings.read({"REDIS_URL": url, "DEALDROID_SECRET": SECRET})
    with closing(connect(shared)) as connection:
        feeder = Feeder(connection, Spool(tmp_path / "spool", Machine()), shared, Machine())
        feeder.feed(head(lead("c-1")))
        feeder.maintain()
        owner.flushdb()
        owner.client_kill_filter(_type="normal", skipme=True)
        with suppress(*AWAY):
            feeder.maintain()
        feeder.maintain()
        assert sum(owner.xlen(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS)) == 1
        feeder.stop()
        put: Any = feeder.inbox._put
        put._connection.disconnect()
