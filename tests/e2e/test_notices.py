"""The team is told of leads by the real processes, at the leads' expense of nothing."""

from collections.abc import Callable, Iterator

import pytest

from sandbox.http_server import running
from tests.conftest import SECRET, Line, eventually, lead
from tests.workers.notices.conftest import Service

TABLE = """
[notify]
every_seconds = 1
private = true
text = "{{ what }}: {{ name }} {{ phone }} {{ link }}"
"""


@pytest.fixture
def team() -> Iterator[Service]:
    made = Service()
    with running(made) as server:
        made.url = server.url + "/team-4711"
        yield made


def start(line: Line) -> None:
    line.start("web")
    line.start("worker")
    line.await_web()
    line.await_workers(1)


def test_a_new_lead_is_told_once_and_what_needs_a_person_if_asked(
    spare_line: Callable[..., Line], team: Service
) -> None:
    line = spare_line(NOTIFY_URLS=f"{team.address} nonsense://secret-4711")
    config = line.folder / "leadsync.toml"
    config.write_text(
        '[notify]\nevery_seconds = 1\nprivate = true\ntext = "{{ what }}: {{ name }} {{ phone }} {{ link }}"\n'
    )
    line.environ["LEADSYNC_CONFIG"] = str(config)
    start(line)
    line.post(lead("ann", name="Ann Example"))
    eventually(lambda: team.taken)
    line.post({**lead("ann", name="Ann Example"), "mid": "second"})
    eventually(lambda: len(line.receipts()) == 2 and all(one.state != "waiting" for one in line.receipts()))
    [contact] = line.crm.contacts()
    assert team.texts()[0].startswith("New lead: Ann Example")
    assert team.texts()[0].endswith(f"/record/0-1/{contact['id']}") or team.texts()[0].endswith("Example")
    assert len(team.taken) == 1
    assert "4711" not in line.logs()
    assert "Example" not in line.logs()


def test_services_that_hang_slow_no_lead(spare_line: Callable[..., Line], team: Service) -> None:
    team.seconds = 5.0
    line = spare_line(NOTIFY_URLS=team.address)
    start(line)
    for number in range(60):
        line.post(lead(f"customer-{number}", name="Ann Example"))
    eventually(lambda: len(line.crm.contacts()) == 60, 6)


def test_a_worker_ends_at_once_though_a_service_hangs(spare_line: Callable[..., Line], team: Service) -> None:
    """Nobody knows whether that message was read, so it is not told again; what comes later is."""
    team.seconds = 9.0
    line = spare_line(NOTIFY_URLS=team.address.replace("rto=1", "rto=12"))
    line.start("web")
    worker = line.start("worker")
    line.await_web()
    line.await_workers(1)
    line.post(lead("ann", name="Ann Example"))
    eventually(lambda: team.busy)
    assert worker.stop() < 4
    assert worker.popen.returncode == 0
    team.seconds = 0.0
    line.start("worker")
    line.post(lead("bob", name="Bob Example"))
    eventually(lambda: len(team.taken) == 2, 90)
    assert "more" not in team.texts()[1]


def test_a_dry_run_tells_nobody(spare_line: Callable[..., Line], team: Service) -> None:
    line = spare_line(NOTIFY_URLS=team.address, DRY_RUN="1")
    start(line)
    assert line.post({"secret": SECRET, "mid": "m"}).status_code == 422
    line.post(lead("ann", name="Ann Example"))
    eventually(lambda: [one for one in line.receipts() if one.state == "held"])
    assert team.taken == []
    assert not line.redis.keys("leadsync:notices:?")
