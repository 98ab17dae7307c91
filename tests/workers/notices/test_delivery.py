"""The team is told, each address once and at its own pace."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from click.testing import CliRunner

from leadcore.config import Config, Notify
from leadcore.endpoint import OPEN, PAUSED, STOPPED
from leadcore.fields import ENDPOINT
from leadcore.machine import Machine
from leadcore.store import keys
from leadsync.cli import cli
from leadsync.doctor.outgoing import check_notices
from leadsync.privacy.customer_data import CustomerData
from leadsync.privacy.forget import Forgetting
from receiver.intake.spool import Spool
from tests.conftest import SHARDS, eventually
from tests.workers.notices.conftest import Mailbox, Notices, Service
from workers.flow.endpoint_loop import ServedEndpoint
from workers.notices import delivery, service
from workers.rules.notice import Notice

LINK = "https://app.hubspot.com/contacts/99/record/0-1/7"


def test_a_lead_is_told_over_http_with_the_link(notices: Notices, team: Service) -> None:
    notices.serve(team.address)
    notices.put("lead-1")
    eventually(lambda: team.taken)
    assert (team.titles(), team.texts()) == (["New lead"], [f"New lead (Purchase)\n{LINK}"])
    eventually(lambda: not notices.waiting())
    assert len(team.taken) == 1


def test_a_lead_is_told_by_mail_under_a_plain_title(notices: Notices, mailbox: Mailbox) -> None:
    notices.config = Config(notify=Notify(text="ลูกค้าใหม่ {{ intent }} " + "ก" * 200, every_seconds=1))
    notices.serve(mailbox.address)
    notices.put("lead-1")
    eventually(lambda: mailbox.taken)
    assert mailbox.subjects() == ["New lead"]
    assert "ลูกค้าใหม่ Purchase" in mailbox.texts()[0]


def test_many_leads_make_one_message_with_the_count_of_the_rest(notices: Notices, team: Service) -> None:
    """One of the oldest is told, of all shards; what comes later waits until the time is over."""
    notices.config = Config(notify=Notify(text="{{ lead }}", every_seconds=3))
    for number in range(10):
        notices.put(f"lead-{number}", f"customer-{number}")
    notices.serve(team.address)
    eventually(lambda: team.taken)
    for number in range(10, 15):
        notices.put(f"lead-{number}", f"customer-{number}")
    assert len(team.taken) == 1
    eventually(lambda: len(team.taken) == 2)
    assert [text.partition("\n")[2] for text in team.texts()] == ["+ 9 more", "+ 4 more"]
    assert team.titles() == ["New lead (+9)", "New lead (+4)"]


def test_an_address_that_fails_pauses_alone_and_is_told_once_it_is_back(
    notices: Notices, services: Callable[..., Service]
) -> None:
    bad, good = services(), services()
    bad.fail("503 Service Unavailable")
    notices.put("lead-1")
    notices.serve(bad.address, good.address)
    eventually(lambda: notices.states() == [PAUSED, OPEN])
    assert notices.endpoints.read_all()[0].why == "refused"
    notices.put("lead-2")
    eventually(lambda: len(good.taken) == 2)
    told: list[str] = []

    def take(body: dict[str, Any]) -> tuple[str, dict[str, str]]:
        told.append(body["message"])
        return "200 OK", {}

    bad.answer = take
    eventually(lambda: not notices.waiting())
    assert [text.partition("\n")[0] for text in told] == ["New lead (Purchase)"]
    assert len(good.taken) == 2


def test_an_address_that_hangs_holds_nobody_back_and_is_told_at_most_once(
    notices: Notices, services: Callable[..., Service]
) -> None:
    hanging, good, ends = services(), services(), threading.Event()
    hanging.patience = 5

    def hang(body: dict[str, Any]) -> tuple[str, dict[str, str]]:
        ends.wait(60)
        return "200 OK", {}

    hanging.answer = hang
    notices.put("lead-1")
    notices.serve(hanging.address, good.address)
    eventually(lambda: hanging.taken and good.taken)
    assert notices.states() == [OPEN, OPEN], "its answer is still waited for"
    eventually(lambda: notices.states() == [PAUSED, OPEN])
    assert notices.endpoints.read_all()[0].why == "unclear"
    ends.set()
    notices.put("lead-2")
    eventually(lambda: len(hanging.taken) == 2)
    assert hanging.texts()[1] == f"New lead (Purchase)\n{LINK}"
    assert notices.endpoints.read_all()[0].given_up == 1


def test_a_connection_cut_after_the_request_is_told_at_most_once(notices: Notices) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        cut: list[bytes] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        cut.append(connection.recv(65_536))

        threading.Thread(target=serve, daemon=True).start()
        notices.put("lead-1")
        notices.serve(f"json://127.0.0.1:{server.getsockname()[1]}/x")
        eventually(lambda: notices.endpoints.read_all() and notices.endpoints.read_all()[0].given_up == 1)
        eventually(lambda: not notices.waiting())
        assert len(cut) == 1


def test_a_mail_server_that_refuses_is_tried_again(notices: Notices, mailbox: Mailbox) -> None:
    mailbox.refuses = "451 Try again later"
    notices.put("lead-1")
    notices.serve(mailbox.address)
    eventually(lambda: notices.states() == [PAUSED])
    mailbox.refuses = ""
    eventually(lambda: len(mailbox.taken) == 1)
    eventually(lambda: not notices.waiting())


def test_a_service_that_is_away_is_told_when_it_is_back(notices: Notices) -> None:
    from sandbox.http_server import running
    from tests.conftest import own_port

    port, back = own_port(), Service()
    notices.put("lead-1")
    notices.serve(f"json://127.0.0.1:{port}/x")
    eventually(lambda: notices.states() == [PAUSED])
    assert notices.endpoints.read_all()[0].why == "unreachable"
    with running(back, port):
        eventually(lambda: not notices.waiting())
    assert len(back.taken) == 1


def test_a_message_whose_end_was_not_recorded_is_told_once(
    notices: Notices, team: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, writes = ServedEndpoint.write, [0]

    def failing(self: ServedEndpoint, commands: Any, **values: Any) -> bool:
        writes[0] += 1
        if writes[0] == 2:
            raise ConnectionError
        return write(self, commands, **values)

    monkeypatch.setattr(ServedEndpoint, "write", failing)
    notices.put("lead-1")
    notices.serve(team.address)
    eventually(lambda: writes[0] >= 2)
    eventually(lambda: not notices.waiting())
    notices.put("lead-2")
    eventually(lambda: len(team.taken) == 2 and not notices.waiting())
    assert len(team.taken) == 2
    assert notices.endpoints.read_all()[0].given_up == 1


def test_a_claim_whose_answer_was_lost_is_told_all_the_same(
    notices: Notices, team: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This worker knows that it has sent nothing of it."""
    write, lost = ServedEndpoint.write, iter([True])

    def losing(self: ServedEndpoint, commands: Any, **values: Any) -> bool:
        done = write(self, commands, **values)
        if next(lost, False):
            raise TimeoutError
        return done

    monkeypatch.setattr(ServedEndpoint, "write", losing)
    notices.put("lead-1")
    notices.serve(team.address)
    eventually(lambda: not notices.waiting())
    assert len(team.taken) == 1
    assert notices.endpoints.read_all()[0].given_up == 0


def test_a_claim_of_another_worker_is_ended_after_its_term(notices: Notices, team: Service) -> None:
    """Until then that worker may be sending, and may still record what became of it."""
    notices.put("lead-1")
    loop = notices.build(team.address)
    [one] = loop.deliveries
    one.served.register()
    seconds, _ = notices.redis.time()
    entry = notices.redis.xrange(keys.entries(keys.NOTICES, keys.shard_of("ann", SHARDS)))[0][0].decode()
    cursors = {keys.shard_of("ann", SHARDS): entry}
    claim = json.dumps([1, cursors, "another", seconds * 1000 + 1500])
    record = keys.endpoint(keys.NOTICES, one.served.digest)
    notices.redis.hset(record, ENDPOINT["claimed"], claim)
    notices.serve(team.address)
    notices.put("lead-2")
    eventually(lambda: one.served.endpoints.read(one.served.digest).given_up == 1)
    assert notices.redis.time()[0] >= seconds + 1
    eventually(lambda: len(team.taken) == 1 and not notices.waiting())


def test_what_came_back_while_the_lock_was_lost_is_recorded_once_it_is_ours_again(
    notices: Notices, team: Service
) -> None:
    team.seconds = 0.5
    notices.put("lead-1")
    loop = notices.build(team.address)
    [one] = loop.deliveries
    one.served.register()
    eventually(lambda: one.step() is not None and bool(one.in_flight))
    one.served.lose()
    one.served._beat_at = float("inf")
    eventually(lambda: all(future.done() for future in one.in_flight))
    one.step()
    one.served._beat_at = float("-inf")
    eventually(lambda: one.step() is not None and not one.in_flight)
    found = one.served.endpoints.read(one.served.digest)
    assert (found.delivered, found.given_up, found.claimed) == (1, 0, "")
    one.close()


def test_a_fault_before_the_message_leaves_nothing_claimed(
    notices: Notices, team: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([ConnectionError(), ConnectionError()])
    read = delivery.read_portal_links

    def failing(redis: Any) -> Any:
        for fault in faults:
            raise fault
        return read(redis)

    monkeypatch.setattr(delivery, "read_portal_links", failing)
    notices.put("lead-1")
    notices.serve(team.address)
    eventually(lambda: team.taken and not notices.waiting())
    found = notices.endpoints.read_all()[0]
    assert (found.delivered, found.given_up) == (1, 0)


def test_two_workers_tell_once(notices: Notices, team: Service) -> None:
    for _ in range(2):
        notices.serve(team.address)
    notices.put("lead-1")
    eventually(lambda: team.taken)
    eventually(lambda: not notices.waiting())
    notices.put("lead-2")
    eventually(lambda: len(team.taken) == 2 and not notices.waiting())
    assert len(team.taken) == 2


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("nonsense://team", "not_understood"),
        ("slack://x", "not_understood"),
        ("line://" + "a" * 40 + "/U123/U456", "several_recipients"),
        ("mailto://127.0.0.1/?from=a@example.com&to=b@example.com,c@example.com", "several_recipients"),
    ],
)
def test_an_address_that_cannot_work_is_stopped_and_named_by_the_doctor(
    notices: Notices, team: Service, address: str, why: str
) -> None:
    notices.put("lead-1")
    notices.serve(address, team.address)
    eventually(lambda: team.taken)
    eventually(lambda: notices.states() == [STOPPED, OPEN])
    assert notices.endpoints.read_all()[0].why == why
    found = check_notices(notices.settings(address, team.address))
    assert [one.state for one in found] == ["wrong"]
    assert "U123" not in found[0].text + found[0].fix


def test_a_long_text_is_cut_as_line_counts(services: Callable[..., Service]) -> None:
    from workers.rules.notice import NoticeTemplate

    template = NoticeTemplate(Notify(text="🐶" * 4000))
    notice = template.compose({b"g": b"lead.created"}, "", 12)
    assert len(notice.body.encode("utf-16-le")) // 2 <= 5000
    assert notice.body.endswith("🐶\n+ 12 more")


def test_the_test_command_tells_each_address(team: Service, mailbox: Mailbox, services: Callable[..., Service]) -> None:
    bad = services()
    bad.fail("403 Forbidden")
    run = CliRunner().invoke
    shown = run(cli, ["notify", "test"], env={"NOTIFY_URLS": f"{team.address} {mailbox.address}"})
    assert (shown.exit_code, shown.output) == (0, "1. json: sent\n2. mailto: sent\n")
    assert len(team.taken) == len(mailbox.taken) == 1
    shown = run(cli, ["notify", "test"], env={"NOTIFY_URLS": f"{bad.address} nonsense://secret"})
    assert (shown.exit_code, shown.output) == (1, "1. json: failed: refused\n2. nonsense: failed: not_understood\n")
    assert run(cli, ["notify", "test"], env={"NOTIFY_URLS": ""}).exit_code == 2


def test_no_address_and_no_name_is_logged(notices: Notices, team: Service, capfd: pytest.CaptureFixture[str]) -> None:
    notices.config = Config(notify=Notify(text="{{ name }}", private=True, every_seconds=1))
    team.fail()
    notices.put("lead-1", private={"name": "Ann Example"})
    notices.serve(team.address)
    eventually(lambda: notices.states() == [PAUSED])
    said = "".join(capfd.readouterr())
    assert "4711" not in said
    assert "Ann" not in said
    record = notices.redis.hgetall(keys.endpoint(keys.NOTICES, notices.endpoints.read_all()[0].digest))
    assert b"4711" not in b"".join(record.values())


def test_what_a_notice_would_say_is_exported_and_forgotten(notices: Notices, tmp_path: Any) -> None:
    notices.config = Config(notify=Notify(private=True))
    notices.put("lead-1", private={"name": "Ann Example"})
    data, spool = CustomerData(notices.redis, Config().inbox, b"key", "ann"), Spool(tmp_path, Machine())
    assert [one["body"] for one in data.as_dict(spool)["notices"]] == [{"name": "Ann Example"}]
    done = Forgetting(data, notices.redis, Config().inbox, spool, "somebody").run(None)
    assert done.removed["notices"] == 1
    spool.close()


def test_a_service_is_made_afresh_for_each_message(monkeypatch: pytest.MonkeyPatch, team: Service) -> None:
    """One that is used twice waits 5.5 s before its second request."""
    import time

    def seconds_for_two() -> float:
        began = time.monotonic()
        for _ in range(2):
            assert service.send(team.address, Notice("New lead", "text")).why == ""
        return time.monotonic() - began

    # A busy machine may stand still meanwhile, but not each time.
    eventually(lambda: seconds_for_two() < 4)


@pytest.mark.processes
def test_apprise_is_imported_only_where_somebody_is_told() -> None:
    source = (
        "import sys, workers.worker, workers.notices.delivery, workers.hooks.delivery, leadsync.commands.outgoing;"
        "print([name for name in ('apprise', 'standardwebhooks') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.replace("'", '"')) == []
