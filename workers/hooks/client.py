"""Posts hooks to one address over kept-alive connections."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import certifi
import urllib3
from urllib3.util import Timeout, make_headers

from leadcore.errors import SettingsError
from leadcore.machine import Machine
from leadcore.retry_after import read_retry_after
from workers.flow.deadline import POOLS, proxy_for
from workers.flow.request_context import set_deadline
from workers.rules.endpoint import GONE

CONNECT_SECONDS, READ_SECONDS, DEADLINE_SECONDS = 5.0, 10.0, 10.0
SHORT_BODY = 65_536
LONGEST_WAIT = 7200.0
# These are about the address, or the moment, and not about what was posted.
_OF_ADDRESS = frozenset({401, 403, 404, 407, 408, 425, 429})
FOREIGN = (urllib3.exceptions.HTTPError, OSError, ValueError)
"""What a request may raise."""


@dataclass(frozen=True, slots=True)
class HookOutcome:
    """`why`: "" if the address took it, else a word. `asked_seconds`: how long it asked to wait. `refused`: whether it
    said that it will not have what was posted."""

    why: str = ""
    asked_seconds: float | None = None
    refused: bool = False


class HookClient:
    """Safe to use from `in_flight` threads. Redirects are not followed: their target was not configured, and would see
    what is sent."""

    def __init__(self, url: str, in_flight: int, machine: Machine) -> None:
        self.machine = machine
        parts = urlsplit(url)
        login = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        self._headers = {"Content-Type": "application/json", "User-Agent": "leadsync"}
        self._headers |= make_headers(basic_auth=unquote(login)) if login else {}
        self._pool: urllib3.PoolManager | None
        try:
            self._pool = _open_pool(self.url, in_flight)
        except SettingsError:
            self._pool = None

    def send(self, headers: Mapping[str, str], body: bytes) -> HookOutcome:
        """Post once. Never raises."""
        if self._pool is None:
            return HookOutcome("proxy")
        set_deadline(DEADLINE_SECONDS, self.machine)
        try:
            answer = self._pool.request(
                "POST",
                self.url,
                body=body,
                headers={**self._headers, **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            )
        except FOREIGN as error:
            return HookOutcome(_classify(error))
        _free_connection(answer)
        return _read_status(answer.status, answer.headers, self.machine.time())

    def close(self) -> None:
        if self._pool is not None:
            self._pool.clear()


def _open_pool(url: str, in_flight: int) -> urllib3.PoolManager:
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where()
    options: dict[str, Any] = {"maxsize": in_flight, "cert_reqs": "CERT_REQUIRED", "ca_certs": bundle}
    proxy = proxy_for(url)
    pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
    pool.pool_classes_by_scheme = POOLS
    return pool


def _free_connection(answer: urllib3.BaseHTTPResponse) -> None:
    """Read a short body, so that the connection can be reused; its text and its errors mean nothing."""
    length = answer.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length) <= SHORT_BODY:
        answer.drain_conn()
    else:
        answer.close()


def _classify(error: Exception) -> str:
    match error:
        case urllib3.exceptions.SSLError():
            return "tls"
        case urllib3.exceptions.NewConnectionError() | urllib3.exceptions.ProxyError():
            return "unreachable"
        case urllib3.exceptions.TimeoutError() | TimeoutError():
            return "timeout"
        case _:
            return "disconnected"


def _read_status(status: int, headers: Mapping[str, str], now: float) -> HookOutcome:
    if 200 <= status < 300:
        return HookOutcome()
    if status == 410:
        return HookOutcome(GONE)
    seconds = read_retry_after(headers.get("Retry-After", ""), headers.get("Date", ""), LONGEST_WAIT, now)
    refused = 400 <= status < 500 and status not in _OF_ADDRESS
    return HookOutcome("redirect" if 300 <= status < 400 else f"status {status}", seconds, refused)
