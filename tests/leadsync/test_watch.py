"""The commands that show leads, called as a person does, with a real Redis."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leadcore.receipts import Note, pack
from leadcore.store import keys
from leadsync.cli import cli
from leadsync.lead_search import LeadWatch, parse_since
from tests.conftest import BANGKOK, ROOT, Line, open_line

HOUR = 3_600_000
LINE_ID = "U" + "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def open_idle_line(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str]) -> Iterator[Line]:
    with open_line(tmp_path_factory.mktemp("watch"), next(databases)) as line:
        yield line


@pytest.fixture
def idle_line(open_idle_line: Line) -> Line:
    """A system without processes."""
    open_idle_line.reset()
    return open_idle_line


def call(line: Line, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(cli, words, env={**line.environ, "COLUMNS": "80", **environ})


def write(line: Line, name: str, hours_ago: int = 0, **said: Any) -> None:
    """The receipt of a lead; the first time it comes into the index too."""
    now = line.redis.time()[0] * 1000
    flat = pack(**{"customer_id": "c", "intent": "Purchase", "state": "created", **said})
    is_new = not line.redis.exists(keys.receipt(name))
    line.redis.hset(keys.receipt(name), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))
    if is_new:
        received = now - hours_ago * HOUR
        line.redis.hset(keys.receipt(name), mapping=dict([pack(received_ms=received)[:2]]))
        line.redis.xadd(keys.LEADS, {"e": name})


def names(line: Line, *words: str) -> list[str]:
    return [one["lead"] for one in json.loads(call(line, "leads", "--json", *words).stdout)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["three", "two", "one"]),
        (["--limit", "2"], ["three", "two"]),
        (["--customer", "c-1"], ["one"]),
        (["--customer", "c-"], []),
        (["--intent", "Share contact"], ["two"]),
        (["--intent", "Purch*"], ["three", "one"]),
        (["--state", "parked"], ["three"]),
        (["--since", "90m"], ["three"]),
        (["--since", "1d"], ["three", "two"]),
        (["--since", "2020-01-01"], ["three", "two", "one"]),
        (["--since", "5h", "--intent", "Share*"], ["two"]),
    ],
)
def test_leads_are_filtered(idle_line: Line, words: list[str], found: list[str]) -> None:
    write(idle_line, "one", 48, customer_id="c-1")
    write(idle_line, "two", 2, customer_id="c-2", intent="Share contact")
    write(idle_line, "three", 0, customer_id="c-3", state="parked")
    assert names(idle_line, *words) == found


@pytest.mark.parametrize("since", ["yesterdayish", "99", "2026-13-01", "-2h", "999999d"])
def test_an_unusable_time_is_refused_with_examples(idle_line: Line, since: str) -> None:
    done = call(idle_line, "leads", "--since", since)
    assert (done.exit_code, "2026-11-28" in done.stderr) == (2, True)


def test_times_are_read_in_the_time_zone_of_the_shop() -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=BANGKOK)
    assert parse_since("2h", now, BANGKOK) == int(now.timestamp() * 1000) - 2 * HOUR
    assert parse_since("2026-11-28", now, BANGKOK) == int(now.timestamp() * 1000) - 12 * HOUR
    assert parse_since("2026-11-28 05:00+00:00", now, BANGKOK) == int(now.timestamp() * 1000)


def test_ids_are_whole_at_80_columns(idle_line: Line) -> None:
    lead = "abcdefghij234567"
    notes = [Note("email", "dropped", "bad")]
    write(idle_line, lead, customer_id=LINE_ID, contact_id="123456789012345", notes=notes, message="sent")
    said = call(idle_line, "leads").stdout
    assert all(one in said for one in (lead, LINE_ID, "123456789012345"))
    assert max(map(len, said.splitlines())) <= 80


def test_an_order_stands_beside_its_lead(idle_line: Line) -> None:
    write(idle_line, "one", order="created", order_id="701", order_ref="AB12")
    assert "order AB12 created" in call(idle_line, "leads", COLUMNS="200").stdout
    said = call(idle_line, "lead", "one").stdout
    assert all(one in said for one in ("701", "AB12", "created"))


def test_a_waiting_lead_tells_the_pause_that_it_waits_for(idle_line: Line) -> None:
    write(idle_line, "one", state="waiting")
    write(idle_line, "two", state="created")
    assert "paused" not in call(idle_line, "lead", "one").stdout
    since_ms = 1_790_000_000_000
    stored = {"code": "unavailable", "reason": "hubspot_unavailable", "since": since_ms, "until": 10**14}
    idle_line.redis.hset(keys.PAUSE, mapping=stored)
    said = " ".join(call(idle_line, "lead", "one", COLUMNS="200").stdout.split())
    assert "line paused since 2026-09-21 21:13:20: HubSpot is not available." in said
    pause = json.loads(call(idle_line, "lead", "one", "--json").stdout)["pause"]
    assert (pause["code"], pause["since_ms"]) == ("unavailable", since_ms)
    assert json.loads(call(idle_line, "lead", "two", "--json").stdout)["pause"] == {}


def test_no_leads_are_said_to_be_none(idle_line: Line) -> None:
    assert call(idle_line, "leads").stdout == "No lead fits.\n"


@pytest.mark.parametrize("name", ["abcd2345", "abc", "c-1"])
def test_a_lead_is_known_by_the_beginning_of_its_id_and_by_its_customer(idle_line: Line, name: str) -> None:
    write(idle_line, "abcd2345", customer_id="c-1")
    write(idle_line, "xyz", customer_id="c-10")
    assert json.loads(call(idle_line, "lead", name, "--json").stdout)["lead"] == "abcd2345"


@pytest.mark.parametrize("name", ["ab", "c-1"])
def test_a_name_of_several_leads_lists_them(idle_line: Line, name: str) -> None:
    write(idle_line, "abc", customer_id="c-1")
    write(idle_line, "abd", customer_id="c-1")
    done = call(idle_line, "lead", name)
    assert (done.exit_code, "2 leads fit" in done.stderr) == (1, True)
    assert all(one in done.stdout for one in ("abc", "abd"))


def test_an_unknown_lead_is_said_to_be_unknown(idle_line: Line) -> None:
    write(idle_line, "abc")
    done = call(idle_line, "lead", "zzz")
    assert (done.exit_code, "no such lead" in done.stderr) == (1, True)


def test_a_watch_tells_new_leads_and_each_change_once(idle_line: Line) -> None:
    write(idle_line, "old")
    watch = LeadWatch(idle_line.redis)
    assert watch.poll() == []
    write(idle_line, "new", state="waiting")
    assert [(one.lead, one.state) for one in watch.poll()] == [("new", "waiting")]
    assert watch.poll() == []
    write(idle_line, "new", state="created")
    write(idle_line, "old", message="sent")
    assert [(one.lead, one.state, one.message) for one in watch.poll()] == [
        ("old", "created", "sent"),
        ("new", "created", ""),
    ]
    assert watch.poll() == []


def test_a_watch_tells_a_burst_whole(idle_line: Line) -> None:
    watch = LeadWatch(idle_line.redis)
    for number in range(1100):
        write(idle_line, f"lead-{number}")
    assert [one.lead for one in watch.poll()] == [f"lead-{number}" for number in range(1100)]
    assert watch.poll() == []


@pytest.mark.parametrize("as_json", [True, False])
def test_tail_shows_what_happens_until_ctrl_c(idle_line: Line, processes: None, tmp_path: Path, as_json: bool) -> None:
    # A folder in which nobody's `leadsync run` lives.
    environ = {**idle_line.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "leadsync", "tail", "--customer", "c-1", *["--json"] * as_json]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert "Ctrl-C" in process.stderr.readline()
        write(idle_line, "other", customer_id="c-2")
        write(idle_line, "mine", customer_id="c-1", contact_id="501")
        said = process.stdout.readline()
        assert json.loads(said)["lead"] == "mine" if as_json else "mine  c-1  Purchase: created; contact 501" in said
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def know_portal(line: Line) -> None:
    line.redis.hset(keys.PORTAL, mapping={"id": "77", "domain": "app.hubspot.com"})


def test_open_prints_the_address_of_the_contact_and_opens_it_where_there_is_a_browser(
    idle_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    know_portal(idle_line)
    write(idle_line, "abc", customer_id="c-1", contact_id="501")
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    url = "https://app.hubspot.com/contacts/77/record/0-1/501"
    for name in ("abc", "a", "c-1"):
        done = call(idle_line, "open", name, HUBSPOT_BASE_URL="", DISPLAY="", WAYLAND_DISPLAY="")
        assert (done.exit_code, done.stdout) == (0, f"{url}\n")
    assert opened == [] or sys.platform == "darwin"
    call(idle_line, "open", "abc", HUBSPOT_BASE_URL="", DISPLAY=":0", SSH_CONNECTION="")
    assert opened[-1:] == [url]


@pytest.mark.parametrize(
    ("contact_id", "knows", "hubspot", "why"),
    [
        ("", True, "", "no contact yet"),
        ("501", False, "", "portal's id"),
        ("501", True, "http://127.0.0.1:8002", "contact 501 is in a stand-in"),
    ],
)
def test_open_says_why_there_is_no_page(idle_line: Line, contact_id: str, knows: bool, hubspot: str, why: str) -> None:
    if knows:
        know_portal(idle_line)
    write(idle_line, "abc", contact_id=contact_id)
    done = call(idle_line, "open", "abc", HUBSPOT_BASE_URL=hubspot)
    assert (done.exit_code, why in done.stderr, done.stdout) == (1, True, "")
