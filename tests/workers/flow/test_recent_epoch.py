"""Since when an epoch of Redis lasts, as a worker learns it."""

from typing import Any

import pytest
import redis

from leadcore.store import keys
from leadcore.store.streams import Stream
from workers.flow.recent_epoch import MARGIN_MS, RecentEpoch

NOW_MS = 1_790_000_000_000


def test_an_epoch_that_could_not_be_entered_is_asked_for_again(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    epoch = RecentEpoch(client, str)
    client.set(keys.ORDERS_EPOCH, f"former:data {NOW_MS - 1}")
    with monkeypatch.context() as away:
        away.setattr(Stream, "apply", lambda *_: (_ for _ in ()).throw(redis.ConnectionError()))
        with pytest.raises(redis.ConnectionError):
            epoch.refresh(NOW_MS)
    epoch.refresh(NOW_MS)
    assert epoch.doubtful_ms == NOW_MS + MARGIN_MS
    assert epoch.refresh(NOW_MS + 1) is False
