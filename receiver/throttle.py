"""Counts wrong secrets, per sender and in all: who sent too many is asked to wait, and the log stays short. Payment
pages are counted likewise, per sender and per link.

The secret is in the body, so it is checked first and a right one is never counted. What stops a guesser is the length
of the secret; this keeps guesses from filling the log or the memory. Each web process counts for itself.
"""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

WINDOW_SECONDS = 60
# Wrong secrets that a sender may try within a window before it is asked to wait.
ALLOWED = 10
# Wrong secrets of all senders together within a window, after which every sender of one is asked to wait.
ALLOWED_IN_ALL = 100
# Senders of a right password that are remembered.
KNOWN = 100


class Counted(NamedTuple):
    """`wait`: seconds for the sender to wait, else 0. `first`: whether it is the sender's first in this window;
    `spread`: whether it is the one with which all senders together reached their limit."""

    wait: float
    first: bool
    spread: bool


class Throttle:
    """Counts within windows of `WINDOW_SECONDS`, so many of a sender and of all together. Thread-safe."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        allowed: int = ALLOWED,
        allowed_in_all: int = ALLOWED_IN_ALL,
    ) -> None:
        self._clock, self._allowed, self._allowed_in_all = clock, allowed, allowed_in_all
        self._lock = threading.Lock()
        self._ends = 0.0
        self._total = 0
        self._counts: dict[str, int] = {}
        self._known: OrderedDict[str, None] = OrderedDict()

    def count(self, sender: str) -> Counted:
        """Count one wrong secret."""
        with self._lock:
            now = self._clock()
            if now >= self._ends:
                self._counts.clear()
                self._total, self._ends = 0, now + WINDOW_SECONDS
            self._total += 1
            # Beyond the limit of all nobody gets a count of its own, which bounds the memory and the log.
            has_count = self._total <= self._allowed_in_all or sender in self._counts
            if has_count:
                self._counts[sender] = self._counts.get(sender, 0) + 1
            first = has_count and self._counts[sender] == 1
            return Counted(self._wait(sender, now), first, self._total == self._allowed_in_all + 1)

    def remember(self, sender: str) -> None:
        """Others' wrong secrets do not make this sender wait from now on: it had a right one."""
        with self._lock:
            self._known[sender] = None
            self._known.move_to_end(sender)
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)

    def seconds_to_wait(self, sender: str) -> float:
        """Seconds to wait for a sender of too many wrong secrets, or for any that is not known while all together
        sent too many; else 0."""
        with self._lock:
            return self._wait(sender, self._clock())

    def _wait(self, sender: str, now: float) -> float:
        is_spread = self._total > self._allowed_in_all and sender not in self._known
        return max(0.0, self._ends - now) if is_spread or self._counts.get(sender, 0) > self._allowed else 0.0


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
