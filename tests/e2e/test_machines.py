"""Two web and two worker machines, each with a network and a clock of its own: nothing is lost, doubled or said twice,
and HubSpot's quota holds. Skipped where no network namespace may be made."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest
import requests

from leadcore.store import keys
from sandbox.dealdroid import WEBHOOK
from sandbox.network import Host, find_obstacle
from tests.conftest import INTENT_PATH, Line, answers, eventually, lead
from tests.stand_ins import key_of

QUOTA = 60
AT_ONCE = 4
# What the two workers of a machine may have claimed in the moment in which it is cut off.
CLAIMED = 2 * 100
# What Python takes the time to be on a machine whose clock is wrong. Each process of Python's reads it first.
WRONG_CLOCK = """
import time
real, real_ns = time.time, time.time_ns
time.time = lambda: real() + {seconds}
time.time_ns = lambda: real_ns() + {seconds} * 10**9
"""


class Fleet:
    """One `Line` on four machines. `ahead`: by so many seconds the clocks of the two web and the two worker machines
    are."""

    def __init__(self, line: Line, stack: ExitStack, ahead: tuple[int, int, int, int] = (0, 0, 0, 0)) -> None:
        self.line, self.posted = line, list[str]()
        ports = {
            "redis": urlsplit(line.environ["REDIS_URL"]).port,
            "hubspot": urlsplit(line.crm.url).port,
            "dealdroid": urlsplit(line.chat.url).port,
        }
        hosts = [stack.enter_context(Host({name: port for name, port in ports.items() if port})) for _ in range(4)]
        self.webs, self.workers = hosts[:2], hosts[2:]
        line.crm.settings(latency=0.05, requests_per_10s=QUOTA)
        self._environs = {host: self._environ(host, seconds) for host, seconds in zip(hosts, ahead, strict=True)}

    def start(self) -> None:
        for host in self.workers:
            self.line.start("worker", "--count", "2", before=host.entrance, **self._environs[host])
        for host in self.webs:
            self.line.start("web", before=host.entrance, **self._environs[host])
        for host in self.webs:
            eventually(lambda host=host: answers(f"{self._url(host)}/healthz"), 60)  # type: ignore[misc]
        self.line.await_workers(4)

    def _environ(self, host: Host, ahead: int) -> dict[str, str]:
        folder = self.line.folder / host.address
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(WRONG_CLOCK.format(seconds=ahead) if ahead else "")
        database = urlsplit(self.line.environ["REDIS_URL"]).path
        return {
            "PYTHONPATH": str(folder),
            "HOST": host.address,
            "WEB_CONCURRENCY": "1",
            "SPOOL_DIR": str(folder / "spool"),
            "REDIS_URL": f"redis://{host.netloc('redis')}{database}",
            "HUBSPOT_BASE_URL": f"http://{host.netloc('hubspot')}",
            "DEALDROID_WEBHOOK_URL": f"http://{host.netloc('dealdroid')}{WEBHOOK}",
        }

    def _url(self, host: Host) -> str:
        return f"http://{host.address}:{self.line.environ['PORT']}"

    def spooled(self, web: Host) -> int:
        return int(requests.get(f"{self._url(web)}/readyz", timeout=5).json()["spooled"])

    def send(self, web: Host, customer_id: str, **said: str) -> None:
        """It must be taken, well within DealDroid's 5 s."""
        body = lead(customer_id, **{"name": "Nok Jaidee", "phone": f"08{hash(customer_id) % 10**8:08d}", **said})
        answer = requests.post(self._url(web) + INTENT_PATH, json=body, timeout=4)
        assert (answer.status_code, answer.json()) == (200, []), answer.text

    @contextmanager
    def posting(self, prefix: str) -> Iterator[None]:
        """Within the block new customers come to both web machines all the time."""
        over, failures = threading.Event(), list[BaseException]()

        def post(web: Host, name: str) -> None:
            try:
                for number in itertools.count():
                    if over.wait(0.02):
                        return
                    self.send(web, f"{name}-{number}")
                    self.posted.append(f"{name}-{number}")
            except BaseException as error:
                failures.append(error)

        posters = [
            threading.Thread(target=post, args=(web, f"{prefix}-{number}-{one}"))
            for number, web in enumerate(self.webs)
            for one in range(AT_ONCE)
        ]
        for poster in posters:
            poster.start()
        try:
            yield
        finally:
            over.set()
            for poster in posters:
                poster.join()
        assert not failures, failures

    def written(self) -> set[str]:
        return {*map(key_of, self.line.crm.contacts())}

    def assert_kept(self, *others: str, cut_off: int = 0) -> None:
        """`others`: customers who may be told more than once. `cut_off`: so many messages may have been claimed, and
        not been said, when a worker was."""
        eventually(lambda: not any(self.spooled(web) for web in self.webs), 60)
        self.line.settle(90)
        assert Counter(map(key_of, self.line.crm.contacts())) == dict.fromkeys([*self.posted, *others], 1)
        with self.line.chat.chats.lock:
            said = Counter(str(message["customer_id"]) for message in self.line.chat.chats.messages)
        told = {one: said[one] for one in self.posted}
        unsure = {one.customer_id for one in self.line.receipts() if one.message.startswith("interrupted")}
        assert {one: count for one, count in told.items() if count != 1 and not (count == 0 and one in unsure)} == {}
        assert len(unsure) <= cut_off
        assert self.line.crm.portal.quota.peak <= QUOTA
        assert not [call for call in self.line.crm.control("GET", "calls") if str(call["status"]) == "429"]
        assert "Traceback" not in self.line.logs()


@pytest.fixture
def make_fleet(spare_line: Callable[..., Line]) -> Iterator[Callable[..., Fleet]]:
    if obstacle := find_obstacle():
        pytest.skip(obstacle)
    with ExitStack() as stack:

        def make(**how: tuple[int, int, int, int]) -> Fleet:
            line = spare_line(HUBSPOT_REQUESTS_PER_10S=str(QUOTA))
            return Fleet(line, stack, **how)

        yield make


def test_machines_that_are_cut_off_from_redis_come_back(make_fleet: Callable[..., Fleet]) -> None:
    """A web machine takes leads onto its disk meanwhile; another worker machine takes over what one held."""
    fleet = make_fleet()
    fleet.start()
    web, worker = fleet.webs[0], fleet.workers[0]
    with fleet.posting("c"):
        eventually(lambda: len(fleet.line.chat.told()) > 50, 60)
        for host in (web, worker):
            host.cut_off("redis")
        eventually(lambda: fleet.spooled(web) > 20, 30)
        cut_at, reached = time.monotonic(), {one for one in [*fleet.posted] if one.startswith("c-1")}
        # Longer than a lock lasts, and its time to be missed.
        eventually(lambda: reached <= fleet.written() and time.monotonic() - cut_at > 15, 60)
        for host in (web, worker):
            host.rejoin("redis")
        eventually(lambda: fleet.line.redis.zcard(keys.WORKERS) == 4, 60)
    fleet.assert_kept(cut_off=CLAIMED)


def test_clocks_that_are_five_minutes_apart_change_nothing(make_fleet: Callable[..., Fleet]) -> None:
    """The newest word wins also against one from a disk whose machine's clock is ahead."""
    fleet = make_fleet(ahead=(300, 0, 0, -300))
    fleet.start()
    with fleet.posting("c"):
        eventually(lambda: len(fleet.line.chat.told()) > 100, 60)
    early, late = fleet.webs
    early.cut_off("redis")
    fleet.send(early, "twice", name="Old Word")
    eventually(lambda: fleet.spooled(early) > 0, 30)
    fleet.send(late, "twice", name="New Word")
    eventually(lambda: "twice" in fleet.written(), 60)
    early.rejoin("redis")
    fleet.assert_kept("twice")
    assert fleet.line.crm.contact("twice")["firstname"] == "New"


def test_a_slow_link_changes_nothing(make_fleet: Callable[..., Fleet]) -> None:
    """A fifth of a second more for all that a web and a worker machine send."""
    fleet = make_fleet()
    for host in (fleet.webs[0], fleet.workers[0]):
        host.slow_down(200)
    fleet.start()
    with fleet.posting("c"):
        eventually(lambda: len(fleet.line.chat.told()) > 100, 60)
    fleet.assert_kept()
