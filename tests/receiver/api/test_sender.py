"""Messages that Redis may have lost since it took them."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from leadcore.fields import LEAD
from leadcore.machine import Machine
from leadcore.settings import read
from leadcore.store import keys
from leadcore.store.connection import connect
from leadcore.store.messages import OTHER, Messages
from leadcore.store.outgoing import Outgoing
from receiver.api.sender import Sender
from receiver.intake.feeder import Feeder
from receiver.intake.spool import Spool
from workers.rules import places

KEY = "a key of thirty-two characters.."
MESSAGE = Outgoing("api:one", "c-1", ["On its way."])


class EarlyMachine(Machine):
    """One on which it is some time before now."""

    def __init__(self, number: int) -> None:
        self.seconds = time.time() - 60 + number

    def time(self) -> float:
        return self.seconds


@pytest.mark.parametrize(("forgotten", "put"), [(0, 1), (-60_000, 1), (60_000, 0)], ids=["never", "before", "since"])
def test_a_message_that_redis_lost_is_put_again_unless_its_customer_was_forgotten_since(
    databases: Iterator[str], tmp_path: Path, forgotten: int, put: int
) -> None:
    settings = read({"REDIS_URL": next(databases), "LEADSYNC_KEY": KEY})
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool", Machine()), settings, Machine())
        messages = Messages(client, 1)
        sender = Sender(messages, feeder)
        sender.put(MESSAGE, "key")
        assert sender.put(Outgoing("api:one", "c-1", ["Something else."]), "key") == OTHER
        client.flushdb()
        if forgotten:
            now_ms = client.time()[0] * 1000
            client.set(keys.forgotten(keys.digest(KEY.encode(), "c-1")), f"{now_ms + forgotten} 0")
        for _ in range(2):
            feeder.replay()
        assert client.xlen(keys.entries(keys.OUTBOX, 0)) == put
        assert (messages.read("api:one") is not None) == bool(put)
        feeder.stop()


def test_a_process_that_had_no_lead_yet_knows_who_was_forgotten(databases: Iterator[str], tmp_path: Path) -> None:
    """Where the environment fixes no key, it is the one in Redis."""
    settings = read({"REDIS_URL": next(databases)})
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool", Machine()), settings, Machine())
        messages = Messages(client, 1)
        Sender(messages, feeder).put(MESSAGE, "key")
        client.flushdb()
        client.set(keys.SECRET, KEY)
        client.set(keys.forgotten(keys.digest(KEY.encode(), "c-1")), f"{client.time()[0] * 1000 + 60_000} 0")
        feeder.replay()
        assert messages.read("api:one") is None
        feeder.stop()


def test_messages_that_are_put_again_by_several_processes_go_in_the_order_in_which_they_came(
    databases: Iterator[str], tmp_path: Path
) -> None:
    settings = read({"REDIS_URL": next(databases), "LEADSYNC_KEY": KEY})
    with closing(connect(settings)) as client:
        feeders = [Feeder(client, Spool(tmp_path / str(at), Machine()), settings, EarlyMachine(at)) for at in range(2)]
        senders = [Sender(Messages(client, 1), feeder) for feeder in feeders]
        for at, sender in enumerate(senders):
            sender.put(Outgoing(f"api:{at}", "c-1", ["On its way."]), "key")
        client.flushdb()
        senders[0].put(Outgoing("api:new", "c-1", ["It is there."]), "key")
        for feeder in reversed(feeders):
            feeder.replay()
        rows, sent = client.xrange(keys.entries(keys.OUTBOX, 0)), []
        while rows:
            chosen = places.choose(rows, {}, 16, 0)
            sent += [fields[LEAD] for _, fields in chosen.send]
            rows = chosen.rest
        assert sent == [b"api:0", b"api:1", b"api:new"]
        for feeder in feeders:
            feeder.stop()
