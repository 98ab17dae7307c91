"""The only module that knows DealDroid's webhook: POST {"customer_id", "messages": [...]}. Any 2xx is success, whatever
its body: DealDroid's page shows one that is not JSON.
"""

import os
import socket
import ssl
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies

from leadcore.machine import Machine
from leadcore.reasons import reason
from leadcore.retry_after import read_retry_after
from workers.flow.deadline import POOLS
from workers.flow.request_context import set_deadline
from workers.rules.outcomes import DeliveryOutcome, MessageFailed, MessageSent, MessageUnclear

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
DEADLINE_SECONDS = 20.0
SHORT_BODY = 65_536
# What a request may raise: requests' errors, most of which are OSErrors, and what it passes on.
FOREIGN = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)
LONGEST_WAIT = 3600.0
IDLE_SECONDS = 5.0


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager


class DealDroid:
    """Sends messages over kept-alive connections; safe to use from `in_flight` threads."""

    def __init__(self, url: str, in_flight: int, machine: Machine) -> None:
        self.url, self.machine = url, machine
        self._used_at = machine.monotonic()
        self.session = requests.Session()
        # Read the proxy variables once: requests reads them, and a netrc file, for every message.
        self.session.trust_env = False
        self.session.proxies.update(get_environ_proxies(url))
        self.session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        adapter = _Adapter(pool_connections=1, pool_maxsize=in_flight, max_retries=0)
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)

    def refresh(self) -> None:
        """Close idle connections: a router may have dropped one, and the first message on it would be lost."""
        now = self.machine.monotonic()
        if now - self._used_at > IDLE_SECONDS:
            self.session.close()
        self._used_at = now

    def send(self, customer: str | int | float, *texts: str) -> DeliveryOutcome:
        """Send one message of some `texts`; `customer` exactly as DealDroid gave it. Never raises."""
        context = set_deadline(DEADLINE_SECONDS, self.machine)
        try:
            request = self._blank.copy()
            request.prepare_body(None, None, json={"customer_id": customer, "messages": texts})
            answer = self.session.send(
                request, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True
            )
        except FOREIGN as error:
            return _classify_error(error, request_started=context.request_started)
        _free_connection(answer)
        return _read_status(answer.status_code, _read_wait(answer))

    @cached_property
    def _blank(self) -> requests.PreparedRequest:
        """The part that all requests share: preparing it for each costs a third of a call (measured). Raises requests'
        errors for an invalid URL."""
        return self.session.prepare_request(requests.Request("POST", self.url))


def reach(url: str) -> str:
    """Why no connection can be made to the webhook's host, "" if one can. Sends no request. Behind a proxy only the
    proxy can tell, so the answer is ""."""
    if get_environ_proxies(url):
        return ""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((host, port), CONNECT_SECONDS) as connection:
            if parts.scheme == "https":
                trusted = ssl.create_default_context(
                    cafile=os.environ.get("REQUESTS_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
                )
                trusted.wrap_socket(connection, server_hostname=host).close()
    except socket.gaierror:
        return "its name does not resolve"
    except ssl.SSLError:
        return "no TLS connection can be made"
    except (OSError, UnicodeError):
        return "it cannot be reached"
    return ""


def _free_connection(answer: requests.Response) -> None:
    """Read a short body, so that the connection can be reused; its text and its errors mean nothing."""
    length = answer.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length) <= SHORT_BODY:
        answer.raw.drain_conn()
    else:
        answer.close()


def _classify_error(error: Exception, *, request_started: bool) -> DeliveryOutcome:
    """`request_started`: whether the request, or a part of it, may have reached DealDroid."""
    match error:
        case requests.exceptions.SSLError() | requests.exceptions.ProxyError() if not request_started:
            return MessageFailed(reason("dealdroid_tls_failed"), retry=True, repeat=True)
        case _ if not request_started:
            return MessageFailed(reason("dealdroid_unreachable"), retry=True, repeat=True)
        case requests.exceptions.Timeout():
            return MessageUnclear(reason("dealdroid_too_late"))
        case requests.exceptions.ConnectionError():
            return MessageUnclear(reason("dealdroid_disconnected"))
        case _:
            return MessageUnclear(reason("dealdroid_unreadable"))


def _read_wait(answer: requests.Response) -> float | None:
    """The seconds that `Retry-After` asks for, as a number or as a date by the answer's own clock; None if it does not
    say."""
    return read_retry_after(answer.headers.get("Retry-After", ""), answer.headers.get("Date", ""), LONGEST_WAIT)


def _read_status(status: int, seconds: float | None) -> DeliveryOutcome:
    if 200 <= status < 300:
        return MessageSent()
    if status in (408, 425, 429) or status >= 500:
        # A gateway that waited in vain says 504 or 524.
        repeat = status >= 500 and status not in (504, 524) and seconds is None
        why = reason("dealdroid_answered", status=status)
        slow_down = status == 429 or (status == 503 and seconds is not None)
        return MessageFailed(why, retry=True, seconds=seconds, repeat=repeat, slow_down=slow_down)
    return MessageFailed(reason("message_refused", status=status), retry=False)
