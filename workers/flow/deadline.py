"""A deadline for one HTTP call's whole answer, and whether its request may have reached the server.

urllib3's timeout applies to each read, so a server that sends a byte now and then, in a header or a chunk size, could
hold a worker for hours. Nor do its errors say whether a TLS fault came before or after the request was sent.
"""

import io
import socket
import sys
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from leadcore.errors import SettingsError
from workers.flow.request_context import current

# Else the kernel holds the bytes of a call that was given up, and delivers them minutes later when the network is back,
# after a newer write. As long as each caller waits for an answer.
_GIVEN_UP = [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000)] if sys.platform == "linux" else []


def proxy_for(url: str) -> str:
    """The proxy for `url` from the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY), "" if none. Raises
    `SettingsError` if it is not an HTTP proxy."""
    parts, proxies = urlsplit(url), getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not proxy.startswith(("http://", "https://")):
        name = f"{parts.scheme.upper()}_PROXY" if proxies.get(parts.scheme) else "ALL_PROXY"
        raise SettingsError(f"{name}, the proxy for {parts.hostname}, must begin with http:// or https://.")
    return proxy


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until the call's deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._socket, self._timeout = raw, sock, sock.gettimeout() or 0.0
        self._context = current()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._context.seconds_left
        if left <= 0:
            raise TimeoutError
        if left < self._timeout:
            self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock))


class _Plain(HTTPConnection):
    response_class = _Response

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **_with_given_up(options))

    def endheaders(self, *args: Any, **options: Any) -> None:
        _connect_and_note(self)
        super().endheaders(*args, **options)


class _Secure(HTTPSConnection):
    response_class = _Response

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **_with_given_up(options))

    def endheaders(self, *args: Any, **options: Any) -> None:
        _connect_and_note(self)
        super().endheaders(*args, **options)


def _with_given_up(options: dict[str, Any]) -> dict[str, Any]:
    usual = options.get("socket_options", HTTPConnection.default_socket_options)
    return {**options, "socket_options": [*(usual or ()), *_GIVEN_UP]}


def _connect_and_note(connection: HTTPConnection) -> None:
    if connection.sock is None:
        connection.connect()
    current().request_started = True


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


POOLS = {"http": _PlainPool, "https": _SecurePool}
"""For `pool_classes_by_scheme` of a urllib3 PoolManager or ProxyManager."""
