"""HTTP below HubSpot's client: kept-alive connections, one request per budget slot, a deadline for the whole answer.

It replaces the client's own transport, which has no deadline, fails on a non-UTF-8 error body and turns every error
status into an exception. The client's typed APIs still provide paths, authorization and models.
"""

import os
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import msgspec
import urllib3
from hubspot.crm.contacts.rest import RESTClientObject

from leadcore.reasons import reason
from leadcore.store.counters import Tally
from workers.flow.deadline import POOLS, proxy_for
from workers.flow.errors import LineDown
from workers.flow.request_context import current, set_deadline
from workers.hubspot.answers import Answer
from workers.hubspot.budget import Budget, NoBudget
from workers.hubspot.faults import FOREIGN, translate
from workers.hubspot.versions import with_version

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
DEADLINE_SECONDS = 20.0
IDLE_SECONDS = 30.0
# More than the calls that a drain has in flight.
CONNECTIONS = 24
_KINDS = frozenset({"upsert", "update", "read", "search"})
MAX_ANSWER = 16 * 1024 * 1024


class Transport(RESTClientObject):  # type: ignore[misc]  # the client has no types
    """Replaces the client's `rest_client`; every call returns an `Answer` or raises `LineDown`. `version`: the API
    version that each path is asked for in."""

    def __init__(self, configuration: Any, budget: Budget | NoBudget, tally: Tally, version: str) -> None:
        configuration.ssl_ca_cert = os.environ.get("REQUESTS_CA_BUNDLE") or configuration.ssl_ca_cert
        proxy = proxy_for(configuration.host)
        if proxy:
            account = urllib3.util.parse_url(proxy).auth
            configuration.proxy = proxy
            configuration.proxy_headers = urllib3.make_headers(proxy_basic_auth=account and unquote(account))
        configuration.connection_pool_maxsize = CONNECTIONS
        super().__init__(configuration)
        self.pool_manager.pool_classes_by_scheme = POOLS
        self.budget, self.tally, self.version = budget, tally, version
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
        """Send one request; `body` is JSON bytes, or a value to encode. Raises `LineDown` if no whole answer came in
        time, `Stopping`, and whatever the check of `workers.flow.request_context` raises."""
        kind = _kind(url)
        url = self.host + with_version(url.removeprefix(self.host), self.version)
        if query_params:
            url += "?" + urlencode(query_params)
        if body is not None and not isinstance(body, bytes):
            body = msgspec.json.encode(body)
        with self.budget.slot() as slot:
            current().check()
            try:
                answer = self._send(method, url, headers, body)
            except LineDown as down:
                self.tally.add(f"calls:{kind}:{down.code}")
                raise
            self.tally.add(f"calls:{kind}:{answer.status}")
            slot.read_headers(answer.headers)
        self._note_quotas(answer)
        return answer

    def _note_quotas(self, answer: Answer) -> None:
        """Note the quotas that the answer's headers report."""
        self.tally.note("budget_limit", self.budget.granted)
        for name, header in (("left", "daily-remaining"), ("limit", "daily")):
            value = answer.headers.get(f"x-hubspot-ratelimit-{header}", "")
            if value.isascii() and value.isdigit():
                self.tally.note(f"quota_{name}", int(value))

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        now = self.budget.machine.monotonic()
        if now - self.used_at > IDLE_SECONDS:
            # Routers drop idle connections silently, and the first request on such a one is lost.
            self.pool_manager.clear()
        self.used_at = now
        try:
            set_deadline(DEADLINE_SECONDS, self.budget.machine)
            response = self.pool_manager.request(
                method,
                url,
                body=body,
                headers={**headers, "Content-Type": "application/json"},
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
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
    return last if last in _KINDS else "properties" if "/properties/" in path else "other"


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    parts, size = [], 0
    while part := response.read1(65_536):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER:
            raise LineDown("unexpected", reason("answer_too_long"))
    return b"".join(parts)
