"""Without Redis a lead goes to the disk, and from there into the inbox."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import redis
import requests

from leadcore import event, journal
from leadcore.journal import Journal
from leadcore.machine import Machine
from leadcore.settings import Settings, read
from leadcore.store import keys
from leadcore.store.connection import AWAY, connect, read_dataset
from leadcore.store.epoch import EMPTIED
from receiver.intake.errors import NotStored
from receiver.intake.feeder import Feeder
from receiver.intake.posted import read_posted
from receiver.intake.recent_events import RecentEvents
from receiver.intake.spool import Spool
from sandbox import redis as embedded
from tests.conftest import SECRET, SHARDS, Line, eventually, head, lead, open_line, own_port

NAME = "ชื่อลับ"


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory, processes: None) -> Iterator[Line]:
    """A receiver without a Redis."""
    folder = tmp_path_factory.mktemp("away")
    url = f"redis://127.0.0.1:{own_port()}/0"
    with open_line(folder, url, WEB_CONCURRENCY="1") as line:
        line.start("web")
        line.await_web()
        yield line


def get(line: Line, path: str) -> requests.Response:
    return requests.get(line.url + path, timeout=5)


def spooled(line: Line) -> int:
    return int(get(line, "/readyz").json()["spooled"])


def test_a_lead_waits_on_disk_and_is_put_when_redis_comes(away: Line, tmp_path: Path) -> None:
    """One test, because Redis starts later on the port that was free before."""
    before = spooled(away)
    event_one = lead("c-1", name=NAME)
    started = time.monotonic()
    away.send(event_one, event_one, lead("c-2", name=NAME))
    assert away.post({"secret": SECRET, "mid": "m", "contact_info": {"name": NAME}}).status_code == 422
    assert time.monotonic() - started < 2
    assert spooled(away) == before + 4
    raw = b"".join(file.read_bytes() for file in Path(away.environ["SPOOL_DIR"]).iterdir())
    assert NAME.encode() in raw
    assert SECRET.encode() not in raw
    ready = get(away, "/readyz")
    assert (ready.status_code, "Redis does not answer" in ready.json()["reason"]) == (503, True)
    assert get(away, "/healthz").status_code == 200
    assert "leadsync_redis_up 0.0" in get(away, "/metrics").text

    port = int(away.environ["REDIS_URL"].rpartition(":")[2].partition("/")[0])
    with embedded.start(tmp_path / "redis", port):
        eventually(lambda: not spooled(away))
        rows = [row for shard in range(SHARDS) for row in away.redis.xrange(keys.entries(keys.INBOX, shard))]
        assert sorted(event.decode(fields[b"b"])["customer_id"] for _, fields in rows) == ["c-1", "c-2"]
        assert away.redis.zcard(keys.PARKED) == 1
        seconds, _ = away.redis.time()
        versions = [int(fields[b"v"].partition(b"-")[0]) for _, fields in rows]
        assert all(0 < seconds * 1000 - version < 60_000 for version in versions)
        assert NAME.encode() not in b"".join(file.read_bytes() for file in Path(away.environ["SPOOL_DIR"]).iterdir()), (
            "a lead that was put is removed from the disk"
        )
        away.redis.close()


def test_without_redis_and_disk_a_post_is_503_and_health_pages_still_answer(
    spare_line: Callable[..., Line], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    line = spare_line(
        f"redis://127.0.0.1:{own_port()}/0", SPOOL_DIR=str(tmp_path / "file" / "spool"), WEB_CONCURRENCY="1"
    )
    line.start("web")
    line.await_web()
    for given in (lead("c-1", name=NAME), {"secret": SECRET, "mid": "m"}):
        answer = line.post(given)
        assert answer.status_code == 503
        assert list(answer.json()) == ["error"]
    assert line.post({**lead("c-1"), "secret": "wrong"}).status_code == 403
    assert NAME not in line.logs()
    assert [get(line, path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200, 503, 200]
    assert "reason" in get(line, "/readyz").json()


def test_without_a_disk_a_lead_takes_the_room_that_a_nearly_full_redis_keeps_for_workers(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with embedded.start(tmp_path / "redis", own_port()) as server, closing(redis.Redis(port=server.port)) as client:
        settings = read({"REDIS_URL": server.url})
        with closing(connect(settings)) as connection:
            feeder = Feeder(connection, Spool(tmp_path / "file" / "spool", Machine()), settings, Machine())
            feeder.maintain()
            client.setrange("filler", 20 << 20, b"x")
            client.config_set("maxmemory", int(client.info("memory")["used_memory"] / 0.97))
            feeder.maintain()
            assert feeder.full
            feeder.feed(head(lead("c-1")))
            assert sum(client.xlen(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS)) == 1
            client.config_set("maxmemory", 1)
            with pytest.raises(NotStored):
                feeder.feed(head(lead("c-2")))
            client.config_set("maxmemory", 0)
            feeder.stop()
            feeder.put_script._connection.disconnect()


def test_without_a_disk_redis_is_asked_again_right_after_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    port = own_port()
    settings = read({"REDIS_URL": f"redis://127.0.0.1:{port}/0"})
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "file" / "spool", Machine()), settings, Machine())
        with pytest.raises(NotStored):
            feeder.feed(head(lead("c-1")))
        with embedded.start(tmp_path / "redis", port):
            feeder.away_until = float("inf")
            feeder.feed(head(lead("c-2")))
            assert sum(client.xlen(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS)) == 1
            feeder.stop()
            feeder.put_script._connection.disconnect()


def test_events_of_a_dead_process_are_replayed_until_redis_has_them(
    databases: Iterator[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are inherited only once, and Redis may fail right after that."""
    settings = read({"REDIS_URL": next(databases)})
    with closing(connect(settings)) as client:
        dead, body = Journal("web", tmp_path / "journal"), lead("c-1", name="Ann Lee")
        dead.use_dataset(read_dataset(client))
        dead.add(b"1700000000000 " + event.encode(body))
        for file, _ in dead._pages:
            os.close(file)
        feeder = Feeder(client, Spool(tmp_path / "spool", Machine()), settings, Machine())
        feeder.recent = RecentEvents(Journal("web", tmp_path / "journal"), Machine())
        with monkeypatch.context() as failing:
            failing.setattr(feeder, "_put", lambda *_: (_ for _ in ()).throw(redis.ConnectionError()))
            with pytest.raises(redis.ConnectionError):
                feeder.maintain()
        feeder.maintain()
        assert sum(client.xlen(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS)) == 1
        feeder.recent.journal.close()
        feeder.spool.close()


def test_an_emptied_redis_is_marked_before_the_first_event_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that starts then would take it for new, and confirm that event at once, for the second time."""
    port, known = own_port(), []
    settings = read({"REDIS_URL": f"redis://127.0.0.1:{port}"})
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool", Machine()), settings, Machine())
        put = feeder._put
        with embedded.start(tmp_path / "before", port) as server:
            feeder.maintain()
            feeder.feed(head(lead("c-1", name="Ann Lee")))
            assert client.get(keys.EPOCH) is None
            server.kill()
        with embedded.start(tmp_path / "after", port):
            monkeypatch.setattr(feeder, "_put", lambda *given: (known.append(client.get(keys.EPOCH)), put(*given))[1])
            with suppress(*AWAY):
                feeder.maintain()
            feeder.maintain()
            assert known[0] == EMPTIED.encode()
            feeder.stop()


def test_what_a_dead_process_acknowledged_beside_events_is_replayed_minutes_later_too(
    databases: Iterator[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All processes were killed at once, and the machine lives."""
    monkeypatch.setattr(journal, "SHARED_MEMORY", tmp_path)
    settings = read({"REDIS_URL": next(databases)})
    with closing(connect(settings)) as client:
        dead = Journal("payments")
        dead.use_dataset(read_dataset(client))
        dead.add(b"0 paid")
        for file, page in dead._pages:
            os.close(file)
            os.utime(page, (time.time() - 300,) * 2)
        feeder, said = Feeder(client, Spool(tmp_path / "spool", Machine()), settings, Machine()), list[bytes]()
        feeder.replay_also("payments", said.append)
        feeder.maintain()
        assert said == [b"paid"]
        feeder.stop()


def test_a_dead_process_of_one_shop_is_not_forgotten_by_another_shop_of_the_same_user(
    databases: Iterator[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Redis of the first is away for some minutes, and meanwhile its only web process is replaced."""
    monkeypatch.setattr(journal, "SHARED_MEMORY", tmp_path)

    def maintain(settings: Settings, folder: Path) -> int:
        with closing(connect(settings)) as client:
            feeder = Feeder(client, Spool(folder, Machine()), settings, Machine())
            feeder.maintain()
            feeder.stop()
            feeder.put_script._connection.disconnect()
            return sum(client.xlen(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS))

    first, second = (read({"REDIS_URL": next(databases)}) for _ in range(2))
    with closing(connect(first)) as client:
        dead = Journal("web")
        dead.use_dataset(read_dataset(client))
        dead.add(b"1700000000000 " + event.encode(lead("c-1")))
    for file, page in dead._pages:
        os.close(file)
        os.utime(page, (time.time() - 300,) * 2)
    assert maintain(second, tmp_path / "second") == 0
    assert maintain(first, tmp_path / "first") == 1


def test_the_first_event_on_the_disk_has_the_time_of_redis(databases: Iterator[str], tmp_path: Path) -> None:
    """Also of a process that put nothing before, whose machine's clock is five minutes late."""

    class LateMachine(Machine):
        def time(self) -> float:
            return super().time() - 300

    settings = read({"REDIS_URL": next(databases)})
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool", LateMachine()), settings, LateMachine())
        feeder.maintain()
        feeder.away_until = float("inf")
        feeder.feed(event.read_head(event.encode(lead("c-1"))))
        [spooled] = feeder.spool.read_oldest(1)
        assert abs(spooled.received_ms - time.time() * 1000) < 60_000
        feeder.recent.journal.close()
        feeder.spool.close()


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_while_redis_is_away_dates_no_event(
    databases: Iterator[str], tmp_path: Path, jump: int
) -> None:
    """The event would count as older than what its customer said before, or as newer than what is said later."""

    class Jumping(Machine):
        jumped = 0

        def time(self) -> float:
            return super().time() + self.jumped

    settings, machine = read({"REDIS_URL": next(databases)}), Jumping()
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool", machine), settings, machine)
        feeder.maintain()
        feeder.away_until = float("inf")
        machine.jumped = jump
        feeder.feed(head(lead("c-1")))
        [spooled] = feeder.spool.read_oldest(1)
        assert abs(spooled.received_ms - time.time() * 1000) < 60_000
        feeder.stop()
        feeder.put_script._connection.disconnect()


def test_a_machine_that_slept_dates_no_event_by_when_it_fell_asleep(databases: Iterator[str], tmp_path: Path) -> None:
    """It wakes before its network does."""

    class Sleeping(Machine):
        slept = 0

        def monotonic(self) -> float:
            return super().monotonic() - self.slept

    settings, machine = read({"REDIS_URL": next(databases)}), Sleeping()
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool", machine), settings, machine)
        feeder.maintain()
        feeder.away_until = float("inf")
        machine.slept = 3600
        feeder.feed(head(lead("c-1")))
        [spooled] = feeder.spool.read_oldest(1)
        assert abs(spooled.received_ms - time.time() * 1000) < 60_000
        feeder.stop()
        feeder.put_script._connection.disconnect()


def test_an_event_that_redis_took_without_an_answer_is_replayed_too(databases: Iterator[str], tmp_path: Path) -> None:
    """It went to the disk, from where it came as a duplicate; then Redis forgot its last seconds."""
    settings = read({"REDIS_URL": next(databases)})
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool", Machine()), settings, Machine())
        feeder.maintain()
        body = event.encode(lead("c-1"))
        feeder._put(event.read_head(body), int(time.time() * 1000))
        feeder.recent.journal.close()
        feeder.recent = RecentEvents(Journal("web", tmp_path / "journal"), Machine())
        feeder.spool.put(body, int(time.time() * 1000))
        feeder.maintain()
        assert not feeder.spool.count()
        client.delete(*(name for name in client.scan_iter() if name != keys.DATASET.encode()))
        feeder.replay()
        assert sum(client.xlen(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS)) == 1
        feeder.recent.journal.close()
        feeder.spool.close()


def test_a_process_that_ends_right_after_redis_came_back_puts_what_it_forgot(tmp_path: Path) -> None:
    """Both are restarted together, by a platform or a person."""

    class LaterMachine(Machine):
        later = 0.0

        def monotonic(self) -> float:
            return super().monotonic() + self.later

    port, machine = own_port(), LaterMachine()
    settings = read({"REDIS_URL": f"redis://127.0.0.1:{port}/0"})
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool", machine), settings, machine)
        feeder.recent = RecentEvents(Journal("web", tmp_path / "journal"), machine)
        with embedded.start(tmp_path / "before", port) as server:
            feeder.maintain()
            feeder.feed(event.read_head(event.encode(lead("c-1"))))
            server.kill()
        machine.later = 15.0
        with embedded.start(tmp_path / "after", port):
            feeder.stop()
            feeder.put_script._connection.disconnect()
            assert sum(client.xlen(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS)) == 1


def test_what_was_posted_leaves_the_memory_within_seconds(tmp_path: Path) -> None:
    """Also if nobody posts any more, and while Redis is away."""
    settings = read({"REDIS_URL": f"redis://127.0.0.1:{own_port()}/0"})
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool", Machine()), settings, Machine())
        feeder.start()
        read_posted(event.encode(lead("c-1", name=NAME)))
        eventually(lambda: read_posted.cache_info().currsize == 0)
        feeder.stop()
