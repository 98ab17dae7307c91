"""A dry run: nothing is written, sent or remembered, all of it is held back, and going live loses none of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from leadcore.reasons import english
from leadcore.store import keys, lines
from leadcore.store.status import read_status
from leadsync.cli import cli
from tests.conftest import BANGKOK, PATIENT, SHARDS, Line, Process, eventually, lead
from workers.rules.customer import unpack

DRY = {"DRY_RUN": "1"}
HOME = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}


def call(line: Line, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(cli, words, env={**line.environ, "COLUMNS": "200", **environ})


def retry_held(line: Line) -> None:
    done = call(line, "retry", "--held")
    assert done.exit_code == 0, done.output


def status(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(line, "status", "--json").stdout)
    return found


def records(line: Line) -> dict[bytes, bytes]:
    """What is remembered of customers and of contacts."""
    names = [name for kind in (keys.customer("*"), keys.contact("*")) for name in line.redis.keys(kind)]
    return {name: line.redis.get(name) for name in names}


def restart_worker(line: Line, worker: Process, **environ: str) -> Process:
    worker.stop()
    started = line.start("worker", **environ)
    line.await_workers(1)
    return started


@pytest.fixture
def dry_line(spare_line: Callable[..., Line]) -> tuple[Line, Process]:
    """A receiver that knows nothing of the dry run, and a worker that runs dry."""
    line = spare_line(WEB_CONCURRENCY="1")
    line.start("web", **PATIENT)
    worker = line.start("worker", **DRY)
    line.await_web()
    line.await_workers(1)
    return line, worker


def test_what_is_held_back_counts_nowhere_as_written_and_is_told_as_what_it_is(dry_line: tuple[Line, Process]) -> None:
    line, _ = dry_line
    line.crm.create(email="somebody@elses.co.th", firstname="Owner")
    line.sync(lead("c", name="Somchai Jaidee", phone="0812345678", address=HOME))
    line.sync(lead("c", name="Somchai Jaidee", phone="0812345678"), lead("c"), lead("nobody"))
    line.sync(lead("d", name="Ann Lee", email="somebody@elses.co.th"))
    assert len(line.crm.contacts()) == 1
    assert [line.crm.calls(route) for route in ("/batch/upsert", "/batch/update", "/batch/create")] == [0, 0, 0]
    assert line.chat.told() == []
    for one in line.receipts():
        assert (one.state, english(one.reason), one.contact_id) == ("held", "dry run: nothing was written", "")
        assert (one.written_ms, one.message) == (None, "")
    assert {"firstname", "lastname", "phone", "address"} <= set(line.receipts("c")[0].fields)
    assert records(line) == {}, "nothing is remembered as said to HubSpot"
    found = status(line)
    assert (found["dry_run"], found["dry_workers"], found["held"], found["parked"]) == (True, 1, 5, 0)
    assert found["counts"] == {"accepted": 5, "held": 5}
    shown = call(line, "status").stdout
    assert "Dry run: nothing reaches HubSpot" in shown
    assert "running" not in shown
    assert requests.get(line.url + "/readyz", timeout=5).json()["dry_run"] is True
    metrics = requests.get(line.url + "/metrics", timeout=5).text
    assert 'leadsync_leads_total{outcome="held"} 5.0' in metrics
    assert 'leadsync_leads_total{outcome="created"} 0.0' in metrics
    assert "leadsync_lead_seconds_count 0.0" in metrics
    assert "leadsync_dry_workers 1.0" in metrics


@pytest.mark.parametrize("ours", [{}, {"dealdroid_customer_id": "b", "dealdroid_other_customer_ids": "a"}])
def test_a_dry_run_does_not_say_whether_the_portal_was_new(
    dry_line: tuple[Line, Process], ours: dict[str, str]
) -> None:
    """Nor does it read aliases back: whoever goes live finds the store as it was."""
    line, _ = dry_line
    line.crm.settings(search_lag=0)
    line.crm.create(email="ann@example.com", **ours)
    line.sync(lead("c", name="Somchai Jaidee"), lead("d", name="Ann Lee"))
    assert not list(line.redis.scan_iter(keys.STORE + "*"))
    assert records(line) == {}
    assert status(line)["restoring"] is None


def test_after_going_live_the_same_event_is_taken_and_the_others_are_written_by_retry(
    dry_line: tuple[Line, Process],
) -> None:
    line, worker = dry_line
    again, other = lead("again", name="Ann Lee", email="ann@lee-shop.co.th"), lead("other", name="Bob Ray")
    line.sync(again, other)
    held = call(line, "leads", "--state", "held", "--json")
    assert {one["customer_id"] for one in json.loads(held.stdout)} == {"again", "other"}
    restart_worker(line, worker)
    assert (status(line)["dry_run"], status(line)["held"]) == (False, 2)
    assert "retry --held" in call(line, "status").stdout
    line.sync(again)
    assert line.receipt("again").state == "created"
    assert line.crm.contact("again")["email"] == "ann@lee-shop.co.th"
    assert status(line)["held"] == 1, "what came again no longer waits for a retry"
    assert call(line, "retry", "--held").stdout == "1 lead retried.\n"
    line.settle()
    receipt = line.receipt("other")
    assert (receipt.state, receipt.reason, receipt.contact_id != "") == ("created", "", True)
    assert receipt.message == "silent: is_retry"
    assert len(line.crm.contacts()) == 2
    assert (status(line)["held"], line.redis.keys(keys.held("*"))) == (0, [])
    assert call(line, "retry", "--held").stdout == "No lead is held back.\n"
    line.sync(other)
    assert status(line)["counts"]["duplicate"] == 1, "once written, it is a duplicate"


def test_retry_in_a_dry_run_is_refused_with_the_way_out_and_keeps_everything(dry_line: tuple[Line, Process]) -> None:
    line, _ = dry_line
    line.sync(lead("c", name="Ann Lee"))
    for words in (("--held",), (line.receipt("c").lead,)):
        done = call(line, "retry", *words)
        assert done.exit_code == 1
        assert "unset DRY_RUN, restart them, then retry" in done.stderr
    assert (line.receipt("c").state, status(line)["held"]) == ("held", 1)


def test_without_workers_the_commands_own_environment_says_whether_a_retry_makes_sense(
    spare_line: Callable[..., Line],
) -> None:
    line = spare_line()
    assert call(line, "retry", "--held", **DRY).exit_code == 1
    retry_held(line)


def test_a_held_word_does_not_overwrite_a_newer_one(dry_line: tuple[Line, Process]) -> None:
    line, worker = dry_line
    worker = restart_worker(line, worker)
    line.sync(lead("c", name="Ann Lee", phone="0811111111"))
    before = records(line)
    worker = restart_worker(line, worker, **DRY)
    line.sync(lead("c", phone="0822222222", email="ann@lee-shop.co.th"), lead("c", phone="0811111111"))
    assert records(line) == before, "neither news nor a repeated value is remembered"
    assert line.crm.contact("c")["phone"] == "+66811111111"
    restart_worker(line, worker)
    line.sync(lead("c", phone="0833333333"))
    retry_held(line)
    line.settle()
    assert line.crm.said("c", "phone") == ["+66811111111", "+66833333333"]
    assert line.crm.contact("c")["email"] == "ann@lee-shop.co.th", "what is not contradicted is still written"
    [record] = [unpack(one) for name, one in records(line).items() if name in before]
    assert record.clock["phone"][0] >> 16 == line.receipts("c")[-1].received_ms


def test_what_was_said_first_is_retried_first(dry_line: tuple[Line, Process]) -> None:
    """A customer who gave no details is only a lead once those said before are written."""
    line, worker = dry_line
    for name in ("c", "d", "e", "f"):
        line.sync(lead(name, name="Ann Lee", intent="Share contact"), lead(name, intent="Purchase"))
    restart_worker(line, worker)
    retry_held(line)
    line.settle()
    assert {one.state for one in line.receipts()} <= {"created", "updated", "unchanged"}


def test_messages_that_wait_when_a_dry_run_begins_are_sent_after_it(dry_line: tuple[Line, Process]) -> None:
    line, worker = dry_line
    worker = restart_worker(line, worker)
    line.chat.fault("500")
    line.send(lead("c", name="Ann Lee", phone="0811111111", language="en"))
    eventually(lambda: line.receipt("c").message.startswith("waiting"))
    worker = restart_worker(line, worker, **DRY)
    line.chat.control("DELETE", "faults")
    line.redis.delete(lines.OUTBOX.pause)
    line.send(lead("d", name="Bob Ray"))
    eventually(lambda: line.receipt("d").state == "held")
    assert line.chat.told() == []
    assert sum(read_status(line.redis, SHARDS, BANGKOK).depths[keys.OUTBOX]) == 1
    restart_worker(line, worker)
    line.settle(hasten=True)
    assert len(line.chat.told("c")) == 1


def test_a_lead_that_a_dry_run_holds_is_shown_by_export_and_removed_by_forget(dry_line: tuple[Line, Process]) -> None:
    line, worker = dry_line
    line.sync(lead("c", name="Ann Lee"), lead("other", name="Bob Ray"))
    worker.stop()
    shown = json.loads(call(line, "export", "c", "--json").stdout)
    assert [one["body"]["contact_info"] for one in shown["held"]] == [{"name": "Ann Lee"}]
    done = json.loads(call(line, "forget", "c", "--yes", "--json").stdout)
    assert (done["removed"]["held leads"], done["removed"]["receipts"]) == (1, 1)
    assert [one.customer_id for one in line.receipts()] == ["other"]
    assert [line.redis.zcard(keys.HELD), len(line.redis.keys(keys.held("*")))] == [1, 1]


def test_a_held_lead_can_be_discarded(dry_line: tuple[Line, Process]) -> None:
    line, _ = dry_line
    line.sync(lead("c", name="Ann Lee"))
    assert call(line, "discard", "--held", "--yes").stdout == "1 lead discarded.\n"
    assert (line.receipt("c").state, line.receipt("c").fields) == ("discarded", ())
    assert [line.redis.zcard(keys.HELD), line.redis.keys(keys.held("*"))] == [0, []]
