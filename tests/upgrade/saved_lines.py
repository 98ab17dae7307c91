"""A system with all the lines that come after contacts, and what a version left in them: loaded and counted."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from click.testing import CliRunner

from leadcore.store import keys, lines
from leadsync.cli import cli
from sandbox.http_server import running
from sandbox.hubspot import snapshot
from tests.conftest import SHARDS, Line, open_line
from tests.upgrade.saved import write_redis
from tests.upgrade.times import Moment, Teller, noon_zone
from tests.workers.hooks.conftest import HOOK_SECRET, Receiver
from tests.workers.notices.conftest import Service
from workers.rules.note_marker import read_marker

TOKEN = "token of the shop's own systems"
CONFIG = """
[orders]
intents = ["Purchase"]
[notes]
intents = ["*"]
[payment]
provider = "promptpay"
[notify]
on = ["lead.created", "order.created", "order.paid"]
every_seconds = 1
[hooks]
on = ["*"]
"""
# Kinds of records of which something is saved.
KINDS = ("contacts", "orders", "line_items", "notes")
COMMANDS, PORTAL, EXPECTED = "commands.jsonl", "portal.jsonl", "expected_lines.json"


@dataclass
class System:
    """`hooks`, `team`: who is told outside."""

    line: Line
    hooks: Receiver
    team: Service

    def places(self) -> dict[str, str]:
        """What stands in saved data for an address outside -> its digest, as it is stored."""
        return {
            "{hooks}": sha256(self.hooks.url.encode()).hexdigest()[:16],
            "{team}": sha256(self.team.address.encode()).hexdigest()[:16],
        }

    def call(self, *words: str) -> Any:
        """The answer of a command in JSON."""
        done = CliRunner().invoke(cli, [*words, "--json"], env={**self.line.environ, "LOGNAME": "ann"})
        assert done.stdout, (done.output, done.exc_info)
        return json.loads(done.stdout)

    def records(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.line.crm.control("GET", "state")[kind]
        return found


@contextmanager
def open_system(folder: Path, redis_url: str) -> Iterator[System]:
    """Without processes yet, in a portal where `leadsync setup` was run."""
    config, hooks, team = folder / "lines.toml", Receiver(), Service()
    config.write_text(CONFIG)
    with running(hooks) as hook_server, running(team) as team_server:
        hooks.url, team.url = f"{hook_server.url}/hook", f"{team_server.url}/team"
        own = {
            "WEB_CONCURRENCY": "1",
            "LEADSYNC_TIMEZONE": noon_zone(),
            "LEADSYNC_CONFIG": str(config),
            "LEADSYNC_KEY": "key of what was saved, 32 letters",
            "MESSAGES_TOKEN": TOKEN,
            "PUBLIC_URL": "https://shop.example.com",
            "PROMPTPAY_ID": "0812345678",
            "HOOK_URLS": hooks.url,
            "HOOK_SECRET": HOOK_SECRET,
            "NOTIFY_URLS": team.address,
        }
        with open_line(folder, redis_url, **own) as line:
            done = CliRunner().invoke(cli, ["setup"], env=line.environ)
            assert done.exit_code == 0, done.output
            yield System(line, hooks, team)


def save(system: System, folder: Path, teller: Teller) -> None:
    """Write what the stopped system left."""
    folder.mkdir(parents=True, exist_ok=True)
    commands = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in teller.redis(system.line.redis))
    for place, digest in system.places().items():
        commands = commands.replace(digest, place)
    (folder / COMMANDS).write_text(commands)
    portal = json.loads(snapshot.save(system.line.crm.portal))
    rows: list[Any] = [[kind, *portal["tables"][kind]["records"]] for kind in KINDS]
    rows = [*rows, ["index", {kind: portal["tables"][kind]["index"] for kind in KINDS}], ["links", *portal["links"]]]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / PORTAL).write_text(teller.text(text.encode()))


def load(system: System, folder: Path, age_ms: int) -> Moment:
    """Let the system be as it was saved `age_ms` ago."""
    line = system.line
    moment = Moment(int(line.redis.time()[0] * 1000) - age_ms, ZoneInfo(line.environ["LEADSYNC_TIMEZONE"]))
    commands = (folder / COMMANDS).read_text()
    for place, digest in system.places().items():
        commands = commands.replace(place, digest)
    write_redis(line.redis, [json.loads(row) for row in commands.splitlines()], moment, age_ms)
    portal = json.loads(snapshot.save(line.crm.portal))
    for name, *rows in map(json.loads, moment.fill((folder / PORTAL).read_text()).splitlines()):
        if name == "index":
            for kind, index in rows[0].items():
                portal["tables"][kind]["index"] = index
        elif name == "links":
            portal["links"] = rows
        else:
            portal["tables"][name]["records"] = rows
    ids = [one["id"] for kind in KINDS for one in portal["tables"][kind]["records"]]
    portal["last_id"] = max([portal["last_id"], *ids])
    snapshot.restore(line.crm.portal, json.dumps(portal).encode())
    return moment


def count(line: Line) -> dict[str, int]:
    """How much stands in each of the lines, in every way in which it can; without what is none."""
    redis, found = line.redis, Counter[str]()
    for of in lines.LINES:
        for shard in range(SHARDS):
            found[f"{of.name}: waits"] += redis.xlen(keys.entries(of.name, shard))
            found[f"{of.name}: later"] += redis.zcard(keys.later(of.name, shard))
        found[f"{of.name}: addresses"] = redis.scard(keys.endpoints(of.name)) if of.has_endpoints else 0
        for kept in of.kept:
            found[f"{of.name}: {kept.said}"] += redis.zcard(kept.index)
            found[f"{of.name}: {kept.said}, with its body"] += len([*redis.scan_iter(kept.key("*"))])
    for what, name in (
        ("records of orders", keys.ordered("*")),
        ("orders, for payments", keys.order("*")),
        ("newest carts", keys.newest_cart("*")),
        ("news of payments", keys.payment_event("*")),
        ("records of messages", keys.message("*")),
    ):
        found[what] = len([*redis.scan_iter(name)])
    notes = [one.note.partition(":")[0] for one in line.receipts()]
    found.update({f"notes: {state or 'none'}": notes.count(state) for state in set(notes)})
    return {what: int(number) for what, number in sorted(found.items()) if number}


def outcome(system: System) -> dict[str, Any]:
    """What it came to in the end, without ids: by customer the totals and states of orders with their lines, how many
    notes, what they were told; what the outside was told."""
    line = system.line
    items = {int(one["id"]): one["properties"] for one in system.records("line_items")}
    orders: dict[str, list[Any]] = {}
    for one in system.records("orders"):
        said, linked = one["properties"], one["associations"].get("line_items", ())
        of = orders.setdefault(json.loads(said["dealdroid_customer_id"]), [])
        codes = sorted(items[int(id)]["hs_sku"] for id in linked)
        of.append([said["hs_total_price"], said.get("hs_payment_status") or "", codes])
    leads = {one.lead: one.customer_id for one in line.receipts()}
    markers = [read_marker(one["properties"]["hs_note_body"]) for one in system.records("notes")]
    customers = sorted(leads[lead] for lead, _ in markers)
    with line.chat.chats.lock:
        told = Counter(str(message["customer_id"]) for message in line.chat.chats.messages)
    return {
        "contacts": sorted(str(one["properties"]["dealdroid_customer_id"]) for one in system.records("contacts")),
        "orders": dict(sorted(orders.items())),
        "notes": {customer: customers.count(customer) for customer in customers},
        "messages": dict(sorted(told.items())),
        "leads": sorted([one.customer_id, one.state, first(one.order), first(one.note)] for one in line.receipts()),
        "parked": {one["code"]: one["count"] for one in sorted(system.call("parked"), key=lambda one: one["code"])},
    }


def first(state: str) -> str:
    """The first word of what a receipt says."""
    return state.partition(":")[0]
