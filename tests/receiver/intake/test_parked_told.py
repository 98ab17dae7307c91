"""A post that lacks what every event needs waits for a person, and who wants to know is told."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from leadcore import event
from leadcore.fields import BODY, CUSTOMER, DATA, EVENT, EVENT_ID, LEAD
from leadcore.machine import Machine
from leadcore.settings import read
from leadcore.store import keys
from leadcore.store.connection import connect
from receiver.intake.feeder import Feeder
from receiver.intake.spool import Spool
from tests.conftest import SHARDS, lead

NAME = "ชื่อลับ"
UNUSABLE = event.encode({**lead(7, name=NAME), "mid": None})
WANTED = '[notify]\non = ["lead.parked"]\n'
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def database(databases: Iterator[str]) -> str:
    return next(databases)


@pytest.fixture
def opened(database: str, tmp_path: Path) -> Open:
    """Opens a receiver's feeder by a configuration, where workers serve an address of each of `lines`."""

    @contextmanager
    def open_feeder(config: str = WANTED, lines: tuple[str, ...] = (keys.HOOKS, keys.NOTICES), **env: str) -> Any:
        path = tmp_path / "leadsync.toml"
        path.write_text(config, encoding="utf-8")
        settings = read({"REDIS_URL": database, "LEADSYNC_CONFIG": str(path), **env})
        with closing(connect(settings)) as client:
            client.flushdb()
            for line in lines:
                client.sadd(keys.endpoints(line), "digest")
            feeder = Feeder(client, Spool(tmp_path / "spool", Machine()), settings, Machine())
            feeder.maintain()
            yield feeder
            feeder.recent.journal.close()
            feeder.spool.close()

    return open_feeder


def told(feeder: Feeder, line: str) -> list[dict[bytes, bytes]]:
    redis = feeder.inbox.redis
    return [fields for shard in range(SHARDS) for _, fields in redis.xrange(keys.entries(line, shard))]


def test_hooks_and_team_are_told_once(opened: Open) -> None:
    with opened() as feeder:
        for _ in range(2):
            feeder.park(event.read_head(UNUSABLE))
        for line in (keys.HOOKS, keys.NOTICES):
            [fields] = told(feeder, line)
            assert fields[EVENT] == b"lead.parked"
            assert feeder.inbox.redis.exists(keys.parked(fields[LEAD].decode()))
            assert json.loads(fields[CUSTOMER]) == {"id": 7}
            assert json.loads(fields[DATA]) == {"intent": "Share contact", "state": "parked", "reason": "unusable"}
            assert BODY not in fields


def test_hooks_get_the_whole_post_only_if_asked(opened: Open) -> None:
    with opened("[hooks]\nfull = true\n") as feeder:
        feeder.park(event.read_head(UNUSABLE))
        [fields] = told(feeder, keys.HOOKS)
        assert fields[BODY] == UNUSABLE


def test_what_lacks_its_customer_is_told_too(opened: Open) -> None:
    with opened() as feeder:
        feeder.park(event.read_head(event.encode({"mid": "m"})))
        [fields] = told(feeder, keys.NOTICES)
        assert CUSTOMER not in fields


@pytest.mark.parametrize(
    ("config", "options", "expected"),
    [
        (WANTED, {"lines": ()}, (0, 0)),
        (WANTED, {"lines": (keys.NOTICES,)}, (0, 1)),
        (WANTED, {"DRY_RUN": "1"}, (0, 0)),
        ("", {}, (1, 0)),
        ('[hooks]\non = ["order.*"]\n', {}, (0, 0)),
    ],
)
def test_nobody_is_told_who_did_not_ask(opened: Open, config: str, options: Any, expected: tuple[int, int]) -> None:
    with opened(config, **options) as feeder:
        feeder.park(event.read_head(UNUSABLE))
        assert (len(told(feeder, keys.HOOKS)), len(told(feeder, keys.NOTICES))) == expected
        assert feeder.inbox.redis.zcard(keys.PARKED) == 1


def test_what_redis_lost_and_gets_again_is_told_under_the_same_id(opened: Open) -> None:
    with opened() as feeder:
        shard = keys.shard_of("7", SHARDS)
        feeder.park(event.read_head(UNUSABLE))
        [before] = told(feeder, keys.HOOKS)
        feeder.inbox.redis.delete(keys.entries(keys.HOOKS, shard), keys.receipt(before[LEAD].decode()))
        feeder.park(event.read_head(UNUSABLE))
        [after] = told(feeder, keys.HOOKS)
        assert before[EVENT_ID] == after[EVENT_ID]
