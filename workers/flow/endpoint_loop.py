"""The thread that serves the addresses of a line, over a connection of its own and never in the leads' job."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

import structlog

from leadcore.endpoint import OPEN, STOPPED, Endpoint, pack
from leadcore.fields import ENDPOINT
from leadcore.machine import Future, Machine
from leadcore.store import keys
from leadcore.store.clock import Clock
from leadcore.store.connection import AWAY, Redis
from leadcore.store.endpoints import Endpoints
from leadcore.store.streams import Stream
from workers.rules.endpoint import GONE, after_failure, after_success

POLL_SECONDS = 0.1
BEAT_SECONDS = 1.0
REGISTER_SECONDS = 300.0
STOP_SECONDS = 2.0
log = structlog.get_logger("leadsync.endpoints")


class ServedEndpoint:
    """One address, its lock and its record."""

    def __init__(
        self, connection: Redis, line: str, shards: int, address: str, number: int, name: str, machine: Machine
    ) -> None:
        self.endpoints = Endpoints(connection, line, shards)
        self.clock = Clock(connection, machine)
        self.machine, self.shards = machine, shards
        self.digest = hashlib.sha256(address.encode()).hexdigest()[:16]
        self.number, self.name = number, name
        self.record = Endpoint(self.digest)
        self.held = False
        self._locks = Stream(connection, line)
        self._lock_name = keys.endpoint_lock(line, self.digest)
        self._token = machine.token()
        self._beat_at = self._registered_at = float("-inf")

    @property
    def redis(self) -> Redis:
        return self.endpoints.redis

    @property
    def line(self) -> str:
        return self.endpoints.line

    def register(self) -> None:
        """Note in Redis that this address is served. Raises redis-py's errors."""
        self.endpoints.register(self.digest, self.number, self.name)
        self._registered_at = self.machine.monotonic()

    def hold(self) -> bool:
        """Keep the lock, or take it if it is free; the record is as new as the last beat. Raises redis-py's errors."""
        now = self.machine.monotonic()
        if now - self._beat_at < BEAT_SECONDS:
            return self.held
        self._beat_at = now
        if now - self._registered_at > REGISTER_SECONDS:
            self.register()
        is_kept = self._locks.renew_lock(self._lock_name, self._token)
        # One that was lost is taken a beat later: another worker may have gone on meanwhile.
        self.held = is_kept or (not self.held and self._locks.acquire_lock(self._lock_name, self._token))
        if self.held:
            self.record = self.endpoints.read(self.digest)
        return self.held

    def read_cursors(self) -> list[bytes]:
        """How far each shard is done, as Redis has it now. Raises redis-py's errors."""
        self.record = self.endpoints.read(self.digest)
        return [self.record.cursors.get(shard, "0-0").encode() for shard in range(self.shards)]

    def write(self, commands: Iterable[Sequence[Any]], **values: Any) -> bool:
        """Run the commands and change the record, if the lock is still ours; whether it was. Raises redis-py's
        errors."""
        key = keys.endpoint(self.line, self.digest)
        changed = [("HSET", key, *pack(**values))] if values else []
        self.held = self.endpoints.write(self.digest, self._token, [*commands, *changed])
        if self.held:
            self.record = replace(self.record, **values)
        return self.held

    def count(self, name: str, by: int) -> Sequence[Any]:
        """The command that adds to a number in the record."""
        return ("HINCRBY", keys.endpoint(self.line, self.digest), ENDPOINT[name], by)

    def judge(
        self, now_ms: int, why: str = "", asked_seconds: float | None = None, *, took: bool = False
    ) -> dict[str, Any]:
        """What changes of the record if the address failed (`why`: a word) or, before that or only, took something.
        A failure is logged."""
        record, values = self.record, dict[str, Any]()
        # What comes back after the address began to pause says nothing new of it.
        pauses = record.state != OPEN and now_ms < record.until_ms
        if record.state == STOPPED or (pauses and why != GONE):
            return values
        if took and not pauses:
            values = after_success(record)
            record = replace(record, **values)
        if why:
            values |= after_failure(record, why, now_ms, asked_seconds=asked_seconds, random=self.machine.random())
            write_log = log.error if values["state"] == STOPPED else log.warning
            write_log(f"{self.line}.{values['state']}", address=self.number, why=values["why"])
        return values

    def seconds_to_wait(self) -> float | None:
        """Until it may be tried, 0 if at once; None while it is stopped."""
        if self.record.state == STOPPED:
            return None
        return max((self.record.until_ms - self.clock.now_ms()) / 1000, 0.0)

    def lose(self) -> None:
        """Redis failed: the lock is not ours until Redis says so."""
        self.held = False

    def release(self) -> None:
        """Let another worker serve the address at once."""
        if self.held:
            self.endpoints.write(self.digest, self._token, [("DEL", self._lock_name)])
        self.held = False


class Delivery(Protocol):
    """What serves one address."""

    served: ServedEndpoint

    @property
    def in_flight(self) -> Collection[Future[Any]]: ...

    def step(self, *, starts: bool = True) -> float:
        """Record what is done and, if it `starts` any, start what can be started, without waiting for an address.
        Returns how many seconds to wait at most until the next step. Raises redis-py's errors."""

    def close(self) -> None: ...


class EndpointLoop:
    """Serves all addresses of a line in turn; none waits for another."""

    def __init__(self, deliveries: Sequence[Delivery], line: str, machine: Machine) -> None:
        self.deliveries, self.line, self.machine = deliveries, line, machine
        self._end = machine.event()
        self._thread = machine.thread(self._run, line)

    def start(self) -> None:
        """Nothing that happens from now on is missed by a new address."""
        with suppress(*AWAY):  # the thread tries again
            for one in self.deliveries:
                one.served.register()
        self._thread.start()

    def end(self) -> None:
        """Let the thread end, and do not wait for it."""
        self._end.set()

    def stop(self) -> None:
        """End the thread; what is under way has `STOP_SECONDS` to come back."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS * 2)

    def _run(self) -> None:
        while not self._end.is_set():
            self._wait(min(self._step(one) for one in self.deliveries))
        ends_at = self.machine.monotonic() + STOP_SECONDS
        while flights := self._flights():
            done = {future for future in flights if future.done()}
            for one in self.deliveries:
                self._step(one, starts=False)
            # One that was done and stays is not recorded: the lock is lost.
            flights = [future for future in self._flights() if future not in done]
            left = ends_at - self.machine.monotonic()
            if not flights or left <= 0:
                break
            self.machine.wait_first(flights, left)
        for one in self.deliveries:
            one.close()
            with suppress(*AWAY):
                one.served.release()

    def _flights(self) -> list[Future[Any]]:
        return [future for one in self.deliveries for future in one.in_flight]

    def _wait(self, seconds: float) -> None:
        # What is done where the lock is lost waits for the lock.
        flights = [future for one in self.deliveries if one.served.held for future in one.in_flight]
        if flights:
            self.machine.wait_first(flights, seconds)
        else:
            self._end.wait(seconds)

    def _step(self, one: Delivery, *, starts: bool = True) -> float:
        try:
            return one.step(starts=starts)
        except AWAY as error:  # maintenance tells of it
            log.debug(f"{self.line}.failed", error=type(error).__name__)
        except Exception as error:  # the thread must survive every fault; the next step tries again
            log.warning(f"{self.line}.failed", error=type(error).__name__)
        one.served.lose()
        self._end.wait(POLL_SECONDS)
        return BEAT_SECONDS
