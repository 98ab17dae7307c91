"""While the console is busy, Redis is away, or leads wait on the disk."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from flask import Flask

from leadcore.machine import Machine
from leadcore.settings import read_receiver
from leadcore.store.connection import connect
from receiver.console.views import blueprint
from receiver.intake.spool import Spool
from tests.conftest import Line, lead, own_port
from tests.receiver.console.conftest import PASSWORD, ConsoleUser


def test_concurrent_pages_are_limited_so_that_the_intake_has_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.console.views.MAX_CONCURRENT", 0)
    settings = read_receiver({"DEALDROID_SECRET": "s", "CONSOLE_PASSWORD": "pw"})
    app = Flask("test")
    app.register_blueprint(blueprint(connect(settings.shared), Spool(tmp_path, Machine()), settings, str))
    answer = app.test_client().get("/console/", auth=("leadsync", "pw"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "Too many pages are open at once." in answer.text


@pytest.fixture(params=["refuses", "hangs"])
def redis_away(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a Redis that is not there, or accepts connections and never answers."""
    if request.param == "refuses":
        yield f"redis://127.0.0.1:{own_port()}/0"
        return
    with socket.create_server(("127.0.0.1", 0), backlog=128) as silent:
        yield f"redis://127.0.0.1:{silent.getsockname()[1]}/0"


def test_while_redis_is_away_the_page_says_where_leads_are(spare_line: Callable[..., Line], redis_away: str) -> None:
    line = spare_line(redis_away, CONSOLE_PASSWORD=PASSWORD, WEB_CONCURRENCY="1")
    line.start("web")
    line.await_web()
    line.send(lead("c-1"))
    user = ConsoleUser(line)
    with user.session:
        for path in ("", "leads", "leads/any", "actions", "discard?code=x"):
            answer = user.get(path)
            assert answer.status_code == 503
            assert "Redis does not answer Leads are kept on this machine&#39;s disk (1 so far)" in re.sub(
                r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)
            )
        assert user.session.post(line.url + "/console/retry", {"lead": "x"}, timeout=5).status_code == 403


def test_leads_on_the_disk_are_counted_and_those_of_another_redis_apart(user: ConsoleUser) -> None:
    folder = Path(user.line.environ["SPOOL_DIR"])
    assert "stored for another Redis" not in user.read()
    with closing(Spool(folder, Machine(), "another-address")) as other:
        other.put(b"{}", 1)
        try:
            page = user.read()
            assert "1 more were stored for another Redis: see leadsync spool list" in page
            assert "1 รายการเก็บไว้สำหรับ Redis อื่น" in user.read("?lang=th")
            assert re.search(r"On this disk</dt><dd>0<small>Redis has them all", page)
            metrics = requests.get(user.line.url + "/metrics", timeout=5).text
            assert "leadsync_spooled 0.0" in metrics
            assert "leadsync_spooled_foreign 1.0" in metrics
        finally:
            other.delete([row.id for row in other.read_oldest(9)])
    assert "stored for another Redis" not in user.read()
