"""Makes a folder of this one out of what the present revision really writes, by running it into each state.

    PYTHONPATH=. python tests/upgrade/capture.py tests/upgrade/<version>

It takes about two minutes. Run it at the last revision before a format changes; 0.1.0 is of revision f84f4b2. What
it makes is data: the test that reads it needs nothing of this file.
"""

import json
import os
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from click.testing import CliRunner

from leadcore.store import keys
from leadcore.store.bell import Bell
from leadsync.cli import cli
from receiver.intake.feeder import PAUSE_SECONDS
from sandbox import redis as embedded
from tests.conftest import SHARDS, Line, Process, eventually, lead, open_line, same_shard
from tests.people import Person, invent
from tests.upgrade.saved import (
    Saved,
    count,
    journal_folder,
    old_receipts,
    outcome,
    remove_journals,
    write_redis,
)
from tests.upgrade.times import DAY_MS, Commands, Moment, Teller, noon_zone

AGE_MS = 15_000
OWNED = {
    "email": "front.desk@lotus-house.example.com",
    "firstname": "Front",
    "lastname": "Desk",
    "phone": "+6621112222",
}
# In shards of their own.
CUT_OFF, TO_BE_TOLD, TOLD_AND_LOST = (
    same_shard(name, 1, shard)[0] for shard, name in enumerate(("cut-off", "to-be-told", "told-and-lost"))
)


class Stage:
    """The system that is brought into each state."""

    def __init__(self, line: Line, server: embedded.Running, people: Iterator[Person]) -> None:
        self.line, self.redis, self.crm, self.server = line, line.redis, line.crm, server
        self.people = people
        self.events: list[tuple[int, dict[str, Any]]] = []
        self.moment = Moment(int(time.time() * 1000), ZoneInfo(line.environ["LEADSYNC_TIMEZONE"]))
        self.web: Process
        self.worker: Process

    def start(self, **environ: str) -> None:
        self.web, self.worker = self.line.start("web", **environ), self.line.start("worker", **environ)
        self.line.await_web()

    def stop(self) -> None:
        self.worker.stop()
        self.web.stop()

    def new(self, customer_id: str, **said: Any) -> dict[str, Any]:
        """An event of somebody new, who says all about themselves."""
        return replace(next(self.people), customer_id=customer_id).event(**said)

    def post(self, body: dict[str, Any], status: int = 200, *, again: bool = True) -> None:
        """`again`: it can be posted once more after the upgrade, and is a duplicate then."""
        assert self.line.post(body).status_code == status
        if again:
            self.events.append((status, {name: value for name, value in body.items() if name != "secret"}))

    def sync(self, *bodies: dict[str, Any], again: bool = True) -> None:
        for body in bodies:
            self.post(body, again=again)
            self.line.settle(60)

    def call(self, *words: str) -> None:
        done = CliRunner().invoke(cli, words, env={**self.line.environ, "LOGNAME": "ann"})
        assert done.exit_code == 0, done.output

    def lead_of(self, customer_id: str) -> str:
        """The customer's first lead."""
        return self.line.receipts(customer_id)[0].lead

    def await_message(self, customer_id: str, *words: str) -> None:
        """Wait until that is what the customer's receipt says of the message."""
        eventually(lambda: self.line.receipt(customer_id).message.partition(":")[0] in words, 30)

    def entries(self) -> list[dict[bytes, bytes]]:
        """What stands in the inbox."""
        found = [self.redis.xrange(keys.entries(keys.INBOX, shard)) for shard in range(SHARDS)]
        return [fields for rows in found for _, fields in rows]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        os.kill(self.server.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.server.pid, signal.SIGCONT)

    def teller(self) -> Teller:
        return Teller(int(time.time() * 1000), self.moment)

    def snapshot(self) -> Commands:
        self.moment = replace(self.moment, dataset=self.redis.get(keys.DATASET).decode())
        return self.teller().redis(self.redis)

    def restart_redis(self, commands: Commands, age_ms: int = 0) -> None:
        """Let Redis hold this, as it would be after `age_ms`."""
        self.redis.flushdb()
        self.moment = Moment(int(time.time() * 1000) - age_ms, self.moment.zone)
        write_redis(self.redis, commands, self.moment, age_ms)

    def spooled(self) -> list[tuple[int, int, int, bytes]]:
        """What stands in the spool: id, received_ms, parked, body."""
        db = sqlite3.connect(Path(self.line.environ["SPOOL_DIR"]) / "spool.db")
        rows = db.execute("SELECT id, received_ms, parked, body FROM spool ORDER BY id").fetchall()
        db.close()
        return rows

    def spool_schema(self) -> str:
        db = sqlite3.connect(Path(self.line.environ["SPOOL_DIR"]) / "spool.db")
        own = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'table' DESC"
        made = " ".join(sql + ";" for (sql,) in db.execute(own))
        [version] = db.execute("PRAGMA user_version").fetchone()
        db.close()
        return f"PRAGMA auto_vacuum = FULL; PRAGMA journal_mode = WAL; {made} PRAGMA user_version = {version};"


def make_long_ago(stage: Stage) -> None:
    """What became of leads, in every way that is final; the store is young."""
    stage.start()
    home = {"street_address": "7 Ferry Lane", "city": "Nonthaburi", "postal_code": "11000", "country": "Thailand"}
    stage.sync(stage.new("long-ago"), lead("long-ago", phone="0811110001", address=home), again=False)
    stage.sync(lead("long-ago", phone="0811110001"), lead("long-ago-asked", intent="Ask price"), again=False)
    stage.post({**stage.new("long-ago-discarded"), "mid": None}, 422, again=False)
    stage.call("discard", "--all", "--yes")
    stage.stop()


def make_days_ago(stage: Stage) -> list[tuple[int, int, int, bytes]]:
    """Customers of every kind; what waits for a person; forgotten customers. Returns what is left in a spool."""
    line, crm = stage.line, stage.crm
    stage.start()
    stage.sync(*(stage.new(one) for one in ("plain", "plain-thai", "forgotten", "erased")))
    stage.sync(owner := stage.new("owner"), stage.new("guest", email=owner["contact_info"]["email"]))
    crm.create(**OWNED)
    stage.sync(stage.new("stranger", email=OWNED["email"]))
    same = stage.new("first-of-phone")
    info = same["contact_info"]
    stage.sync(same, stage.new("second-of-phone", email=info["email"], phone=info["phone"]))
    for customer in ("message-refused", "message-retried"):
        line.chat.fault("redirect", count=1)
        stage.sync(stage.new(customer))
    line.chat.fault("lost_answer", count=1)
    stage.sync(stage.new("message-unclear"))
    crm.fault("row_refused", ids=["lead-refused", "lead-retried"])
    stage.sync(stage.new("lead-refused"), stage.new("lead-retried"))
    crm.control("DELETE", "faults")
    stage.sync(lead("lead-retried", name="Clementine Eastlake", phone="0811110003"))
    stage.post({**stage.new("lead-unusable"), "intent": None}, 422)
    stage.events = [each for each in stage.events if each[1]["customer_id"] not in ("forgotten", "erased")]
    stage.stop()
    stage.start(DRY_RUN="1")
    stage.sync(stage.new("held-back"), again=False)
    stage.stop()
    elsewhere = str(line.folder / "elsewhere")
    with stage.frozen():
        # The web of a machine that nobody starts again before its customer is forgotten.
        web = line.start("web", SPOOL_DIR=elsewhere)
        line.await_web()
        stage.post(lead("forgotten", phone="0811110002"), again=False)
        web.kill()
    stage.call("forget", "forgotten", "--yes")
    stage.call("forget", "erased", "--hubspot", "--yes")
    here, line.environ["SPOOL_DIR"] = line.environ["SPOOL_DIR"], elsewhere
    left = stage.spooled()
    line.environ["SPOOL_DIR"] = here
    return left


def make_today(stage: Stage) -> None:
    """Work that is cut off."""
    line, redis, crm = stage.line, stage.redis, stage.crm
    stage.start()
    crm.fault("row_locked", ids=["locked"])
    stage.post(stage.new("locked"))
    eventually(lambda: line.receipt("locked").state == "waiting")
    for customer in ("told-today", "told-later"):
        if customer == "told-later":
            line.chat.fault("429", count=1, retry_after=600)
        stage.post(stage.new(customer))
        stage.await_message(customer, "sent", "waiting")
    hold = [keys.lock(keys.OUTBOX, shard) for shard in range(SHARDS)]
    for name in hold:
        eventually(partial(redis.set, name, "test", nx=True, px=600_000), 30)
    for customer in (CUT_OFF, TO_BE_TOLD, TOLD_AND_LOST):
        stage.post(stage.new(customer))
        stage.await_message(customer, "queued")
    eventually(lambda: line.receipt("locked").tries == 4, 60)
    # HubSpot makes a contact and the answer is lost. So is the answer to the next try, which is made with this lead
    # alone and puts it off. Then a daily quota is used up.
    crm.control("DELETE", "faults")
    crm.fault("lost_answer", name="first", path="/batch/upsert", count=1)
    crm.fault("lost_answer", name="second", path="/batch/update", count=1)
    stage.post(stage.new("answer-lost"))
    eventually(lambda: line.receipt("answer-lost").reason, 30)
    crm.fault("429_daily", path="/batch/read", retry_after=300)
    eventually(lambda: redis.hget(keys.PAUSE, "code") == b"daily_quota", 30)
    line.chat.fault("hang", seconds=300)
    redis.delete(hold.pop(0))
    Bell(redis).ring(keys.OUTBOX, 0)
    eventually(lambda: redis.hlen(keys.sending(keys.OUTBOX, 0)), 30)
    stage.worker.kill()
    line.chat.control("DELETE", "faults")
    crm.control("DELETE", "faults")
    # A salesperson works on the contact whose making nobody knows of.
    edit = {"properties": {"hs_lead_status": "CONNECTED"}}
    crm.control("PATCH", "contacts/answer-lost?idProperty=dealdroid_customer_id", edit)
    redis.delete(*hold)
    make_waiting(stage)


def make_waiting(stage: Stage) -> None:
    """What comes while no worker lives, and then while Redis does not answer either."""
    for customer in ("plain", "told-today", "owner", "guest", "stranger", "second-of-phone", "answer-lost"):
        stage.post(lead(customer, phone=f"08122{len(stage.events):05}"))
    # Says once more what a salesperson has changed meanwhile.
    edit = {"properties": {"phone": "+66899990001"}}
    stage.crm.control("PATCH", "contacts/plain-thai?idProperty=dealdroid_customer_id", edit)
    said = {body["customer_id"]: body["contact_info"] for _, body in reversed(stage.events)}
    stage.post(lead("plain-thai", phone=said["plain-thai"]["phone"]))
    # The third with this email, which identifies nobody from now on.
    stage.post(stage.new("third", email=said["owner"]["email"]))
    rich = json.loads((Path(__file__).parent.parent / "payloads/purchase_th.json").read_text())
    stage.post({**rich, **stage.new("waiting-thai", name="คุณกานต์ ทองประไพพร"), "shopping_cart": rich["shopping_cart"]})
    stage.post(known := {**stage.new("waiting"), "customer_id": 7_700_001})
    # A contact that Redis knows nothing of: only a store that is not intact may hold it.
    [somebody] = invent(1, seed=77)
    stage.crm.create(
        dealdroid_customer_id="before-redis",
        firstname=somebody.first,
        lastname=somebody.last,
        hs_lead_status="CONNECTED",
    )
    stage.post(lead("before-redis", phone="0812200099"))
    with stage.frozen():
        # What is asked of a Redis that hangs may be done by it later: so this is first something that it has.
        stage.post(known, again=False)
        stage.post(stage.new("spooled-and-put"))
    eventually(lambda: any(fields.keys() == {b"e", b"b", b"v"} for fields in stage.entries()), 30)
    stage.call("retry", stage.lead_of("lead-retried"))
    stage.call("retry", stage.lead_of("message-retried"))
    # The receiver leaves Redis alone for so long after a failure, and shows nobody whether that is over.
    time.sleep(PAUSE_SECONDS)
    with stage.frozen():
        stage.post(known, again=False)
        stage.post(stage.new("spooled"))
        stage.post({**stage.new("spooled-unusable"), "intent": None}, 422)
        stage.web.kill()


def make_forgetful(stage: Stage, commands: Commands) -> list[list[str]]:
    """After `commands` were saved a message is sent and an event is acknowledged, and all are killed at once. Returns
    the pages of the journals, which know of it."""
    stage.line.environ["SPOOL_DIR"] = str(stage.line.folder / "nothing")
    kept = [keys.SECRET, keys.DATASET, keys.STORE, keys.RUN, keys.LEADS, keys.entries(keys.OUTBOX, 2), keys.receipt("")]
    now = replace(stage.moment, ms=int(time.time() * 1000))
    stage.redis.flushdb()
    write_redis(stage.redis, [each for each in commands if each[1].startswith(tuple(kept))], now)
    Bell(stage.redis).ring(keys.OUTBOX, 2)
    worker = stage.line.start("worker")
    stage.await_message(TOLD_AND_LOST, "sent")
    worker.kill()
    pages = [*journal_folder().glob(f"web-*-{stage.moment.dataset}-*")]
    web = stage.line.start("web")
    # From then on it remembers on the disk.
    eventually(lambda: not any(page.exists() for page in pages), 30)
    stage.post(stage.new("acknowledged-and-lost"))
    web.kill()
    teller = stage.teller()
    pages = sorted(journal_folder().glob(f"*-{stage.moment.dataset}-*"))
    found = [[teller.text(page.name.encode()), *map(teller.text, page.read_bytes().splitlines())] for page in pages]
    remove_journals(stage.moment)
    return found


def make_stores(stage: Stage) -> dict[str, Commands]:
    """Markers of a store that was lost: read back, and while it is read back."""
    made: dict[str, Commands] = {}
    for what in ("restored", "restoring"):
        stage.redis.flushdb()
        stage.crm.settings(search_lag=0, latency=0.7 if what == "restoring" else 0)
        stage.start()
        stage.post(stage.new(what), again=False)
        name = keys.STORE if what == "restored" else keys.RESTORING
        eventually(partial(stage.redis.exists, name), 60)
        stage.worker.kill()
        stage.web.kill()
        made[what] = [each for each in stage.snapshot() if each[1].startswith(keys.STORE)]
    return made


def write(file: Path, rows: Sequence[Any]) -> None:
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def write_json(file: Path, sections: dict[str, Any]) -> None:
    """An object of objects or lists, with a line for each that they hold."""
    parts = []
    for name, section in sections.items():
        pairs = section.items() if isinstance(section, dict) else enumerate(section)
        rows = [
            (f"{json.dumps(key)}: " if isinstance(section, dict) else "") + json.dumps(value, ensure_ascii=False)
            for key, value in pairs
        ]
        start, end = "{}" if isinstance(section, dict) else "[]"
        parts.append(f'"{name}": {start}\n  ' + ",\n  ".join(rows) + f"\n{end}")
    file.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def main(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    own = {"WEB_CONCURRENCY": "1", "LEADSYNC_TIMEZONE": noon_zone()}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(embedded.start(folder / "redis"))
        line = stack.enter_context(open_line(folder, server.url, **own))
        # What others make there is numbered from 501 on.
        line.crm.portal.last_id = 700_000
        stage = Stage(line, server, invent(100, seed=11))
        make_long_ago(stage)
        young = [each for each in stage.snapshot() if each[1] == keys.STORE]
        stage.restart_redis(stage.snapshot(), 17 * DAY_MS)
        spooled = make_days_ago(stage)
        stage.restart_redis(stage.snapshot(), 3 * DAY_MS)
        make_today(stage)
        commands, teller = stage.snapshot(), stage.teller()
        aged = [(at - 3 * DAY_MS * 1_000_000, ms - 3 * DAY_MS, *rest) for at, ms, *rest in spooled]
        rows = [
            [teller.text(b"%d" % number), teller.text(b"%d" % received), parked, teller.text(body)]
            for number, received, parked, body in [*aged, *stage.spooled()]
        ]
        with line.crm.portal.lock:
            contacts = [
                [
                    str(one.id),
                    teller.text(b"%d" % (one.created * 1000)),
                    {n: teller.text(v.encode()) for n, v in one.properties.items()},
                ]
                for one in line.crm.portal.contacts.records.values()
            ]
        intact = [each for each in commands if each[1] == keys.STORE]
        write(target / "redis.jsonl", [each for each in commands if each not in intact])
        write(target / "spool.jsonl", [stage.spool_schema(), *rows])
        write(target / "hubspot.jsonl", contacts)
        write(target / "journals.jsonl", make_forgetful(stage, commands))
        with line.chat.chats.lock:
            messages = [{name: one[name] for name in ("customer_id", "text")} for one in line.chat.chats.messages]
        write(target / "messages.jsonl", messages)
        write(target / "events.jsonl", stage.events)
        write_json(target / "stores.json", {"intact": intact, "young": young, **make_stores(stage)})
    write_json(target / "expected.json", {})
    write_json(target / "expected.json", run_to_the_end(target, own))


def run_to_the_end(target: Path, own: dict[str, str]) -> dict[str, Any]:
    """What this revision itself makes of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(embedded.start(folder / "redis"))
        line = stack.enter_context(open_line(folder, server.url, **own))
        moment = Saved(target).load(line, AGE_MS)
        counts = count(line, moment)
        line.start("web")
        line.start("worker")
        eventually(lambda: any(one.customer_id == "acknowledged-and-lost" for one in line.receipts()), 60)
        line.settle(120, hasten=True)
        return {"counts": counts, **outcome(line), "old": old_receipts(line, moment)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
