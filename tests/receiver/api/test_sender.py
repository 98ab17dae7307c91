"""Messages that Redis may have lost since it took them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from leadcore.machine import Machine
from leadcore.settings import read
from leadcore.store import keys
from leadcore.store.connection import connect
from leadcore.store.messages import OTHER, Messages
from leadcore.store.outgoing import Outgoing
from receiver.api.sender import Sender
from receiver.intake.feeder import Feeder
from receiver.intake.spool import Spool

KEY = "a key of thirty-two characters.."
MESSAGE = Outgoing("api:one", "c-1", ["On its way."])


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
