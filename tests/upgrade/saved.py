"""What a version left in Redis, on the disk and in a portal: loaded, counted, and what became of it."""

import json
import os
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from click.testing import CliRunner

from leadcore.fields import BODY, TEXT
from leadcore.machine import Machine
from leadcore.store import keys, lines
from leadsync.cli import cli
from receiver.intake.spool import Spool
from sandbox.hubspot.object_types import CONTACTS
from sandbox.hubspot.records import Plan, Record
from tests.conftest import SHARDS, Line
from tests.stand_ins import key_of
from tests.upgrade.times import DAY_MS, Moment


def journal_folder() -> Path:
    """Where processes keep their journals."""
    shared = Path("/dev/shm")  # noqa: S108 - the product's own choice
    parent = shared if shared.is_dir() else Path(tempfile.gettempdir())
    return parent / f"leadsync-{os.getuid()}-journal"


def write_redis(redis: Any, commands: Sequence[Sequence[str]], moment: Moment, age_ms: int = 0) -> None:
    """Run saved commands. What would have ended in `age_ms` since it was saved, ends."""
    # All at once, because workers may be looking.
    pipe = redis.pipeline(transaction=True)
    for name, *words in commands:
        if name == "PEXPIRE":
            pipe.pexpire(moment.fill(words[0]), int(words[1]) - age_ms)
        else:
            pipe.execute_command(name, *map(moment.fill, words))
    pipe.execute()


class Saved:
    """All that one version left, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stores: dict[str, list[list[str]]] = json.loads((folder / "stores.json").read_text())
        self.expected: dict[str, Any] = json.loads((folder / "expected.json").read_text())

    def lines(self, name: str) -> list[Any]:
        return [json.loads(line) for line in (self.folder / f"{name}.jsonl").read_text().splitlines()]

    def load(self, line: Line, age_ms: int, *, store: str = "intact", disk: bool = True) -> Moment:
        """Let `line` be as it was saved `age_ms` ago, with that marker of the store, and with what stood on the disk
        unless told not to."""
        moment = Moment(int(time.time() * 1000) - age_ms, ZoneInfo(line.environ["LEADSYNC_TIMEZONE"]))
        self._fill_portal(line, moment)
        with line.chat.chats.lock:
            line.chat.chats.messages += [{"at": 0.0, **message} for message in self.lines("messages")]
        write_redis(line.redis, [*self.lines("redis"), *self.stores[store]], moment, age_ms)
        if disk:
            self._fill_spool(Path(line.environ["SPOOL_DIR"]), moment)
            self._fill_journals(moment)
        return moment

    def _fill_portal(self, line: Line, moment: Moment) -> None:
        portal = line.crm.portal
        with portal.lock:
            for contact_id, created, properties in self.lines("hubspot"):
                at = int(moment.fill(created)) / 1000
                filled = {name: moment.fill(value).decode() for name, value in properties.items()}
                portal.commit(CONTACTS, [Plan(Record(CONTACTS, int(contact_id), at, at), filled, new=True)])

    def _fill_spool(self, folder: Path, moment: Moment) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        schema, *rows = self.lines("spool")
        db = sqlite3.connect(folder / "spool.db", isolation_level=None)
        db.executescript(schema)
        for number, received, parked, body in rows:
            row = (int(moment.fill(number)), int(moment.fill(received)), parked, moment.fill(body))
            db.execute("INSERT INTO spool VALUES (?, ?, ?, ?)", row)
        db.close()

    def _fill_journals(self, moment: Moment) -> None:
        journal_folder().mkdir(mode=0o700, exist_ok=True)
        for name, *rows in self.lines("journals"):
            page = journal_folder() / moment.fill(name).decode()
            page.write_bytes(b"".join(moment.fill(row) + b"\n" for row in rows))
            page.chmod(0o600)


def count(line: Line, moment: Moment) -> dict[str, int]:
    """How many of everything there is: in Redis, on the disk, in the portal and in the chats."""
    redis = line.redis

    def sizes(line: str) -> Iterator[tuple[int, int, int]]:
        """What waits in each shard: in its stream, later, and as being sent."""
        for shard in range(SHARDS):
            pipe = redis.pipeline()
            lines.count_entries(pipe, line, shard)
            yield pipe.execute()

    def stream(of: str) -> list[dict[bytes, bytes]]:
        found = [redis.xrange(keys.entries(of, shard)) for shard in range(SHARDS)]
        return [fields for rows in found for _, fields in rows]

    def named(pattern: str) -> list[bytes]:
        """What stands in the keys of that pattern, but for locks."""
        return [redis.get(name) for name in redis.scan_iter(pattern) if not name.endswith(b":lock")]

    inbox, outbox = stream(keys.INBOX), stream(keys.OUTBOX)
    jobs = [zlib.decompress(redis.hget(name, "data")) for name in redis.scan_iter("rq:job:*")]
    states = [redis.hget(name, "s") or b"waiting" for name in redis.scan_iter(keys.receipt("*"))]
    records = named(keys.customer("*"))
    tombstones = named(keys.forgotten("*"))
    later = [m for of in lines.LINES for s in range(SHARDS) for m in redis.zrange(keys.later(of.name, s), 0, -1)]
    with closing(Spool(Path(line.environ["SPOOL_DIR"]), Machine())) as spool:
        spooled = spool.count()
    counts = {
        "inbox: as it came": sum(entry.keys() == {b"e", b"b"} for entry in inbox),
        "inbox: from the spool": sum(entry.keys() == {b"e", b"b", b"v"} for entry in inbox),
        "inbox: retried by a person": sum(entry.get(b"k") == b"retry" for entry in inbox),
        "inbox: tried before": sum(b"n" in entry for entry in inbox),
        "put off without using up a try": sum(b"p" in e for e in inbox) + sum(b"\x1fp\x1f" in m for m in later),
        "outbox: as it came": sum(entry.keys() == {b"e", b"c", b"t", b"v"} for entry in outbox),
        "outbox: retried by a person": sum(entry.get(b"k") == b"retry" for entry in outbox),
        **{f"later: a {of.noun.removesuffix('s')}": sum(size[1] for size in sizes(of.name)) for of in lines.LINES},
        "sending": sum(size[2] for of in lines.LINES for size in sizes(of.name)),
        **{kept.name: redis.zcard(kept.index) for _, kept in lines.each_kept()},
        **{f"{kept.name}: {PAYLOADS[of.payload]}": len(named(kept.key("*"))) for of, kept in lines.each_kept()},
        "tombstones": len(tombstones),
        "tombstones: of a contact in HubSpot": sum(b" " in tombstone for tombstone in tombstones),
        "contacts": len(named(keys.contact("*"))),
        "emails": len([*redis.scan_iter(keys.email("*"))]),
        "pauses": sum(redis.exists(of.pause) for of in lines.LINES),
        "actions": redis.xlen(keys.ACTIONS),
        "leads": redis.xlen(keys.LEADS),
        "hours with counts": len([*redis.scan_iter(keys.COUNTS + ":*")]),
        "counters": redis.hlen(keys.COUNTS),
        "figures": redis.hlen(keys.FIGURES),
        **{f"RQ: {of.job}": sum(f'"{of.job}"'.encode() in job for job in jobs) for of in lines.LINES if of.job},
        "RQ: waiting": redis.llen("rq:queue:leadsync"),
        "spool": spooled,
        "journals: web": _journaled(moment, "web"),
        "journals: worker": _journaled(moment, "worker"),
        "HubSpot": len(line.crm.contacts()),
        "messages": len(line.chat.told()),
        **{f"receipts: {state.decode()}": states.count(state) for state in sorted(set(states))},
        **{f"customers: {what}": number for what, number in _sort(records).items()},
    }
    return {what: int(number) for what, number in counts.items()}


def _sort(records: Sequence[bytes]) -> dict[str, int]:
    """Customers by the flags in the sixth byte of their records; see `workers.rules.customer`."""
    flags = [record[5] for record in records]
    return {
        "plain": flags.count(0),
        "guarded": sum(bool(each & 1) for each in flags),
        "shared": sum(bool(each & 2) for each in flags),
        "shared, not guarded": flags.count(2),
        "matched": sum(bool(each & 4) for each in flags),
        "attempted": sum(bool(each & 8) for each in flags),
    }


def _journaled(moment: Moment, kind: str) -> int:
    pages = journal_folder().glob(f"{kind}-*-{moment.dataset}-*")
    return sum(len(page.read_bytes().splitlines()) for page in pages)


def remove_journals(moment: Moment) -> None:
    for page in journal_folder().glob(f"*-{moment.dataset}-*"):
        page.unlink(missing_ok=True)


PAYLOADS = {BODY: "bodies", TEXT: "messages"}
OF_INTEREST = (
    "firstname", "lastname", "email", "phone", "mobilephone", "address", "city", "state", "zip", "country",
    "hs_lead_status", "dealdroid_customer_id", "dealdroid_other_customer_ids",
)  # fmt: skip


def outcome(line: Line) -> dict[str, Any]:
    """What it came to in the end: customer -> the one contact's properties, customer -> how many messages, lead -> its
    customer, its state and the first word about its message."""
    contacts = line.crm.contacts()
    assert len({*map(key_of, contacts)}) == len(contacts), "a customer has two contacts"
    told = [str(message["customer_id"]) for message in line.chat.chats.messages]
    return {
        "contacts": {
            key_of(contact): {
                name: contact["properties"][name] for name in OF_INTEREST if name in contact["properties"]
            }
            for contact in contacts
        },
        "messages": {customer: told.count(customer) for customer in sorted(set(told))},
        "leads": {one.lead: [one.customer_id, one.state, one.message.partition(":")[0]] for one in line.receipts()},
    }


def old_receipts(line: Line, moment: Moment) -> list[dict[str, Any]]:
    """What `leadsync leads` says of leads that are over ten days old; times are relative to `moment`."""
    done = CliRunner().invoke(cli, ["leads", "--json", "--limit", "10000"], env=line.environ)
    assert done.exit_code == 0, done.output
    found = [
        {name: value - moment.ms if value and name.endswith("_ms") else value for name, value in receipt.items()}
        for receipt in json.loads(done.stdout)
    ]
    return [receipt for receipt in found if receipt["received_ms"] < -10 * DAY_MS]
