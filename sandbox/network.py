"""Other machines on this one: network namespaces of Linux, each joined to it by a cable of its own (a veth pair). They
need root, util-linux and Debian's iproute2."""

import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack

from sandbox.failover import Link

# Set aside for tests between networks (RFC 2544): 198.18.0.0 to 198.19.255.255, 16 addresses for each machine.
_ADDRESS, _BLOCKS = "198.{}.{}.{}", 1 << 13
_NOBODY = "02:00:00:00:00:01"
_CABLE = "cable"


def find_obstacle() -> str:
    """Why no machine can be made here, "" if one can."""
    if sys.platform != "linux":
        return "network namespaces are Linux'"
    missing = [name for name in ("ip", "tc", "unshare", "nsenter") if not shutil.which(name)]
    if missing:
        return f"there is no {missing[0]} here (Debian: iproute2, util-linux)"
    tried = subprocess.run(
        ["unshare", "--net", "ip", "link", "add", "one", "type", "veth", "peer", "name", "two"],  # noqa: S607 - on PATH
        capture_output=True,
        text=True,
    )
    return tried.stderr.strip() and f"no network namespace may be made here: {tried.stderr.strip()}"


class Host:
    """A machine, as a context manager. `servers`: name -> port of our 127.0.0.1 that it shall reach, each at its own
    address. It is gone, with its cable, once this process and all that run on it have ended."""

    def __init__(self, servers: Mapping[str, int]) -> None:
        self._stack = ExitStack()
        # It ends when its input does, so with this process too.
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo; exec cat"],  # noqa: S607 - on PATH
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._stack.callback(self._end)
        if self._holder.stdout:
            self._holder.stdout.readline()
        ours = f"ls{self._holder.pid}"
        # From the second one this machine speaks to it.
        self.address, here, *others = _find_addresses(len(servers) + 2)
        _run("ip", "link", "add", ours, "type", "veth", "peer", "name", _CABLE, "netns", str(self._holder.pid))
        self._stack.callback(subprocess.run, ["ip", "link", "delete", ours], capture_output=True)
        self._addresses = dict(zip(servers, others, strict=True))
        for address in (here, *others):
            _run("ip", "address", "add", f"{address}/28", "dev", ours)
        _run("ip", "link", "set", ours, "up")
        for words in (("address", "add", f"{self.address}/28", "dev", _CABLE), ("link", "set", _CABLE, "up")):
            self.run("ip", *words)
        self.run("ip", "link", "set", "lo", "up")
        self._links = {name: Link(port, host=self._addresses[name]) for name, port in servers.items()}
        for link in self._links.values():
            self._stack.callback(link.close)

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def entrance(self) -> list[str]:
        """What stands before a command that runs on it."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net"]

    def run(self, *command: str) -> str:
        """What `command` says that runs on it."""
        return _run(*self.entrance, *command)

    def netloc(self, server: str) -> str:
        """Address and port at which it reaches `server`."""
        return f"{self._addresses[server]}:{self._links[server].port}"

    def cut_off(self, server: str) -> None:
        """From now on nothing that it sends reaches `server`: nobody refuses it, nothing comes back."""
        self.run(
            "ip", "neigh", "replace", self._addresses[server], "lladdr", _NOBODY, "nud", "permanent", "dev", _CABLE
        )

    def rejoin(self, server: str) -> None:
        self.run("ip", "neigh", "delete", self._addresses[server], "dev", _CABLE)

    def slow_down(self, milliseconds: int) -> None:
        """All that it sends takes so much longer, by the kernel where that can (netem), else on the way to a server."""
        try:
            self.run("tc", "qdisc", "add", "dev", _CABLE, "root", "netem", "delay", f"{milliseconds}ms")
        except subprocess.CalledProcessError:
            for link in self._links.values():
                link.delay = milliseconds / 1000

    def _end(self) -> None:
        self._holder.kill()
        self._holder.communicate()


def _find_addresses(count: int) -> list[str]:
    """Of a block that this machine does not use yet."""
    used = _run("ip", "-4", "address")
    while True:
        first = (random.randrange(_BLOCKS) << 4) + 1  # noqa: S311 - guards nothing
        numbers = range(first, first + count)
        found = [_ADDRESS.format(18 + (one >> 16), one >> 8 & 255, one & 255) for one in numbers]
        if f" {found[1]}/" not in used:
            return found


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - constant commands
    return done.stdout
