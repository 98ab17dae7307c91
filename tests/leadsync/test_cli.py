"""The commands, called as a person or a script does, with the stand-ins and a real Redis."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from leadcore.errors import ConfigError
from leadcore.event import encode
from leadcore.machine import Machine
from leadcore.reasons import reason
from leadcore.receipts import Note, pack
from leadcore.store import keys
from leadcore.store.stages import WAITS, StageRecord
from leadcore.store.stages import pack as pack_stage
from leadcore.store.streams import Stream, pack_fields
from leadcore.texts import en
from leadsync.cli import cli
from receiver.intake.spool import Spool
from tests.conftest import PATIENT, ROOT, SHARDS, Line, lead
from tests.leadsync.conftest import call
from tests.restarts import Restartable


def park(line: Line, name: str, reason: str = "row: HubSpot has locked it", **said: Any) -> str:
    """Ten minutes old: young enough to be confirmed."""
    body = {key: value for key, value in lead(f"c-{name}", name="Ann Lee", **said).items() if key != "secret"}
    version = b"%d-0" % ((line.redis.time()[0] - 600) * 1000)
    packed = pack_fields({b"e": name.encode(), b"b": encode(body), b"v": version})
    receipt = pack(customer_id=f"c-{name}", intent="Share contact", state="parked", reason=reason)
    Stream(line.redis).park(name, packed, receipt)
    return name


def waiting(line: Line) -> int:
    return sum(line.redis.xlen(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS))


def test_every_command_has_its_name_and_a_help_text() -> None:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert (command.name, bool(command.help)) == (name, True)


def test_the_help_lists_every_command_under_its_heading_and_cuts_none_off() -> None:
    said = CliRunner().invoke(cli, ["--help"]).stdout
    for heading in ("Watch:", "Act:", "Set up:", "Try:", "Privacy:"):
        assert f"\n{heading}\n" in said
    for name in cli.list_commands(click.Context(cli)):
        assert f"\n  {name} " in said
    assert "..." not in said.partition("Watch:")[2]


PRIVATE = re.compile(
    r"\b(shards?|drain(ed|s)?|bells?|leases?|settle[ds]?|outbox|dataset|tombstone|field clocks?|ledger)\b", re.I
)


def test_what_people_read_is_without_the_codes_private_words() -> None:
    context = click.Context(cli)
    groups = [command for name in cli.list_commands(context) if (command := cli.get_command(context, name))]
    parts = [part for group in groups if isinstance(group, click.Group) for part in group.commands.values()]
    helps = [command.get_help(click.Context(command)) for command in (*groups, *parts)]
    texts = [text for text in vars(en).values() if isinstance(text, dict)]
    said = [*helps, *(text for table in texts for text in table.values() if isinstance(text, str))]
    assert len(said) > 100
    assert [text for text in said if PRIVATE.search(text)] == []


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert CliRunner().invoke(cli, ["--version"]).stdout == f"leadsync {project['version']}\n"


@pytest.mark.processes
def test_a_command_imports_no_module_of_another() -> None:
    script = """
import sys, click
from leadsync.cli import cli
cli.get_command(click.Context(cli), "web")
print(*(name for name in sys.modules if name.startswith(("leadsync.", "leadcore", "workers", "receiver"))))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {
        "leadsync.cli",
        "leadsync.commands",
        "leadsync.commands.processes",
        "leadsync.wording",
    }


def test_a_misspelt_command_gets_a_suggestion() -> None:
    done = CliRunner().invoke(cli, ["reconcil"])
    assert (done.exit_code, "reconcile" in done.stderr) == (2, True)


def test_parked_leads_are_shown_by_cause_with_the_fix(idle_line: Line) -> None:
    park(idle_line, "one")
    park(idle_line, "two")
    park(idle_line, "three", "unusable: mid is missing or unusable", mid=None)
    done = call(idle_line, "parked", "--json")
    assert [(one["count"], one["reason"], one["leads"]) for one in json.loads(done.stdout)] == [
        (2, "HubSpot has locked it", ["one", "two"]),
        (1, "mid is missing or unusable", ["three"]),
    ]
    people = call(idle_line, "parked", COLUMNS="200").stdout
    assert "HubSpot has locked it" in people
    assert "then discard it" in people
    assert "Ann" not in people + done.stdout


@pytest.mark.parametrize("words", [["one", "two"], ["--reason", "LOCKED"], ["--all"]])
def test_retry_takes_ids_a_reason_or_all(idle_line: Line, words: list[str]) -> None:
    park(idle_line, "one")
    park(idle_line, "two")
    if words != ["--all"]:
        park(idle_line, "other", "error: a fault")
    done = call(idle_line, "retry", *words, "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"retried": ["one", "two"], "refused": {}})
    assert waiting(idle_line) == 2


def test_retry_says_which_leads_it_refuses_and_why(idle_line: Line) -> None:
    park(idle_line, "one")
    park(idle_line, "bad", mid=None)
    done = call(idle_line, "retry", "one", "bad", "unknown")
    assert (done.exit_code, done.stdout) == (1, "1 lead retried.\n")
    assert done.stderr.splitlines() == [
        "bad: mid is missing or unusable, so it cannot be retried; discard it",
        "unknown: it is not parked",
    ]


@pytest.mark.parametrize("words", [[], ["one", "--all"], ["--all", "--reason", "x"]])
@pytest.mark.parametrize("command", ["retry", "discard"])
def test_leads_are_selected_in_exactly_one_way(idle_line: Line, command: str, words: list[str]) -> None:
    park(idle_line, "one")
    assert call(idle_line, command, *words).exit_code == 2
    assert idle_line.redis.zcard(keys.PARKED) == 1


def test_retrying_all_of_no_leads_succeeds(idle_line: Line) -> None:
    done = call(idle_line, "retry", "--all")
    assert (done.exit_code, done.stdout) == (0, "No parked lead fits.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--all"], "Nothing is parked.\n"),
        (["--all", "--yes"], "Nothing is parked.\n"),
        (["--reason", "x"], "No parked lead fits.\n"),
        (["--held"], "No lead is held back.\n"),
    ],
)
def test_discarding_of_nothing_says_so_and_asks_nothing(idle_line: Line, words: list[str], said: str) -> None:
    done = call(idle_line, "discard", *words)
    assert (done.exit_code, done.stdout) == (0, said)


@pytest.mark.parametrize("command", ["retry", "discard"])
def test_a_reason_that_none_has_is_named(idle_line: Line, command: str) -> None:
    park(idle_line, "one", "row: HubSpot has locked it")
    done = call(idle_line, command, "--reason", "lokced")
    assert (done.exit_code, done.stdout, idle_line.redis.zcard(keys.PARKED)) == (0, "No parked lead fits.\n", 1)
    assert done.stderr == "leadsync: no reason contains 'lokced'; `leadsync parked` shows what waits, and why.\n"


@pytest.mark.parametrize(
    ("words", "answer", "code", "left"), [([], "n\n", 1, 1), ([], "y\n", 0, 0), (["--yes"], "", 0, 0)]
)
def test_discard_asks_first(idle_line: Line, words: list[str], answer: str, code: int, left: int) -> None:
    park(idle_line, "one")
    done = call(idle_line, "discard", "--all", *words, answer=answer)
    assert (done.exit_code, idle_line.redis.zcard(keys.PARKED)) == (code, left)


def test_a_redis_outage_is_reported_in_one_line(idle_line: Line) -> None:
    for command in (["parked"], ["retry", "--all"], ["discard", "one", "--yes"], ["status"], ["leads"]):
        done = call(idle_line, *command, REDIS_URL="redis://127.0.0.1:1/0")
        assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
        assert "REDIS_URL" in done.stderr


@pytest.mark.parametrize(
    ("setting", "value", "code"), [("maxmemory", 1, "OutOfMemoryError"), ("min-replicas-to-write", 3, "NOREPLICAS")]
)
def test_a_redis_that_refuses_is_not_called_away(
    idle_line: Line, restartable: Restartable, setting: str, value: int, code: str
) -> None:
    with closing(restartable.connect()) as redis:
        redis.config_set(setting, value)
    done = call(idle_line, "say", "c-1", "Hello", REDIS_URL=f"redis://127.0.0.1:{restartable.port}/0")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert (code in done.stderr, "does not answer" in done.stderr) == (True, False)


@pytest.mark.processes
@pytest.mark.parametrize(("name", "encoding"), [("A\ud800b", "utf-8"), ("สมชาย", "ascii")])
def test_what_cannot_be_printed_is_escaped(idle_line: Line, name: str, encoding: str) -> None:
    park(idle_line, "one", contact_info={"name": name})
    environ = {**idle_line.environ, "PYTHONIOENCODING": encoding}
    words = [sys.executable, "-m", "leadsync", "export", "c-one"]
    done = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["parked"][0]["body"]["contact_info"]["name"] == name


def status(line: Line, *words: str, **environ: str) -> tuple[int, str]:
    done = call(line, "status", *words, COLUMNS="200", **environ)
    return done.exit_code, done.stdout


def add_worker(line: Line) -> None:
    line.redis.zadd(keys.WORKERS, {"worker": line.redis.time()[0] * 1000})


def test_status_fails_and_does_not_say_running_where_no_worker_lives(idle_line: Line) -> None:
    code, text = status(idle_line)
    assert code == 1
    assert "running" not in text.lower().replace("no worker is running", "")
    assert "No worker is running, so leads wait. Start one: leadsync worker." in text
    assert [one["code"] for one in json.loads(status(idle_line, "--json")[1])["problems"]] == ["no_workers"]
    add_worker(idle_line)
    code, text = status(idle_line)
    assert (code, "Everything works." in text) == (0, True)


@pytest.mark.parametrize(("code", "exits"), [("unauthorized", 1), ("unavailable", 0)])
def test_status_fails_where_a_person_has_to_act(idle_line: Line, code: str, exits: int) -> None:
    add_worker(idle_line)
    now = idle_line.redis.time()[0] * 1000
    idle_line.redis.hset(keys.PAUSE, mapping={"code": code, "reason": "Why.", "since": now, "until": now + 60_000})
    found, text = status(idle_line)
    assert (found, "Leads wait for HubSpot. Why." in text, "Everything works" in text) == (exits, True, False)


def test_doctor_promises_no_retry_by_itself_where_workers_need_a_restart(idle_line: Line) -> None:
    add_worker(idle_line)
    now = idle_line.redis.time()[0] * 1000
    why = str(reason("token_refused"))
    idle_line.redis.hset(
        keys.PAUSE, mapping={"code": "unauthorized", "reason": why, "since": now, "until": now + 60_000}
    )
    doctor = {one["subject"]: one["fix"] for one in json.loads(call(idle_line, "doctor", "--json").stdout)}
    assert doctor["Line"].endswith("restart the workers.")


def test_status_parked_and_doctor_count_the_same(idle_line: Line) -> None:
    add_worker(idle_line)
    park(idle_line, "one")
    park(idle_line, "two")
    idle_line.redis.hset(keys.receipt("three"), mapping={"s": "created", "h": "501", "n": "failed: why"})
    idle_line.redis.zadd(keys.UNSENT, {"three": 1})
    listed = sum(one["count"] for one in json.loads(call(idle_line, "parked", "--json").stdout))
    found = json.loads(status(idle_line, "--json")[1])
    doctor = {one["subject"]: one["text"] for one in json.loads(call(idle_line, "doctor", "--json").stdout)}
    assert listed == found["need_person"] == 3
    assert "2 leads and 1 message need you" in status(idle_line)[1]
    assert doctor["Parked"] == "2 leads and 1 message need you."


def test_leads_shows_what_is_no_plain_success(idle_line: Line) -> None:
    notes = [Note("email", "dropped", "bad")]
    flat = pack(state="created", contact_id="501", customer_id="c", notes=notes, message="failed: why")
    idle_line.redis.hset(keys.receipt("one"), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))
    idle_line.redis.xadd(keys.LEADS, {"e": "one"})
    assert "created, without email, message failed" in call(idle_line, "leads", COLUMNS="200").stdout
    assert json.loads(call(idle_line, "leads", "--json").stdout)[0]["flaws"] == ["without email", "message failed"]
    assert json.loads(call(idle_line, "lead", "one", "--json").stdout)["flaws"] == ["without email", "message failed"]


def test_leads_on_this_machines_disk_are_in_status(idle_line: Line, tmp_path: Path) -> None:
    add_worker(idle_line)
    spool = Spool(tmp_path, Machine())
    spool.put(b"{}", 1)
    spool.close()
    code, text = status(idle_line, SPOOL_DIR=str(tmp_path))
    assert (code, "1 lead waits on this machine's disk" in text) == (0, True)


def test_a_retried_lead_fills_only_values_that_no_newer_event_has(spare_line: Callable[..., Line]) -> None:
    """From the command through the inbox to HubSpot; the customer gets no message."""
    line = spare_line(WEB_CONCURRENCY="1")
    line.start("worker")
    line.start("web", **PATIENT)
    line.await_web()
    line.sync(lead("c-old", name="Ann Newname"))
    messages = line.chat.told("c-old")
    park(line, "old", phone="0812345678")
    assert call(line, "retry", "--all").exit_code == 0
    line.settle()
    contact = line.crm.contact("c-old")
    assert (contact["lastname"], contact["phone"]) == ("Newname", "+66812345678")
    assert line.chat.told("c-old") == messages
    done = json.loads(call(line, "lead", "old", "--json").stdout)
    assert (done["state"], done["message"]) == ("updated", "silent: it is a retry")


def test_config_check_tries_the_replies(idle_line: Line, tmp_path: Path) -> None:
    config = tmp_path / "leadsync.toml"
    config.write_text('intents."Purchase".reply = ["{{ nobody }}"]')
    done = call(idle_line, "config", "check", LEADSYNC_CONFIG=str(config))
    assert isinstance(done.exception, ConfigError)
    assert "{{nobody}}" in str(done.exception)


BULK = reason("stage_bulk", most=30)


def hold_stage(line: Line, order: str) -> None:
    record = StageRecord("b2", "Shipped", f"REF{order}", 1_790_000_000_000, cause="bulk", why=BULK)
    line.redis.hset(keys.STAGES_ORDERS, order, pack_stage(record))
    line.redis.zadd(keys.STAGES_HELD, {order: line.redis.time()[0] * 1000})


def test_stages_that_are_held_are_listed(idle_line: Line) -> None:
    assert call(idle_line, "stages").stdout == "Nothing is held.\n"
    hold_stage(idle_line, "501")
    [shown] = json.loads(call(idle_line, "stages", "--json").stdout)
    assert (shown["order"], shown["stage"], shown["cause"]) == ("501", "Shipped", "bulk")
    assert shown["reason"] == "more than 30 orders were moved within a minute, which may be a mistake"
    assert "REF501" in call(idle_line, "stages", COLUMNS="200").stdout


@pytest.mark.parametrize(("command", "done"), [("release", "released"), ("drop", "dropped")])
@pytest.mark.parametrize("words", [["501", "502"], ["--all"]])
def test_a_person_decides_whether_the_customer_is_told(
    idle_line: Line, command: str, done: str, words: list[str]
) -> None:
    for order in ("501", "502"):
        hold_stage(idle_line, order)
    found = call(idle_line, "stages", command, *words, "--json")
    assert (found.exit_code, {*json.loads(found.stdout)[done]}) == (0, {"501", "502"})
    assert {*idle_line.redis.hvals(keys.STAGES_ANSWERS)} == {f"{command} b2".encode()}
    again = call(idle_line, "stages", command, "501")
    assert (again.exit_code, again.stdout) == (1, "0 " + done + ".\n")
    assert "somebody has decided already" in again.stderr


@pytest.mark.parametrize("words", [[], ["501", "--all"]])
def test_what_is_released_is_selected_in_exactly_one_way(idle_line: Line, words: list[str]) -> None:
    assert call(idle_line, "stages", "release", *words).exit_code == 2


def test_status_tells_of_stages_only_where_one_has_a_text(idle_line: Line) -> None:
    assert json.loads(call(idle_line, "status", "--json").stdout)["stages"] is None
    assert "Orders moved in HubSpot" not in call(idle_line, "status").stdout
    hold_stage(idle_line, "501")
    idle_line.redis.hset(keys.STAGES, WAITS, "")
    stages = json.loads(call(idle_line, "status", "--json").stdout)["stages"]
    assert (stages["waiting"], stages["held"], stages["code"]) == (1, 1, "")
    assert "0 wait, 1 held for a person" in call(idle_line, "status", COLUMNS="200").stdout
