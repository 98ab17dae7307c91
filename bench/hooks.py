"""How fast hooks leave one worker, to an address that takes a while for each."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.figure import Figure
from bench.system import listens, prepared, process, until
from leadcore.events import Event, Events
from leadcore.store import keys
from leadcore.store.streams import Stream
from sandbox.redis import free_port

GROUP = "Hooks"
LATENCY = 0.02
SECRET = "whsec_YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2g="
CUSTOMERS = 500


def measure(folder: Path, count: int) -> Iterator[Figure]:
    """`count` hooks wait, then one worker starts; in a system of its own."""
    port = free_port()
    environ = {"HOOK_URLS": f"http://127.0.0.1:{port}/", "HOOK_SECRET": SECRET}
    receiver = ["bench.hook_receiver", str(port), str(LATENCY)]
    with prepared(folder, environ=environ) as system, process(receiver, system.environ), system.workers(1):
        until(partial(listens, port))
        until(lambda: system.redis.exists(keys.endpoints(keys.HOOKS)))
        events, stream = Events(hooks=True), Stream(system.redis, keys.HOOKS)
        before = system.usage()["worker"].seconds
        commands: list[Any] = []
        for number in range(count):
            customer = f"customer-{number % CUSTOMERS}"
            event = Event("lead.created", customer, f"lead-{number}", {"contact_id": str(number), "intent": "Purchase"})
            commands += events.effects(event, keys.shard_of(customer, system.shards))
        stream.apply(commands)
        seen: dict[str, Any] = {}

        def is_done() -> bool:
            seen.update(system.control.get(f"http://127.0.0.1:{port}/", timeout=60).json())
            return int(seen["events"]) >= count

        until(is_done)
        spent = (system.usage()["worker"].seconds - before) / count * 1e3
    rate = len(seen["times"]) / (seen["times"][-1] - seen["times"][0] + LATENCY)
    yield Figure(GROUP, "hooks per second, 1 worker", rate, "/s", "at least", 500, f"{count:,} hooks of 20 ms")
    yield Figure(GROUP, "the worker's processor time per hook", spent, "ms", "at most")
    yield Figure(GROUP, "hooks posted twice", int(seen["twice"]), "", "at most", 0)
