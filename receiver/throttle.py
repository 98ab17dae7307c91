"""Counts wrong secrets per sender: a sender of many is asked to wait, and the log says so once per window.

The secret is in the body, so it is checked first and a right one is never counted. What stops a guesser is the length
of the secret; this keeps guesses from filling the log or the memory. Each web process counts for itself.
"""

import ipaddress
import threading
import time
from collections.abc import Callable

WINDOW_SECONDS = 60
# Wrong secrets that a sender may try within a window before it is asked to wait.
ALLOWED = 10
# Senders with a count of their own within a window; later ones share a count.
SENDERS = 1000
OTHERS = "others"


class Throttle:
    """Counts within windows of `WINDOW_SECONDS`. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ends = 0.0
        self._counts: dict[str, int] = {}

    def count(self, sender: str) -> tuple[str, int, float]:
        """Count one wrong secret. Returns the name it was counted under, that name's count in this window, and the
        seconds until the window ends."""
        with self._lock:
            now = self._clock()
            if now >= self._ends:
                self._counts.clear()
                self._ends = now + WINDOW_SECONDS
            name = self._name(sender)
            self._counts[name] = self._counts.get(name, 0) + 1
            return name, self._counts[name], self._ends - now

    def seconds_to_wait(self, sender: str) -> float:
        """Seconds to wait for a sender of more than `ALLOWED` wrong secrets, else 0."""
        with self._lock:
            left = self._ends - self._clock()
            return left if left > 0 and self._counts.get(self._name(sender), 0) > ALLOWED else 0.0

    def _name(self, sender: str) -> str:
        return sender if sender in self._counts or len(self._counts) < SENDERS else OTHERS


def sender_of(remote: str, forwarded: str, trusted_proxies: int) -> str:
    """The last hop that is not one of our proxies: an IPv4 address, the /64 of an IPv6 one (one machine can have all
    of it), or "unknown" for what is no address.

    `remote` is the peer of the connection, `forwarded` the X-Forwarded-For header, to which every proxy appends its
    peer. With fewer entries than trusted proxies none of them can be trusted.

    Not werkzeug's ProxyFix: it splits the header with `parse_list_header`, where one quotation mark from the sender
    hides the entry that our proxy appended (werkzeug 3.1.9). It would also cost every request of the fast path.
    """
    hops = forwarded.split(",") if forwarded else []
    last = hops[-trusted_proxies] if 0 < trusted_proxies <= len(hops) else remote
    address = _parse_address(last.strip())
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else address.exploded[:19] + "::/64"
    return str(address) if address else "unknown"


def network_of(sender: str) -> str:
    """The part of `sender` that may be logged: its network (/24, /48), which identifies no household."""
    if sender.endswith("::/64"):
        return sender[:14] + "::/48"
    return sender.rpartition(".")[0] + ".0/24" if "." in sender else sender


def _parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    # Some proxies write a port: 203.0.113.7:4711, [2001:db8::7]:4711.
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        # A scope (fe80::1%eth0) is local to the machine, and `exploded` fails on it.
        return ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
