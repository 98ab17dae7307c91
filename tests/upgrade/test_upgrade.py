"""What an older version left in Redis, on the disk and in HubSpot is taken over: nothing is lost or said twice."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from leadcore.store import keys
from leadsync.cli import cli
from tests.conftest import SECRET, SHARDS, Line, eventually, open_line
from tests.upgrade.saved import Saved, count, old_receipts, outcome, remove_journals
from tests.upgrade.times import Moment, noon_zone

FOLDERS = sorted(file.parent for file in Path(__file__).parent.glob("*/redis.jsonl"))
QUEUE = "rq:queue:leadsync"
# How long the upgrade takes: the locks of those who died are gone, the pause is not; and so long that it is over.
SHORT_MS, LONG_MS = 15_000, 310_000
PASSWORD = "console-7f3a91"
# In HubSpot, and Redis does not know of it, as only a store that was lost may be: an intact one takes them for new.
UNKNOWN = "before-redis"
FROM_DISK = {"spooled", "acknowledged-and-lost"}
# The younger of two leads with which a contact was made: 0.1.0 called both created, now the older one alone is.
UPDATES = {"fzbu47tjdmo7ggqe"}


@dataclass
class Upgrade:
    """A system that was taken over. `paused`: what was asked of HubSpot before its pause was over; `jobs`: the RQ jobs
    that waited; `outcome`: what it came to when all was done."""

    saved: Saved
    line: Line
    moment: Moment
    jobs: list[bytes]
    paused: dict[str, Any]
    outcome: dict[str, Any]

    def call(self, *words: str) -> Any:
        """The answer of a command in JSON."""
        done = CliRunner().invoke(cli, [*words, "--json"], env=self.line.environ)
        assert done.stdout, (done.output, done.exc_info)
        return json.loads(done.stdout)

    def leads(self, customer_id: str) -> list[str]:
        return [lead for lead, (customer, *_) in self.outcome["leads"].items() if customer == customer_id]

    def phone(self, customer_id: str) -> str:
        """The last one that the customer said."""
        said = [body["contact_info"]["phone"] for _, body in self.again() if body["customer_id"] == customer_id]
        return "+66" + re.sub(r"\D", "", said[-1])[1:]

    def again(self) -> list[tuple[int, dict[str, Any]]]:
        """Events that were posted in the last days, and the statuses of their answers."""
        return [(status, {**body, "secret": SECRET}) for status, body in self.saved.lines("events")]


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def saved(request: pytest.FixtureRequest) -> Saved:
    return Saved(request.param)


@pytest.fixture(scope="module")
def loaded(
    saved: Saved, tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None
) -> Iterator[tuple[Line, Moment]]:
    """All that was left, and nobody at work."""
    own = {"WEB_CONCURRENCY": "1", "LEADSYNC_TIMEZONE": noon_zone(), "CONSOLE_PASSWORD": PASSWORD}
    with open_line(tmp_path_factory.mktemp("upgrade"), next(databases), **own) as line:
        moment = saved.load(line, SHORT_MS)
        counts, expected = count(line, moment), saved.expected["counts"]
        # What that version did not have yet is not there.
        assert {what: number for what, number in counts.items() if number or what in expected} == expected
        yield line, moment
    remove_journals(moment)


@pytest.fixture(scope="module")
def upgrade(saved: Saved, loaded: tuple[Line, Moment]) -> Upgrade:
    """The present version has taken it over, and everything is done."""
    line, moment = loaded
    jobs = line.redis.lrange(QUEUE, 0, -1)
    line.start("web")
    line.start("worker")
    line.await_web()
    # Messages leave while HubSpot is paused, and nothing else does.
    eventually(lambda: not line.redis.llen(QUEUE) and not waiting_messages(line), 30)
    paused = line.crm.control("GET", "state")["calls"]
    assert line.redis.exists(keys.PAUSE)
    line.redis.hset(keys.PAUSE, "until", int(line.redis.time()[0] * 1000) + 500)
    # What is on the disk comes within seconds. If it does not, a test says what is missing.
    with suppress(AssertionError):
        eventually(lambda: {*saved.expected["leads"]} <= {one.lead for one in line.receipts()}, 20)
    line.settle(30, hasten=True)
    return Upgrade(saved, line, moment, jobs, paused, outcome(line))


def waiting_messages(line: Line) -> int:
    """Messages that may leave at once, or are with somebody who is dead."""
    shards = range(SHARDS)
    return sum(
        line.redis.xlen(keys.entries(keys.OUTBOX, shard)) + line.redis.hlen(keys.sending(keys.OUTBOX, shard))
        for shard in shards
    )


def test_there_is_one_of_everything_to_take_over(saved: Saved, loaded: tuple[Line, Moment]) -> None:
    """The counts themselves were compared when it was loaded."""
    assert {what for what, number in saved.expected["counts"].items() if not number} == set()
    assert len({line[0].partition("-")[0] for line in saved.lines("journals")}) == 2


def test_hubspot_is_asked_nothing_before_its_pause_is_over(upgrade: Upgrade) -> None:
    assert upgrade.paused == {}
    assert not upgrade.line.redis.exists(keys.PAUSE)
    assert requests.get(upgrade.line.url + "/readyz", timeout=5).json()["pause"] == {}


def test_jobs_that_were_queued_are_run(upgrade: Upgrade) -> None:
    assert not upgrade.line.redis.exists(*(b"rq:job:" + job for job in upgrade.jobs))
    failed = {name.partition(b":")[0] for name in upgrade.line.redis.zrange("rq:failed:leadsync", 0, -1)}
    assert failed.isdisjoint(upgrade.jobs)


def test_nothing_is_left_in_redis_or_on_the_disk(upgrade: Upgrade) -> None:
    assert upgrade.line.left() == 0
    assert requests.get(upgrade.line.url + "/readyz", timeout=5).json()["spooled"] == 0


def test_no_lead_is_lost(upgrade: Upgrade) -> None:
    """Those of the spool and of a journal are among them. None is left waiting, none was made up."""
    expected = {
        lead: [customer, "updated" if lead in UPDATES else state, message]
        for lead, (customer, state, message) in upgrade.saved.expected["leads"].items()
    }
    assert upgrade.outcome["leads"] == expected
    assert {state for _, state, _ in upgrade.outcome["leads"].values()} >= {"created", "updated", "parked"}


def test_every_customer_has_one_contact_with_what_they_said_last(upgrade: Upgrade) -> None:
    expected = upgrade.saved.expected["contacts"]
    found = upgrade.outcome["contacts"]
    assert found.keys() == expected.keys()
    assert {one: found[one] for one in expected if one != UNKNOWN} == {
        one: expected[one] for one in expected if one != UNKNOWN
    }


def test_somebody_elses_contact_is_still_filled_and_never_overwritten(upgrade: Upgrade) -> None:
    """Its guests said another phone while nobody was at work; a third customer with its email is no guest."""
    contacts = upgrade.outcome["contacts"]
    assert (contacts["stranger"]["firstname"], contacts["stranger"]["phone"]) == ("Front", "+6621112222")
    assert contacts["owner"]["phone"] == upgrade.phone("owner") != upgrade.phone("guest")
    assert contacts["owner"]["dealdroid_other_customer_ids"] == "guest"
    assert "email" not in contacts["third"]


def test_what_was_said_before_is_no_news(upgrade: Upgrade) -> None:
    """A salesperson's edit outlasts a value that is merely repeated, and a new lead's status that is set by a write of
    which nobody knows; what is retried does not overwrite what was said later."""
    contacts = upgrade.outcome["contacts"]
    assert contacts["plain-thai"]["phone"] == "+66899990001" != upgrade.phone("plain-thai")
    assert contacts["answer-lost"]["hs_lead_status"] == "CONNECTED"
    assert contacts["lead-retried"]["phone"] == upgrade.phone("lead-retried")


def test_nobody_is_told_anything_twice(upgrade: Upgrade) -> None:
    """Nor is anybody forgotten. A message whose sending was cut off is not repeated, and one of which only the journal
    knows that it was sent is not sent again."""
    assert upgrade.outcome["messages"] == upgrade.saved.expected["messages"]
    assert not [one for one in upgrade.outcome["messages"] if one.startswith("cut-off")]
    assert [number for one, number in upgrade.outcome["messages"].items() if one.startswith("told-and-lost")] == [1]


def test_a_forgotten_customers_old_event_is_not_kept(upgrade: Upgrade) -> None:
    """It came back from the spool of a machine that was away when the customer was forgotten."""
    assert any("forgotten" in row[3] for row in upgrade.saved.lines("spool")[1:])
    assert {*upgrade.leads("forgotten"), *upgrade.leads("erased")} == set()
    held = upgrade.call("export", "forgotten")
    assert held["forgotten_until_ms"] < upgrade.moment.ms
    assert not any(held[what] for what in ("waiting", "messages", "parked", "spooled", "receipts"))
    assert "+66811110002" not in json.dumps(upgrade.line.crm.contacts())


def test_old_receipts_can_be_read(upgrade: Upgrade) -> None:
    """What that version said of them is said still; a newer one may say more."""
    found, expected = old_receipts(upgrade.line, upgrade.moment), upgrade.saved.expected["old"]
    said = [{name: now[name] for name in then} for now, then in zip(found, expected, strict=True)]
    assert said == expected != []
    auth = ("leadsync", PASSWORD)
    for receipt in upgrade.saved.expected["old"]:
        assert upgrade.call("lead", receipt["lead"])["state"] == receipt["state"]
        page = requests.get(f"{upgrade.line.url}/console/leads/{receipt['lead']}", auth=auth, timeout=10)
        assert (page.status_code, receipt["contact_id"] in page.text) == (200, True)
    for path in ("", "leads", "actions"):
        assert requests.get(f"{upgrade.line.url}/console/{path}", auth=auth, timeout=10).status_code == 200


def test_a_repeated_event_is_a_duplicate(upgrade: Upgrade) -> None:
    line, before = upgrade.line, outcome(upgrade.line)
    counted = upgrade.call("status")["counts"].get("duplicate", 0)
    events = upgrade.again()
    assert [line.post(body).status_code for _, body in events] == [status for status, _ in events]
    assert upgrade.call("status")["counts"]["duplicate"] - counted == [status for status, _ in events].count(200) > 0
    assert line.left() == 0
    assert outcome(line) == before


def test_what_waits_for_a_person_can_be_retried(upgrade: Upgrade) -> None:
    line = upgrade.line
    kept = Counter(cause["code"] for cause in upgrade.call("parked") for _ in range(cause["count"]))
    assert kept == {"refused": 1, "unusable": 2, "failed": 1, "interrupted": 2}
    before = len(line.chat.told())
    done = upgrade.call("retry", "--all")
    assert {*done["retried"]} == {*upgrade.leads("lead-refused"), *upgrade.leads("message-refused")}
    assert {*done["refused"]} == {*upgrade.leads("lead-unusable"), *upgrade.leads("spooled-unusable")}
    line.settle()
    assert line.crm.contact("lead-refused")["firstname"]
    assert (len(line.chat.told()), len(line.chat.told("message-refused"))) == (before + 1, 1)
    [cut_off] = [
        customer for customer, _, message in upgrade.outcome["leads"].values() if customer.startswith("cut-off")
    ]
    assert upgrade.call("retry", *upgrade.leads(cut_off))["refused"] == {}
    line.settle()
    assert len(line.chat.told(cut_off)) == 1


@pytest.fixture(scope="module")
def emptied(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    """A worker of the present version, with an empty Redis."""
    own = {"LEADSYNC_TIMEZONE": noon_zone()}
    with open_line(tmp_path_factory.mktemp("store"), next(databases), **own) as line:
        line.start("worker")
        line.await_workers(1)
        yield line


@pytest.mark.parametrize("store", ["intact", "young", "restored", "restoring"])
def test_each_marker_of_the_store_is_understood(saved: Saved, emptied: Line, store: str) -> None:
    """Unless the store was whole, a customer of whom nothing is known may have a contact that somebody works on."""
    line = emptied
    line.reset()
    line.redis.flushdb()
    line.crm.settings(search_lag=0)
    saved.load(line, LONG_MS, store=store, disk=False)
    line.settle(30, hasten=True)
    assert line.redis.get(keys.STORE) == (b"intact" if store == "intact" else b"restored")
    assert not line.redis.exists(keys.RESTORING)
    found = outcome(line)["contacts"]
    assert (found.pop(UNKNOWN)["hs_lead_status"] == "CONNECTED") == (store != "intact")
    left_out = {UNKNOWN, *FROM_DISK}
    assert found == {one: of for one, of in saved.expected["contacts"].items() if one not in left_out}
