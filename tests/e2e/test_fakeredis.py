"""Where no real server can be had, `leadsync run` uses fakeredis: a lead must get through that as well."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import redis as embedded
from tests.conftest import Line, lead


def test_a_lead_is_written_and_confirmed_over_fakeredis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spare_line: Callable[..., Line]
) -> None:
    monkeypatch.setattr(embedded, "find_server", lambda: None)
    with embedded.start(tmp_path / "redis") as running:
        line = spare_line(running.url)
        line.start("worker")
        line.start("web")
        line.await_web()
        line.await_workers(1)
        line.sync(lead("c-1", name="Ann"))
        assert line.crm.contact("c-1")["firstname"] == "Ann"
        assert line.receipt("c-1").message == "sent"
        assert line.chat.told("c-1")
