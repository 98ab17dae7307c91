"""What people see of hooks: commands, metrics, console, doctor."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from prometheus_client import generate_latest

from leadcore.endpoint import PAUSED, STOPPED
from leadcore.machine import Machine
from leadcore.store import endpoints
from leadcore.store.status import read_status
from leadcore.verdict import assess
from leadsync.cli import cli
from leadsync.doctor.outgoing import check_hooks
from leadsync.terminal import print_status
from receiver.intake.spool import Spool
from receiver.metrics import register
from tests.conftest import BANGKOK, SHARDS, eventually
from tests.workers.hooks.conftest import Hooks, Receiver
from workers.settings import read_hook_secrets


@pytest.fixture
def run(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    options = hooks.redis.connection_pool.connection_kwargs
    monkeypatch.setenv("REDIS_URL", f"redis://{options['host']}:{options['port']}/{options.get('db') or 0}")
    return lambda *arguments: CliRunner().invoke(cli, arguments)


@pytest.fixture
def gone(hooks: Hooks, receivers: Callable[..., Receiver]) -> Receiver:
    """The second of two addresses, stopped."""
    good, gone = receivers(), receivers()
    gone.fail("410 Gone")
    hooks.put("lead-1")
    hooks.serve(good, gone)
    eventually(lambda: STOPPED in hooks.states() and good.taken)
    return gone


def test_a_new_secret_can_be_used(run: Callable[..., Any]) -> None:
    first, second = run("hooks", "secret").output.strip(), run("hooks", "secret").output.strip()
    assert first != second
    assert read_hook_secrets({"HOOK_SECRET": f"{first} {second}\n"}, wanted=True) == (first, second)
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


def test_the_list_shows_each_address_and_no_secret(
    gone: Receiver, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = run("hooks", "list")
    assert shown.exit_code == 0
    assert "stopped: gone" in shown.output
    assert "127.0.0.1" in shown.output
    assert "/hook" not in shown.output
    first, second = json.loads(run("hooks", "list", "--json").output)
    assert (first["number"], first["state"], first["delivered"], first["waiting"]) == (1, "open", 1, 0)
    assert (second["number"], second["state"], second["why"], second["waiting"]) == (2, "stopped", "gone", 1)


def test_many_that_wait_are_counted_in_part_and_said_to_be_more(
    gone: Receiver, hooks: Hooks, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(endpoints, "MOST_COUNTED", 2)
    for number in range(2, 5):
        hooks.put(f"lead-{number}", "one customer")
    assert "at least 2" in run("hooks", "list").output


def test_replay_sends_what_waits(gone: Receiver, run: Callable[..., Any]) -> None:
    gone.recover()
    tried = len(gone.taken)
    assert run("hooks", "replay", "3").exit_code == 1
    assert run("hooks", "replay", "2").exit_code == 0
    eventually(lambda: gone.leads()[tried:] == ["lead-1"])


def test_status_metrics_and_verdict_know_the_addresses(
    gone: Receiver, hooks: Hooks, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    status = read_status(hooks.redis, SHARDS, BANGKOK)
    assert "hooks_away" in [one.code for one in assess(status)]
    print_status(status, [], BANGKOK, as_json=True)
    told = json.loads(capsys.readouterr().out)["endpoints"]["hooks"]
    assert [(one["state"], "waiting" in one) for one in told] == [("open", False), ("stopped", False)], "not counted"
    print_status(status, [], BANGKOK, as_json=False)
    shown = capsys.readouterr().out
    assert "Hooks to 2. 127.0.0.1" in shown
    assert "stopped: gone" in shown
    spool = Spool(tmp_path, Machine())
    metrics = generate_latest(register(hooks.redis, spool, SHARDS, BANGKOK)).decode()
    spool.close()
    assert 'leadsync_address_up{address="1",line="hooks"} 1.0' in metrics
    assert 'leadsync_address_up{address="2",line="hooks"} 0.0' in metrics
    assert 'leadsync_deliveries_total{address="1",line="hooks"} 1.0' in metrics
    assert "127.0.0.1" not in metrics


def test_a_short_pause_is_no_problem(hooks: Hooks, receiver: Receiver) -> None:
    receiver.fail()
    hooks.put("lead-1")
    hooks.serve(receiver)
    eventually(lambda: hooks.states() == [PAUSED])
    assert "hooks_away" not in [one.code for one in assess(read_status(hooks.redis, SHARDS, BANGKOK))]


def test_without_addresses_nothing_is_shown(
    hooks: Hooks, capsys: pytest.CaptureFixture[str], run: Callable[..., Any]
) -> None:
    print_status(read_status(hooks.redis, SHARDS, BANGKOK), [], BANGKOK, as_json=False)
    assert "ooks" not in capsys.readouterr().out
    assert json.loads(run("hooks", "list", "--json").output) == []


def test_the_doctor_looks_at_the_addresses_and_names_them_by_number(hooks: Hooks, receiver: Receiver) -> None:
    settings = hooks.settings(receiver)
    assert check_hooks(settings)[0].state == check_hooks(hooks.settings())[0].state == "fine"
    found = check_hooks(replace(settings, hook_urls=(*settings.hook_urls, "http://hooks.test/x")))
    assert [(one.state, one.text) for one in found] == [("warning", "Address 2 is not https.")]
