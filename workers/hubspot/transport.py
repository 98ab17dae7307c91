"""HTTP below HubSpot's client: kept-alive connections, one request per budget slot, a deadline for the whole answer.

It replaces the client's own transport, which has no deadline, fails on a non-UTF-8 error body and turns every error
status into an exception. The client's typed APIs still provide paths, authorization and models.
"""

import os
from itertools import count
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import msgspec
import urllib3
from hubspot.crm.contacts.rest import RESTClientObject

from leadcore.reasons import reason
from leadcore.store.counters import Tally
from workers.flow.breaker import Breaker
from workers.flow.deadline import POOLS, proxy_for
from workers.flow.errors import LineDown
from workers.flow.request_context import current, set_deadline
from workers.hubspot.answers import Answer, is_definite, raise_line_down
from workers.hubspot.budget import Budget, NoBudget
from workers.hubspot.faults import FOREIGN, translate
from workers.hubspot.versions import with_version
from workers.hubspot.writes import raise_write_down
from workers.rules.breaker import REPEATS, most_repeats
from workers.rules.retry import find_retry

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
DEADLINE_SECONDS = 20.0
IDLE_SECONDS = 30.0
# More than the calls that a drain has in flight.
CONNECTIONS = 24
_WRITES = frozenset({"upsert", "update", "create"})
_KINDS = _WRITES | {"read", "search", "archive"}
# Of these nobody knows what a repeat would do twice.
_UNREPEATABLE = frozenset({"create"})
MAX_ANSWER = 16 * 1024 * 1024


class Transport(RESTClientObject):  # type: ignore[misc]  # the client has no types
    """Replaces the client's `rest_client`; every call returns an `Answer` or raises `LineDown`. `version`: the API
    version that each path is asked for in. `breaker`: counts the calls and says which may be repeated; None: nobody
    counts, and none is repeated."""

    def __init__(
        self,
        configuration: Any,
        budget: Budget | NoBudget,
        tally: Tally,
        version: str,
        breaker: Breaker | None = None,
    ) -> None:
        configuration.ssl_ca_cert = os.environ.get("REQUESTS_CA_BUNDLE") or configuration.ssl_ca_cert
        proxy = proxy_for(configuration.host)
        if proxy:
            account = urllib3.util.parse_url(proxy).auth
            configuration.proxy = proxy
            configuration.proxy_headers = urllib3.make_headers(proxy_basic_auth=account and unquote(account))
        configuration.connection_pool_maxsize = CONNECTIONS
        super().__init__(configuration)
        self.pool_manager.pool_classes_by_scheme = POOLS
        self.budget, self.tally, self.version, self.breaker = budget, tally, version, breaker
        self.host = configuration.host
        self.used_at = budget.machine.monotonic()

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        body: Any = None,
        **_unused: Any,
    ) -> Answer:
        """Send one request, and in a flight again if it certainly failed; `body` is JSON bytes, or a value to encode.
        Raises `LineDown` if no whole answer came in time, `Stopping`, and whatever the check of
        `workers.flow.request_context` raises."""
        kind = _kind(url)
        url = self.host + with_version(url.removeprefix(self.host), self.version)
        if query_params:
            url += "?" + urlencode(query_params)
        if body is not None and not isinstance(body, bytes):
            body = msgspec.json.encode(body)
        started = self.budget.machine.monotonic()
        outcome: Answer | LineDown
        for repeats in count():
            try:
                outcome = self._send_counted(kind, method, url, headers, body)
            except LineDown as down:
                outcome = down
            if not self._may_repeat(kind, outcome, repeats, started):
                break
        if isinstance(outcome, LineDown):
            raise outcome
        return outcome

    def _may_repeat(self, kind: str, outcome: Answer | LineDown, repeats: int, started: float) -> bool:
        """Note what became of a call. True, after a moment, if it is to be sent again."""
        answer = None if isinstance(outcome, LineDown) else outcome
        fault = outcome if isinstance(outcome, LineDown) else find_fault(kind, outcome)
        breaker, flight = self.breaker, current().flight
        if breaker is None or (fault and not find_retry(fault.code).by_rate):
            return False
        if fault is None:
            breaker.note_success(write=kind in _WRITES)
            return False
        calls = breaker.note_failure(flight)
        if flight is None or kind in _UNREPEATABLE:
            return False
        if not is_definite(fault, answer):
            flight.weight, flight.late = flight.weight + REPEATS, True
            return False
        seconds = self.budget.machine.monotonic() - started
        if not breaker.wait_to_repeat(calls, flight, repeats, seconds, most_repeats(self.budget.granted)):
            return False
        flight.unsure |= kind == "upsert"
        return True

    def _send_counted(self, kind: str, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        with self.budget.slot() as slot:
            current().check()
            try:
                answer = self._send(method, url, headers, body)
            except LineDown as down:
                self.tally.add(f"calls:{kind}:{down.code}")
                raise
            self.tally.add(f"calls:{kind}:{answer.status}")
            slot.read_headers(answer.headers)
        self.tally.note("budget_limit", self.budget.granted)
        if slot.day:
            calls, limit = slot.day
            self.tally.note("quota_left", limit - calls)
            self.tally.note("quota_limit", limit)
        return answer

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        now = self.budget.machine.monotonic()
        if now - self.used_at > IDLE_SECONDS:
            # Routers drop idle connections silently, and the first request on such a one is lost.
            self.pool_manager.clear()
        self.used_at = now
        try:
            seconds = min(DEADLINE_SECONDS, current().seconds)
            set_deadline(seconds, self.budget.machine)
            response = self.pool_manager.request(
                method,
                url,
                body=body,
                headers={**headers, "Content-Type": "application/json"},
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=min(READ_SECONDS, seconds)),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                data = _read(response)
            except BaseException:
                response.close()
                raise
            response.release_conn()
        except FOREIGN as error:
            raise translate(error) from None
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, data)


def _kind(url: str) -> str:
    """The kind of a call, by its path, for the counters."""
    path = urlsplit(url).path
    last = path.rpartition("/")[2]
    if "/properties/" in path:
        return "properties"
    return "link" if "/associations/" in path and last != "read" else last if last in _KINDS else "other"


def find_fault(kind: str, answer: Answer) -> LineDown | None:
    """Why the answer means that the line waits, None if it does not."""
    if (kind == "other" and answer.says_one_missing) or answer.status == 204:
        return None
    try:
        if kind in _WRITES:
            raise_write_down(answer, creates=kind != "update")
        else:
            raise_line_down(answer)
    except LineDown as down:
        return down
    return None


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    parts, size = [], 0
    while part := response.read1(65_536):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER:
            raise LineDown("unexpected", reason("answer_too_long"))
    return b"".join(parts)
