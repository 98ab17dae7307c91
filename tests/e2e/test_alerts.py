"""People are told by real workers: once when they are needed, and once more when all is well again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from leadcore.store import keys
from tests.conftest import PATIENT, Channel, Line, eventually, lead, same_shard


@pytest.fixture
def watched(spare_line: Callable[..., Line], channel: Channel, tmp_path: Path) -> Line:
    """A receiver, and two workers that park what fails once."""
    config = tmp_path / "config.toml"
    config.write_text("[inbox]\ntries = 1\n")
    line = spare_line(ALERT_WEBHOOK_URL=channel.url, LEADSYNC_CONFIG=str(config), WEB_CONCURRENCY="1")
    line.start("web", **PATIENT)
    line.start("worker", "--count", "2")
    line.await_web()
    line.await_workers(2)
    return line


def test_a_bad_token_and_its_mending_are_told_once_each(watched: Line, channel: Channel) -> None:
    """Neither the second worker nor a restart of both tells it again."""
    watched.crm.settings(tokens=["another"])
    watched.send(lead("c-1", name="Nok Jaidee"))
    eventually(lambda: channel.taken)
    assert "HubSpot refuses the access token" in channel.texts()[0]
    watched.start("worker", "--count", "2")
    watched.await_workers(4)
    watched.crm.settings(tokens=[])
    watched.settle(hasten=True)
    eventually(lambda: len(channel.taken) > 1)
    assert [("again" in text) for text in channel.texts()] == [False, True]
    eventually(lambda: not watched.redis.hexists(keys.PAUSE, "until"))
    assert "Nok" not in str(channel.taken)
    assert "secret-of-the-channel" not in watched.logs()


def test_fifty_leads_that_are_parked_for_one_cause_are_told_once(watched: Line, channel: Channel) -> None:
    customers = same_shard("p", 50)
    watched.crm.fault("row_unexplained", ids=customers, rows=100)
    with watched.hold():
        watched.send(*(lead(customer, name="Nok Jaidee") for customer in customers))
    eventually(lambda: watched.redis.zcard(keys.PARKED) == 50)
    eventually(lambda: channel.taken)
    [text] = channel.texts()
    assert text.startswith("leadsync: 50 leads were parked: ")
    assert "Nok" not in text
