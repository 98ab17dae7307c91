"""A hosted Redis fails over, in the middle of a burst, to a replica that lags behind: nothing is lost, doubled or said
twice."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sandbox.failover import Pair
from tests.conftest import Line, eventually, key_of, lead

LEADS, ROUNDS = 60, 3


def test_a_burst_survives_failovers_to_a_replica_behind(tmp_path: Path, spare_line: Callable[..., Line]) -> None:
    """There, back to the first, and there again; the replica is behind by what is sent within a second or two."""
    with Pair(tmp_path / "redis") as pair:
        line = spare_line(pair.url, WEB_CONCURRENCY="2")
        line.start("worker", "--count", "3")
        line.start("web")
        line.await_web()
        line.await_workers(3)
        expected: list[str] = []
        for number in range(ROUNDS):
            batch = [f"c-{number}-{one}" for one in range(LEADS)]
            expected += batch
            told = len(line.chat.told())

            def post(batch: list[str] = batch) -> None:
                line.send(*(lead(one, name="Nok Jaidee", phone=f"08{hash(one) % 10**8:08d}") for one in batch))

            pair.fall_behind()
            posting = threading.Thread(target=post)
            posting.start()
            eventually(lambda told=told: len(line.chat.told()) > told + LEADS // 4, 60)
            pair.fail_over()
            posting.join()
            eventually(lambda expected=expected: len({*map(key_of, line.crm.contacts())}) == len(expected), 90)
            eventually(lambda expected=expected: len(line.chat.told()) >= len(expected), 90)
            pair.restore()
        line.settle(90)
        contacts = Counter(map(key_of, line.crm.contacts()))
        assert contacts == dict.fromkeys(expected, 1)
        assert {one: len(line.chat.told(one)) for one in expected} == dict.fromkeys(expected, 1)
        assert "Traceback" not in line.logs()


def test_workers_outlast_a_primary_that_is_made_a_replica(tmp_path: Path, spare_line: Callable[..., Line]) -> None:
    """Their connections stay open, and it refuses every write: they go on at the new one, none was started anew."""
    with Pair(tmp_path / "redis") as pair:
        line = spare_line(pair.url, WEB_CONCURRENCY="1")
        line.start("worker", "--count", "2")
        line.start("web")
        line.await_web()
        line.await_workers(2)
        line.sync(lead("c-1", name="Nok Jaidee", phone="0820000000"))
        pair.fail_over(kill=False)
        line.send(lead("c-2", name="Nok Jaidee", phone="0820000001"))
        eventually(lambda: line.chat.told("c-2"), 60)
        assert len(line.crm.contacts()) == 2
        assert "process.ended" not in line.logs()
        assert "Traceback" not in line.logs()
