"""The loop that serves addresses rests where there is nothing to do."""

import threading
import time
from concurrent.futures import Future
from typing import Any

from leadcore.machine import Machine
from leadcore.store import keys
from workers.flow.endpoint_loop import BEAT_SECONDS, EndpointLoop, ServedEndpoint


class Delivery:
    """Its lock is lost, and a call that began before is done."""

    def __init__(self, client: Any) -> None:
        self.served = ServedEndpoint(client, keys.NOTICES, 1, "json://example", 1, "json", Machine())
        self.in_flight: list[Future[Any]] = [Future()]
        self.in_flight[0].set_result(None)
        self.steps: list[float] = []
        self.stepped_again = threading.Event()

    def step(self, *, starts: bool = True) -> float:
        self.steps.append(time.monotonic())
        if len(self.steps) == 2:
            self.stepped_again.set()
        return BEAT_SECONDS

    def close(self) -> None:
        pass


def test_an_outcome_that_waits_for_the_lock_does_not_keep_a_processor_busy(client: Any) -> None:
    delivery = Delivery(client)
    loop = EndpointLoop([delivery], keys.NOTICES, Machine())
    loop.start()
    try:
        assert delivery.stepped_again.wait(BEAT_SECONDS * 30)
        first, second, *_ = delivery.steps
        assert second - first > BEAT_SECONDS / 3
    finally:
        delivery.in_flight.clear()
        loop.stop()
