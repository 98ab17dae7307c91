"""Wrong secrets, counted per sender: a sender of many is asked to wait, and the log says so once a minute.

The secret stands in the body, so it is checked first and a right one is never counted: what stops a guesser is the
length of the secret, and this keeps guesses from filling the log or the memory. Each web process counts for itself.
"""

import ipaddress
import threading
import time
from collections.abc import Callable

WINDOW_SECONDS = 60
# Wrong secrets that a sender may try within a window before it is asked to wait.
ALLOWED = 10
# Senders told apart within a window; those who come later share one count.
SENDERS = 1000
OTHERS = "others"


class Throttle:
    """Counts within windows of `WINDOW_SECONDS`; safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ends = 0.0
        self._counts: dict[str, int] = {}

    def count(self, sender: str) -> tuple[str, int, float]:
        """Count one wrong secret: under which name it was counted, the how many-th it is in this window, and the
        seconds until the window ends."""
        with self._lock:
            now = self._clock()
            if now >= self._ends:
                self._counts.clear()
                self._ends = now + WINDOW_SECONDS
            name = self._name(sender)
            self._counts[name] = self._counts.get(name, 0) + 1
            return name, self._counts[name], self._ends - now

    def wait(self, sender: str) -> float:
        """The seconds that a sender of more than `ALLOWED` shall wait, 0 if it need not."""
        with self._lock:
            left = self._ends - self._clock()
            return left if left > 0 and self._counts.get(self._name(sender), 0) > ALLOWED else 0.0

    def _name(self, sender: str) -> str:
        return sender if sender in self._counts or len(self._counts) < SENDERS else OTHERS


def sender_of(remote: str, forwarded: str, trusted_proxies: int) -> str:
    """Who sent a request: the last hop that is not one of our proxies, an IPv6 one as its /64, all of which one
    machine can have; "unknown" for what is no address.

    `remote` is the peer of the connection, `forwarded` the X-Forwarded-For header, to which every proxy appends its
    peer. With fewer entries than trusted proxies nothing in it can be believed.
    """
    hops = forwarded.split(",") if forwarded else []
    last = hops[-trusted_proxies] if 0 < trusted_proxies <= len(hops) else remote
    address = _address(last.strip())
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else address.exploded[:19] + "::/64"
    return str(address) if address else "unknown"


def network_of(sender: str) -> str:
    """What a log may say of `sender`: its network (/24, /48), which names no household."""
    if sender.endswith("::/64"):
        return sender[:14] + "::/48"
    return sender.rpartition(".")[0] + ".0/24" if "." in sender else sender


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    # Some proxies write a port: 203.0.113.7:4711, [2001:db8::7]:4711.
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        # A scope (fe80::1%eth0) is the machine's own, and `exploded` fails on it.
        return ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
