"""HubSpot's and DealDroid's stand-ins without a network: a request is a call that others may run before and after, and
that may fail on its way there or back."""

import io
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from flask import Flask
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from bench.simulation.machine import BEGAN
from bench.simulation.redis_link import Weather
from bench.simulation.scheduler import Process, Scheduler
from leadcore.store import lines
from sandbox import call_log, dealdroid
from sandbox.hubspot import (
    account,
    answers,
    app,
    associations,
    batches,
    control,
    objects,
    portal,
    properties,
    schema,
    table,
)
from sandbox.hubspot.faults import HTML
from workers.bootstrap import Runtime
from workers.flow.request_context import current

HANG_SECONDS = 11.0
"""A little longer than the clients wait."""
SLOW_SECONDS = 9.0
"""A little shorter."""
# A request to HubSpot takes about so long.
LATENCIES = (0.1, 0.1, 0.4)
# The slowest request takes so many times as long as one usually does.
SLOWEST = 2.0
BROWNOUT_SHARE, BROWNOUT_SECONDS = 0.6, 2.0
SLOW_ANSWERS, SLOW_ANSWERS_SECONDS = (2.0, 8.0), 20.0
# As HubSpot may ask for.
REST_SECONDS = ("1", "1", "4")
# One row of a batch is answered with an error, or not at all although it was dealt with.
ROW_KINDS = ("row_locked", "missing_rows")
HUBSPOT_KINDS = ("423", "429", "500", "502", "hang", "lost answer", "unreachable", *ROW_KINDS)
# Those that pause a line, each for its own time.
LINE_KINDS = ("423", "429")
# None that ends a connection before the message is taken: such a customer stays untold, and nobody could tell that
# from a broken promise.
DEALDROID_KINDS = ("408", "408", "429", "500", "lost answer")
JSON = {"Content-Type": "application/json"}
# Modules that read the time.
_HUBSPOT = (account, answers, app, associations, batches, control, objects, portal, properties, schema, table)
_TIMED = (*_HUBSPOT, call_log, dealdroid)


class Traffic:
    """How requests to one stand-in fare: `share` of them fail in one of the ways `kinds`; each takes about `latency`
    seconds to arrive, and its answer so many as `thinks` says from and to. `under_way`: how many of each process are on
    their way; `faulty`: how many failed; `refused`: how many the quota refused; `senders`: of each message that was
    taken."""

    def __init__(self, scheduler: Scheduler, dice: random.Random, kinds: Sequence[str]) -> None:
        self.scheduler, self.share, self.latency = scheduler, 0.0, 0.1
        self.requests = self.faulty = self.refused = 0
        self.thinks: tuple[float, ...] = ()
        self.under_way: Counter[Process] = Counter()
        self.senders: list[Process] = []
        self.kinds = self._kinds = kinds
        self._dice = dice
        self._answered: tuple[Process, int] | None = None

    def answer(self) -> None:
        """What was asked is done. Whoever dies here never knows."""
        self._answered = self.scheduler.current().process, self.scheduler.turns
        if self.thinks:
            self.travel(self._dice.uniform(*self.thinks))
        self.scheduler.pause()

    def has_just_answered(self, process: Process) -> bool:
        """Whether the process was answered in the last turn."""
        return self._answered == (process, self.scheduler.turns)

    def draw(self) -> str:
        """What goes wrong with the next request, "" for nothing, once it is there. Raises `Killed`."""
        self.travel(self.latency * self._dice.uniform(0.2, SLOWEST))
        kind = self._dice.choice(self.kinds) if self._dice.random() < self.share else ""
        self.requests += 1
        self.faulty += bool(kind)
        return kind

    def choose(self, options: Sequence[str]) -> str:
        """By the seed."""
        return self._dice.choice(options)

    def brown_out(self) -> None:
        """More requests fail for a while, in one or two ways."""
        share, self.share = self.share, BROWNOUT_SHARE
        kinds = LINE_KINDS if self._dice.random() < 0.5 else self._kinds
        self.kinds = [self._dice.choice(kinds), self._dice.choice(kinds)]
        self.scheduler.wait(None, self.scheduler.now + BROWNOUT_SECONDS)
        self.share, self.kinds = min(share, self.share), self._kinds

    def slow_down(self) -> None:
        """Answers take so long for a while that two outlast a lock."""
        self.thinks = SLOW_ANSWERS
        self.scheduler.wait(None, self.scheduler.now + SLOW_ANSWERS_SECONDS)
        self.thinks = ()

    def travel(self, seconds: float) -> None:
        """A request on its way arrives, whatever becomes of its sender."""
        process = self.scheduler.current().process
        self.under_way[process] += 1
        try:
            self.scheduler.wait(None, self.scheduler.now + seconds)
        finally:
            self.under_way[process] -= 1


class Pauses:
    """Looks at the pauses of the lines. `shortened`: how often one ended before its time."""

    def __init__(self, client: Any, weather: Weather, now_ms: Callable[[], int]) -> None:
        self.shortened = 0
        self._redis, self._weather, self._now_ms = client, weather, now_ms
        self._until_ms, self._run = [0] * len(lines.LINES), weather.run

    def look(self) -> None:
        """Compare them with what they were before."""
        pipe = self._redis.pipeline(transaction=False)
        for line in lines.LINES:
            pipe.hget(line.pause, "until")
        until_ms, now_ms = [int(one or 0) for one in pipe.execute()], self._now_ms()
        # Another server may not know of it.
        if self._run == self._weather.run:
            before = zip(until_ms, self._until_ms, strict=True)
            self.shortened += sum(until < was and now_ms < was for until, was in before)
        self._until_ms, self._run = until_ms, self._weather.run


class HubSpotPool:
    """In the place of the pool manager below HubSpot's client."""

    def __init__(self, app: Flask, traffic: Traffic, pauses: Pauses) -> None:
        self._app, self._traffic, self._pauses = app, traffic, pauses

    def clear(self) -> None:
        """There are no connections."""

    def request(self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str], **_: Any) -> Any:
        """As `urllib3.PoolManager.request`, for what the adapter asks of it."""
        self._pauses.look()
        scheduler, kind = self._traffic.scheduler, self._traffic.draw()
        match kind:
            case "slow":
                self._traffic.travel(SLOW_SECONDS)
            case "unreachable":
                raise urllib3.exceptions.ProtocolError("unreachable")
            case "hang":
                scheduler.wait(None, scheduler.now + HANG_SECONDS)
                raise urllib3.exceptions.TimeoutError("no answer")
            case "500" | "502":
                return answer(int(kind), {}, HTML)
            case "429":
                limit = b'{"status":"error","errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING"}'
                return answer(429, {"Retry-After": self._traffic.choose(REST_SECONDS)}, limit)
            case "423":
                return answer(423, {}, b'{"status":"error","category":"LOCKED"}')
        # What has no associations has no row among them either.
        if kind in ROW_KINDS and "/batch/" in url and not ("/associations/" in url and url.endswith("/read")):
            ask(self._app, "POST", "/_sandbox/faults", json.dumps({"kind": kind, "count": 1}).encode(), JSON)
        status, answered, data = ask(self._app, method, url, body or b"", headers)
        self._traffic.refused += status == 429
        self._traffic.answer()
        if kind == "lost answer":
            raise urllib3.exceptions.ProtocolError("the answer was lost")
        return answer(status, answered, data)


def ask(
    app: Flask, method: str, url: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer of a stand-in. Flask's test client would cost three times as much."""
    parts = urlsplit(url)
    environ: dict[str, Any] = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ |= {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path, "latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "simulation",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": environ.get("HTTP_CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    begun: list[Any] = []

    def start_response(status: str, found: list[tuple[str, str]], _: Any = None, /) -> Any:
        begun.extend((int(status.partition(" ")[0]), dict(found)))

    data = b"".join(app(environ, start_response))
    return begun[0], begun[1], data


def answer(status: int, headers: Mapping[str, str], body: bytes) -> urllib3.HTTPResponse:
    """What urllib3 would return."""
    return urllib3.HTTPResponse(io.BytesIO(body), headers=headers, status=status, preload_content=False)


class DealDroidAdapter(BaseAdapter):
    """In the place of the adapter below DealDroid's session."""

    def __init__(self, app: Flask, traffic: Traffic) -> None:
        super().__init__()
        self._app, self._traffic = app, traffic

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        kind = self._traffic.draw()
        current().request_started = True
        response = requests.Response()
        response.url, response.headers = request.url or "", CaseInsensitiveDict({"Content-Length": "0"})
        response.raw = answer(200, {}, b"")
        if kind.isdigit():
            response.status_code = int(kind)
            return response
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        headers = {"Content-Type": "application/json"}
        response.status_code = ask(self._app, "POST", request.url or "", body, headers)[0]
        if response.ok:
            sender = self._traffic.scheduler.current().process
            self._traffic.senders += [sender] * len(json.loads(body)["messages"])
        self._traffic.answer()
        if kind == "lost answer":
            raise requests.exceptions.ConnectionError("the answer was lost")
        return response

    def close(self) -> None:
        """There are no connections."""


@contextmanager
def timed(scheduler: Scheduler) -> Iterator[None]:
    """The stand-ins have the simulation's time."""
    clock = SimpleNamespace(time=lambda: BEGAN + scheduler.now)
    with ExitStack() as stack:
        for module in _TIMED:
            stack.enter_context(mock.patch.object(module, "time", clock))
        yield


def use(runtime: Runtime, pool: HubSpotPool, adapter: DealDroidAdapter) -> None:
    """Let a worker's clients talk to the stand-ins."""
    hubspot = runtime.sync.hubspot
    apis = [hubspot._batch, hubspot._basic, hubspot._search, hubspot._core, hubspot._groups]
    for drain in (runtime.orders, runtime.payments, runtime.notes, runtime.stages):
        if drain is not None:
            apis += [getattr(drain.records, name) for name in ("_batch", "_basic", "_search", "_links")]
    for api in apis:
        api.api_client.rest_client.pool_manager = pool
    # What is made later shares it.
    hubspot._pool = pool
    runtime.outbox.dealdroid.session.mount("http://", adapter)
