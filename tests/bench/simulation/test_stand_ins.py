"""What the simulation sees of the line between the stand-ins."""

from typing import Any

import pytest

from bench.simulation.redis_link import Weather
from bench.simulation.stand_ins import Pauses
from leadcore.store import lines


@pytest.mark.parametrize("line", lines.LINES, ids=lambda line: line.name)
def test_only_a_pause_that_ends_before_its_time_on_the_same_server_counts(client: Any, line: lines.Line) -> None:
    weather, now_ms = Weather(), 0
    pauses = Pauses(client, weather, lambda: now_ms)

    def look(until_ms: int) -> int:
        client.hset(line.pause, "until", until_ms)
        pauses.look()
        return pauses.shortened

    assert [look(until_ms) for until_ms in (4_000, 5_000, 5_000)] == [0, 0, 0]
    assert look(1_000) == 1
    look(9_000)
    now_ms = 9_000
    client.delete(line.pause)
    pauses.look()
    assert pauses.shortened == 1, "its time was over"
    look(20_000)
    weather.run += 1
    assert look(10_000) == 1, "a replica may not know of it"
