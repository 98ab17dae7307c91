"""The sockets that the web processes accept from.

Granian opens one per process with SO_REUSEPORT, which shares a port that another program of the same user has opened in
the same way: each gets a part of the requests, and nobody notices. So they are opened here, the first exclusively, and
outlive the processes that accept from them: what connects while one of those is replaced waits.
"""

import errno
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from leadcore.errors import SettingsError

BACKLOG = 1024
# A web process that was killed leaves children, which notice within a second and finish their requests.
WAIT_SECONDS = 5.0
_POLL_SECONDS, _PROBE_SECONDS = 0.1, 0.5
_BOTH_LOOPBACKS, _BOTH_WILDCARDS = ("127.0.0.1", "::1"), ("0.0.0.0", "::")  # noqa: S104 - compared with, not opened
Address = tuple[int, str]
"""An address family and a numeric address."""


def listen(host: str, port: int, wait_seconds: float = WAIT_SECONDS) -> socket.socket:
    """Listen on `host`, a name or an address of this machine, and `port`; 0 takes any free one. Raises `SettingsError`
    if that cannot be, or if the port is still taken after `wait_seconds`: by a program on the same address, or on one
    by which requests meant for this one can go there (127.0.0.1, 0.0.0.0, ::1 and :: overlap)."""
    found = _resolve(host, port)
    deadline = time.monotonic() + wait_seconds
    while True:
        listener = _open_first(found, host, port)
        if listener:
            return listener
        if time.monotonic() > deadline:
            raise SettingsError(
                f"PORT {port} is taken: another program listens on it at {_name(found[0][1])} or at an address that "
                "overlaps. End it, or set PORT to another port."
            )
        time.sleep(_POLL_SECONDS)


def share_out(listener: socket.socket, count: int) -> list[socket.socket]:
    """`listener`, and on Linux as many more on its address as make `count`: the system deals connections out evenly
    among them. Where it does not, all processes accept from the one, and whichever is first may take them all. Of two
    programs that come here at once the second has been refused before: only the first opens with SO_REUSEPORT."""
    found = [listener]
    if sys.platform == "linux" and count > 1:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            for _ in range(1, count):
                found.append(_open(listener.family, listener.getsockname(), reuse_port=True))
        except OSError:  # a kernel that knows no groups of listeners, or no change of a listener
            for one in found[1:]:
                one.close()
            return [listener]
    return found


def address_of(listener: socket.socket) -> str:
    """Its URL, without a path: `http://127.0.0.1:8000`."""
    address, port = listener.getsockname()[:2]
    return f"http://{_name(address)}:{port}"


def _resolve(host: str, port: int) -> list[Address]:
    """What `host` stands for, IPv4 first, as programs on this machine expect of `localhost`."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        found = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise SettingsError(
            f"HOST {host!r} is unknown. Set it to an address or a name of this machine, such as 127.0.0.1, without a "
            "port, or to 0.0.0.0 for all of its addresses."
        ) from None
    addresses = [(int(family), str(address[0])) for family, _, _, _, address in found]
    return sorted(dict.fromkeys(addresses), key=lambda one: one[0] != socket.AF_INET)


def _open_first(found: list[Address], host: str, port: int) -> socket.socket | None:
    """A listener on the first of the addresses that this machine has, None if the port is taken there."""
    refusal = OSError()
    for family, address in found:
        if port and any(_is_taken(*each, port) for each in _overlapping(family, address)):
            return None
        try:
            return _open(family, (address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return None
            refusal = error
    if refusal.errno in (errno.EACCES, errno.EPERM):
        raise SettingsError(f"PORT {port} may not be opened by this user. Set PORT to one from 1024 upwards.")
    raise SettingsError(f"HOST {host!r} is not an address of this machine ({refusal.strerror}).")


def _open(family: int, address: tuple[Any, ...], *, reuse_port: bool = False) -> socket.socket:
    both = address[0] == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(address, family=family, backlog=BACKLOG, reuse_port=reuse_port, dualstack_ipv6=both)


def _overlapping(family: int, address: str) -> Iterator[Address]:
    yield family, address
    for group in (_BOTH_LOOPBACKS, _BOTH_WILDCARDS):
        for other in group if address in group else ():
            if other != address:
                yield (socket.AF_INET6 if ":" in other else socket.AF_INET), other


def _is_taken(family: int, address: str, port: int) -> bool:
    """Connecting shows a listener on an address that overlaps also where the system lets both be open (macOS), opening
    shows one that is too busy to answer."""
    with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_SECONDS)
        probe.connect((address, port))
        # A connection from a port to itself is none.
        return bool(probe.getsockname() != probe.getpeername())
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _name(address: str) -> str:
    return f"[{address}]" if ":" in address else address
