"""Batched calls of a script on a real Redis."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis as client

from leadcore.machine import Machine
from leadcore.settings import read
from leadcore.store.connection import connect
from receiver.intake import group_commit
from receiver.intake.group_commit import BatchedScript
from sandbox import redis as embedded
from tests.conftest import eventually, own_port

# The argument "fail" makes only its own call fail.
SOURCE = "if ARGV[1] == 'fail' then return redis.error_reply('ERR on purpose') end return {KEYS[1], ARGV[1]}"

# Longer than the receiver's own: a machine that is busy with other tests is no Redis that hangs.
TIMEOUT = 2.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[embedded.Running]:
    with embedded.start(tmp_path, own_port(), appendonly=False) as started:
        yield started


@pytest.fixture
def redis(server: embedded.Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(group_commit, "ANSWER_SECONDS", 2 * TIMEOUT)
    with closing(connect(read({"REDIS_URL": server.url}), TIMEOUT)) as made:
        yield made


@pytest.fixture
def script(redis: Any) -> Iterator[BatchedScript]:
    made = BatchedScript(redis, SOURCE, Machine())
    yield made
    # It is in no pool; a web process closes it by ending.
    made._connection.disconnect()


def call(script: BatchedScript, number: int) -> Any:
    return script(keys=[f"k{number}"], args=[number])


def test_each_of_many_threads_gets_its_own_answer(script: BatchedScript) -> None:
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda number: call(script, number), range(3000)))
    assert found == [[b"k%d" % number, b"%d" % number] for number in range(3000)]


def test_concurrent_calls_share_a_write(script: BatchedScript, redis: Any) -> None:
    call(script, 0)
    before = redis.info("stats")["total_reads_processed"]
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda number: call(script, number), range(3000)))
    assert redis.info("stats")["total_reads_processed"] - before < 3000


class DelayedLock:
    """A lock that the thread named "late" acquires only when `may` is set; `asks` is set when it tries."""

    def __init__(self, lock: Any) -> None:
        self.lock, self.asks, self.may = lock, threading.Event(), threading.Event()

    def acquire(self, blocking: bool = True) -> bool:
        if threading.current_thread().name == "late":
            self.asks.set()
            self.may.wait(10)
        return bool(self.lock.acquire(blocking=blocking))

    def release(self) -> None:
        self.lock.release()


def test_a_thread_answered_before_it_takes_the_lead_passes_it_on(script: BatchedScript) -> None:
    """The system may suspend a thread between queueing up and acquiring the lock."""
    script._leadership = late = DelayedLock(script._leadership)  # type: ignore[assignment]
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(call(script, 1)), name="late")
    thread.start()
    late.asks.wait(10)
    assert call(script, 2) == [b"k2", b"2"]
    late.may.set()
    thread.join(10)
    assert answers == [[b"k1", b"1"]]
    with ThreadPoolExecutor(1) as pool:
        next_one = pool.submit(call, script, 3)
        try:
            assert next_one.result(10) == [b"k3", b"3"]
        finally:
            if late.lock.locked():
                late.release()
                script._waiting[0].woken.release()


def test_an_error_reaches_its_caller_alone(script: BatchedScript) -> None:
    with ThreadPoolExecutor(8) as pool:
        bad = [pool.submit(script, keys=["k"], args=["fail"]) for _ in range(100)]
        good = [pool.submit(call, script, number) for number in range(100)]
    assert all(isinstance(each.exception(), client.ResponseError) for each in bad)
    assert [each.result()[1] for each in good] == [b"%d" % number for number in range(100)]


def test_a_redis_without_the_script_is_given_it_again(script: BatchedScript, redis: Any) -> None:
    call(script, 0)
    redis.script_flush()
    with ThreadPoolExecutor(8) as pool:
        assert [each[1] for each in pool.map(lambda number: call(script, number), range(8))] == [
            b"%d" % number for number in range(8)
        ]


def test_a_connection_that_redis_closed_is_replaced_without_an_error(script: BatchedScript, redis: Any) -> None:
    call(script, 0)
    redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert call(script, 1) == [b"k1", b"1"]


def test_while_redis_hangs_waiting_calls_fail_together_and_later_ones_succeed(
    script: BatchedScript, server: embedded.Running
) -> None:
    call(script, 0)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(16) as pool:
            started = time.monotonic()
            failures = [pool.submit(call, script, number) for number in range(16)]
            assert all(isinstance(each.exception(), client.TimeoutError) for each in failures)
            # One after the other they would take 16 timeouts.
            assert time.monotonic() - started < 8 * TIMEOUT
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert eventually(lambda: call(script, 1)) == [b"k1", b"1"]


def test_a_late_answer_is_never_returned_for_a_later_call(script: BatchedScript, server: embedded.Running) -> None:
    call(script, 0)
    os.kill(server.pid, signal.SIGSTOP)
    with pytest.raises(client.TimeoutError):
        call(script, 1)
    os.kill(server.pid, signal.SIGCONT)
    assert [call(script, number) for number in range(2, 5)] == [[b"k%d" % n, b"%d" % n] for n in range(2, 5)]


def test_without_redis_a_call_fails_and_the_next_one_reconnects(
    script: BatchedScript, server: embedded.Running, tmp_path: Path
) -> None:
    call(script, 0)
    server.kill()
    for number in range(2):
        with pytest.raises(client.ConnectionError):
            call(script, number)
    with embedded.start(tmp_path / "again", server.port, appendonly=False):
        assert call(script, 3) == [b"k3", b"3"]
