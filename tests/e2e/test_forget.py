"""`leadsync export` and `leadsync forget` beside the running system."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leadcore import event
from leadcore.machine import Machine
from leadcore.receipts import pack
from leadcore.settings import read
from leadcore.store import keys, lines
from leadcore.store.streams import Stream, pack_fields
from leadsync.cli import cli
from leadsync.privacy.forget import LINKS_UNKNOWN
from leadsync.privacy.hubspot_erasure import HubSpotErasure
from receiver.intake.feeder import Feeder
from receiver.intake.spool import Spool
from tests.conftest import PATIENT, SHARDS, Line, eventually, head, lead, same_shard
from tests.redis_content import find_keys
from workers.flow import lease
from workers.rules.customer import unpack
from workers.rules.delivery import store_unsent

SAID = {"name": "Ann Lee", "phone": "0812345678", "email": "ann@lee-shop.co.th"}
OWN = {"email": "shared@somebody-elses.co.th", "firstname": "Owner", "phone": "+6621112222"}


def call(line: Line, *words: str, answer: str = "", **environ: str) -> Result:
    return CliRunner().invoke(cli, words, env={**line.environ, **environ}, input=answer)


def forget(line: Line, customer_id: str, *words: str, code: int = 0) -> dict[str, Any]:
    done = call(line, "forget", customer_id, "--yes", "--json", *words)
    assert done.exit_code == code, done.output
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def export(line: Line, customer_id: str) -> dict[str, Any]:
    done = call(line, "export", customer_id, "--json")
    assert done.exit_code == 0, done.output
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def digest(line: Line, customer_id: str) -> str:
    return keys.digest(line.redis.get(keys.SECRET), customer_id)


def held(line: Line, *words: str) -> list[str]:
    """The keys that hold one of `words` in their name or value."""
    return find_keys(line.redis, *(one.encode() for one in words))


def park(line: Line, customer_id: Any, name: str = "parked-one") -> str:
    body = {key: value for key, value in lead(customer_id, **SAID).items() if key != "secret"}
    packed = pack_fields({b"e": name.encode(), b"b": event.encode(body), b"v": b"%d-0" % (line.redis.time()[0] * 1000)})
    receipt = pack(customer_id=event.identity(customer_id), intent="Share contact", state="parked", reason="row: why")
    Stream(line.redis).park(name, packed, receipt)
    return name


@contextmanager
def feeder(line: Line, folder: Path) -> Iterator[Feeder]:
    """Another machine's receiver, with a spool of its own."""
    with closing(Spool(folder, Machine())) as spool:
        yield Feeder(line.redis, spool, read(line.environ), Machine())


def bare(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "secret"}


def everywhere(line: Line, customer_id: Any) -> None:
    """Let something of the customer be held wherever it can be; no worker is left at the end."""
    name = event.identity(customer_id)
    shard = keys.shard_of(name, SHARDS)
    line.redis.hset(lines.OUTBOX.pause, mapping={"until": 10**14, "code": "test", "reason": "test"})
    line.start("web", **PATIENT)
    worker = line.start("worker", "--one")
    line.await_web()
    line.send(lead(customer_id, **SAID), lead("neighbour", name="Bob"))
    eventually(lambda: line.redis.xlen(keys.entries(keys.OUTBOX, shard)) and line.receipt("neighbour").written_ms)
    worker.stop()
    [(at, fields), *_] = line.redis.xrange(keys.entries(keys.OUTBOX, shard))
    line.redis.hset(keys.sending(keys.OUTBOX, shard), at, pack_fields(fields))
    line.redis.zadd(keys.later(keys.OUTBOX, shard), {pack_fields({**fields, b"n": b"1"}): 10**14})
    Stream(line.redis).apply(store_unsent(fields, line.redis.time()[0] * 1000))
    park(line, customer_id)
    line.send(lead(customer_id, **SAID))
    [(at, fields)] = line.redis.xrange(keys.entries(keys.INBOX, shard))
    version = {b"v": at.split(b"-")[0]}
    line.redis.zadd(keys.later(keys.INBOX, shard), {pack_fields({**fields, **version, b"n": b"1"}): 10**14})
    line.redis.sadd(keys.email(digest(line, SAID["email"])), digest(line, name), "another")
    with closing(Spool(Path(line.environ["SPOOL_DIR"]).parent / "elsewhere", Machine())) as spool:
        spool.put(event.encode(bare(lead(customer_id, **SAID))), int(line.redis.time()[0] * 1000) - 5000)
        spool.put(event.encode(bare(lead("neighbour", name="Bob"))), int(line.redis.time()[0] * 1000) - 5000)


@pytest.mark.parametrize("customer_id", ["c-one", 7, "ลูกค้า 1"])
def test_export_shows_all_that_is_held_and_forgetting_leaves_none_of_it(
    spare_line: Callable[..., Line], customer_id: Any
) -> None:
    line, name = spare_line(), event.identity(customer_id)
    everywhere(line, customer_id)
    line.environ["SPOOL_DIR"] = str(line.folder / "elsewhere")
    mine = [keys.receipt(one.lead).encode() for one in line.receipts(name)]
    others = line.redis.keys(keys.receipt("*")) + line.redis.keys(keys.customer("*"))
    others = {
        key: line.redis.dump(key) for key in others if key not in [*mine, keys.customer(digest(line, name)).encode()]
    }
    shown = export(line, name)
    assert [one["held"] for one in shown["waiting"]] == ["later", "stream"]
    assert [one["held"] for one in shown["messages"]] == ["unsent", "later", "stream", "sending"]
    assert all(one["body"]["contact_info"] == SAID for one in [*shown["waiting"], *shown["parked"]])
    assert [len(shown[what]) for what in ("parked", "spooled", "receipts", "actions")] == [1, 1, 3, 0]
    assert shown["record"]["contact_id"] == line.receipts(name)[0].contact_id
    assert {"firstname", "phone", "email"} <= shown["record"]["clock"].keys()
    assert shown["emails_used"] == 1
    assert forget(line, name)["removed"] == {
        "field clocks": 1,
        "waiting leads": 2,
        "messages": 4,
        "waiting orders": 0,
        "payments": 0,
        "waiting notes": 0,
        "hooks": 0,
        "notices": 0,
        "order records": 0,
        "parked leads": 1,
        "held leads": 0,
        "receipts": 3,
        "email entries": 1,
        "spooled leads": 1,
    }
    shown = export(line, name)
    assert not any(shown[what] for what in ("waiting", "messages", "parked", "spooled", "receipts", "emails_used"))
    assert (shown["record"]["contact_id"], shown["record"]["clock"]) == ("", {})
    assert [one["c"] for one in shown["actions"]] == ["forget"]
    assert not held(line, SAID["phone"], SAID["name"], *([name] if name != "7" else []))
    assert others
    assert {key: line.redis.dump(key) for key in others} == others
    assert line.redis.smembers(keys.email(digest(line, SAID["email"]))) == {b"another"}
    assert [one.customer_id for one in line.receipts()] == ["neighbour"]
    with closing(Spool(line.folder / "elsewhere", Machine())) as spool:
        assert spool.count() == 1


def test_the_contact_made_for_the_customer_is_deleted_for_good(line: Line) -> None:
    line.sync(lead("ann", **SAID), lead("bob", name="Bob Ray"))
    contact_id = line.receipt("ann").contact_id
    done = forget(line, "ann", "--hubspot")
    assert done["hubspot"] == [{"contact_id": contact_id, "erased": True, "others": 0}]
    assert (line.crm.calls("gdpr-delete"), [one["id"] for one in line.crm.contacts()]) == (
        1,
        [line.receipt("bob").contact_id],
    )
    assert line.redis.get(keys.customer(digest(line, "ann"))) is None
    assert line.redis.get(keys.forgotten(digest(line, "ann"))).isdigit()


@pytest.mark.parametrize("writes", ["routed", "refused"])
@pytest.mark.parametrize("who", ["ann", "bob"], ids=["primary", "other"])
@pytest.mark.parametrize("spoke", [False, True], ids=["silent", "spoke"])
def test_a_merged_contact_is_deleted_whole_and_its_other_customer_gets_a_new_one(
    line: Line, writes: str, who: str, spoke: bool
) -> None:
    """Nobody can tell the values of the two apart."""
    line.crm.settings(merged_writes=writes)
    line.sync(lead("ann", **SAID), lead("bob", name="Bob Ray"))
    ids = {"primary": line.receipt("ann").contact_id, "other": line.receipt("bob").contact_id}
    contact_id = line.crm.control("POST", "merges", ids)["id"]
    if spoke:
        line.sync(lead("bob", city="Leeds"))
    assert forget(line, who, "--hubspot")["hubspot"] == [{"contact_id": contact_id, "erased": True, "others": 1}]
    assert line.crm.contacts() == []
    assert not line.redis.exists(keys.contact(contact_id))
    [other] = {"ann", "bob"} - {who}
    line.sync(lead(other, name="Again", phone="0812345679"))
    assert line.crm.contact(other)["phone"] == "+66812345679"


def test_what_is_stored_of_a_merged_customer_is_shown_with_the_clock_that_they_share(line: Line) -> None:
    line.sync(lead("ann", **SAID), lead("bob", name="Bob Ray"))
    ids = {"primary": line.receipt("ann").contact_id, "other": line.receipt("bob").contact_id}
    contact_id = line.crm.control("POST", "merges", ids)["id"]
    line.sync(lead("bob", city="Leeds"))
    for one in ("ann", "bob"):
        shown = export(line, one)
        assert [shown["record"][name] for name in ("contact_id", "shared", "fill_only")] == [contact_id, True, False]
        assert {"city", "email", "phone"} <= shown["contact_record"]["clock"].keys()


def test_somebody_elses_contact_only_loses_the_customers_id(line: Line) -> None:
    existing = line.crm.create(**OWN)
    line.sync(lead("guest", name="Chatty", email=OWN["email"], address={"postal_code": "10500"}))
    done = call(line, "forget", "guest", "--hubspot", "--yes")
    assert done.exit_code == 0
    assert f"contact {existing} is somebody else's" in done.stdout
    [contact] = line.crm.contacts()
    assert {name: contact["properties"][name] for name in OWN} == OWN
    assert not {"dealdroid_customer_id", "dealdroid_other_customer_ids"} & contact["properties"].keys()
    assert not line.redis.exists(keys.contact(existing))


def test_a_guest_of_whom_redis_knows_nothing_more_is_still_told_from_the_owner(line: Line) -> None:
    existing = line.crm.create(**OWN)
    line.sync(lead("guest", name="Chatty", email=OWN["email"]))
    line.redis.delete(keys.customer(digest(line, "guest")))
    assert line.crm.contact("guest")["firstname"] == "Owner"
    assert forget(line, "guest", "--hubspot")["hubspot"] == [{"contact_id": existing, "erased": False, "others": 0}]
    assert len(line.crm.contacts()) == 1


def test_it_is_said_that_a_guest_may_not_be_known_again_after_redis_was_emptied(line: Line) -> None:
    line.sync(lead("owner", name="Owner", email=OWN["email"], phone="0812345678"))
    line.sync(lead("guest", name="Ann Lee", email=OWN["email"]))
    line.redis.delete(keys.STORE, *line.redis.keys(keys.customer("*")), *line.redis.keys(keys.receipt("*")))
    assert forget(line, "guest", "--hubspot", code=1)["remains"] == [LINKS_UNKNOWN]
    line.crm.settings(search_lag=0)
    line.sync(lead("another", name="Bob Ray", phone="0899999999"))
    assert [one["erased"] for one in forget(line, "guest", "--hubspot")["hubspot"]] == [False]


def test_a_guest_leaves_the_contact_of_another_customer_and_its_clock_alone(line: Line) -> None:
    """What the guest could not save there goes: it bears their id. The lines of the owner stay."""
    line.sync(lead("owner", name="Owner", email=OWN["email"], phone="0812345678, call me"))
    line.sync(*(lead(one, name="Chatty", email=OWN["email"]) for one in ("guest",)))
    before = line.crm.contact("owner")
    contact_id = line.receipt("owner").contact_id
    clock = line.redis.get(keys.contact(contact_id))
    assert forget(line, "guest", "--hubspot")["hubspot"] == [{"contact_id": contact_id, "erased": False, "others": 1}]
    after = line.crm.contact("owner")
    assert before.pop("dealdroid_other_customer_ids") == "guest"
    said = before.pop("dealdroid_unsaved").splitlines()
    own = [row for row in said if "chat guest" not in row]
    assert own
    assert after["dealdroid_unsaved"].splitlines() == own != said
    assert {name: after[name] for name in before} == before
    assert "dealdroid_other_customer_ids" not in after
    assert line.redis.get(keys.contact(contact_id)) == clock


def test_the_contact_of_a_customer_with_guests_is_deleted_and_a_guests_next_event_makes_one(line: Line) -> None:
    line.sync(lead("owner", name="Owner", email=OWN["email"], phone="0812345678"))
    line.sync(lead("guest", name="Chatty", email=OWN["email"]))
    assert [(one["erased"], one["others"]) for one in forget(line, "owner", "--hubspot")["hubspot"]] == [(True, 1)]
    line.sync(lead("guest", name="Chatty", email=OWN["email"], phone="0899999999"))
    [contact] = line.crm.contacts()
    assert (contact["properties"]["phone"], contact["properties"]["dealdroid_customer_id"]) == (
        "+66899999999",
        "guest",
    )


def test_a_guest_who_was_forgotten_here_first_is_withdrawn_from_hubspot_later(line: Line) -> None:
    """Only the tombstone still knows whose guest it was."""
    line.sync(lead("owner", name="Owner", email=OWN["email"], phone="0812345678"))
    line.sync(lead("guest", name="Chatty", email=OWN["email"]))
    forget(line, "guest")
    assert line.crm.contact("owner")["dealdroid_other_customer_ids"] == "guest"
    assert [one["erased"] for one in forget(line, "guest", "--hubspot")["hubspot"]] == [False]
    assert "dealdroid_other_customer_ids" not in line.crm.contact("owner")


def test_a_guest_forgotten_here_alone_still_overwrites_nothing(line: Line) -> None:
    existing = line.crm.create(**OWN)
    line.sync(lead("guest", name="Chatty", email=OWN["email"]))
    forget(line, "guest")
    line.sync(lead("guest", name="Chatty", email=OWN["email"], phone="0899999999"))
    [contact] = line.crm.contacts()
    assert contact["id"] == existing
    assert {name: contact["properties"][name] for name in OWN} == OWN


def test_what_the_customer_says_afterwards_is_a_new_lead(line: Line) -> None:
    body = lead("ann", **SAID)
    line.sync(body)
    forget(line, "ann", "--hubspot")
    line.sync(body)
    contact = line.crm.contact("ann")
    assert (contact["firstname"], contact["phone"], contact["hs_lead_status"]) == ("Ann", "+66812345678", "NEW")
    assert line.receipt("ann").state == "created"


def test_what_receivers_put_again_does_not_come_back(line: Line, tmp_path: Path) -> None:
    with feeder(line, tmp_path) as web:
        web.feed(head(lead("ann", **SAID)))
        web.park(head(lead("ann", **SAID, intent=None)))
        line.settle()
        forget(line, "ann", "--hubspot")
        web.replay()
    line.settle()
    assert (line.crm.contacts(), line.receipts("ann"), line.redis.zcard(keys.PARKED)) == ([], [], 0)
    assert not held(line, SAID["phone"])


def test_another_machines_spool_does_not_bring_the_contact_back(line: Line, tmp_path: Path) -> None:
    """Its old lead is dropped, one of after the forgetting is written."""
    line.sync(lead("ann", **SAID))
    before_ms = line.redis.time()[0] * 1000 - 60_000
    with feeder(line, tmp_path) as web:
        web.spool.put(event.encode(bare(lead("ann", **SAID))), before_ms)
        forget(line, "ann", "--hubspot")
        assert web.flush()
        line.settle()
        assert line.crm.contacts() == []
        assert line.receipts("ann") == []
        web.spool.put(event.encode(bare(lead("ann", name="Anna"))), before_ms + 120_000)
        assert web.flush()
    line.settle()
    assert line.crm.contact("ann")["firstname"] == "Anna"


@pytest.mark.parametrize("kind", ["retry", "import", ""])
def test_an_old_event_that_gets_into_the_inbox_all_the_same_ends_there(line: Line, kind: str) -> None:
    """As one of a receiver of before this command, or of a retry that was under way. Others beside it are written."""
    [ann, bob] = same_shard("customer", 2)
    line.sync(lead(ann, **SAID))
    forget(line, ann, "--hubspot")
    version = line.redis.time()[0] * 1000 - 5000
    raw = event.encode(bare(lead(ann, **SAID)))
    receipt = pack(customer_id=ann, intent="Share contact")
    with line.hold():
        Stream(line.redis).put(0, "old", raw, receipt, version_ms=version, kind=kind)
        line.send(lead(ann, name="Anna"), lead(bob, name="Bob"))
    line.settle()
    assert {"phone", "email"} & line.crm.contact(ann).keys() == set()
    assert line.crm.contact(bob)["firstname"] == "Bob"
    assert not line.redis.exists(keys.receipt("old"))


def test_forgetting_waits_for_the_drain_that_is_at_the_customer(line: Line) -> None:
    """Its call to HubSpot is under way: what it writes and settles is forgotten with the rest."""
    line.crm.settings(latency=1.0)
    line.send(lead("ann", **SAID))
    shard = keys.shard_of("ann", SHARDS)
    eventually(lambda: line.redis.exists(keys.lock(keys.INBOX, shard)))
    done = forget(line, "ann", "--hubspot")
    line.settle()
    assert [one["erased"] for one in done["hubspot"]] == [True]
    assert (line.crm.contacts(), line.receipts("ann")) == ([], [])
    assert line.redis.get(keys.customer(digest(line, "ann"))) is None


def test_no_drain_writes_the_customer_while_hubspot_is_asked(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new event that comes in the middle is written after the contact was deleted, to a contact of its own."""
    line.sync(lead("ann", **SAID))
    old = line.receipt("ann").contact_id
    erase = HubSpotErasure._erase_or_unlink

    def slowly(self: HubSpotErasure, *arguments: Any) -> Any:
        line.send(lead("ann", name="Anna"))
        line.crm.settings(latency=0.5)
        return erase(self, *arguments)

    monkeypatch.setattr(HubSpotErasure, "_erase_or_unlink", slowly)
    assert forget(line, "ann", "--hubspot")["hubspot"][0]["erased"]
    line.settle()
    contact = line.crm.contact("ann")
    assert (contact["firstname"], "email" in contact) == ("Anna", False)
    assert line.receipt("ann").contact_id != old


def test_a_hubspot_outage_leaves_nothing_here_and_repeating_finishes(line: Line) -> None:
    line.sync(lead("ann", **SAID))
    line.crm.fault("503", name="down", path="/gdpr-delete")
    done = forget(line, "ann", "--hubspot", code=1)
    assert "Repeat the command with --hubspot" in done["remains"][0]
    assert (done["removed"]["receipts"], line.receipts("ann")) == (1, [])
    assert len(line.crm.contacts()) == 1
    line.crm.control("DELETE", "faults")
    assert [one["erased"] for one in forget(line, "ann", "--hubspot")["hubspot"]] == [True]
    assert line.crm.contacts() == []
    people = call(line, "forget", "ann", "--hubspot", "--yes")
    assert (people.exit_code, "HubSpot has no contact of this customer." in people.stdout) == (0, True)


def test_a_shard_that_stays_busy_is_told_in_plain_words(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "ACQUIRE_SECONDS", 0.1)
    line.sync(lead("ann", **SAID))
    with line.hold():
        done = call(line, "forget", "ann", "--yes")
    assert (done.exit_code, "busy" in done.stderr) == (1, True)
    assert line.receipt("ann").state == "created"


def test_a_customer_is_forgotten_in_a_full_redis_too(spare_line: Callable[..., Line], tmp_path: Path) -> None:
    line = spare_line()
    with feeder(line, tmp_path) as web:
        web.feed(head(lead("ann", **SAID)))
    park(line, "ann")
    line.redis.config_set("maxmemory", 1)
    try:
        assert forget(line, "ann")["removed"]["receipts"] == 2
    finally:
        line.redis.config_set("maxmemory", 0)
    assert not held(line, "ann", SAID["phone"])
    assert line.redis.exists(keys.forgotten(digest(line, "ann")))


def test_who_forgot_is_kept_without_the_customers_id(line: Line) -> None:
    line.sync(lead("customer-with-a-name", **SAID))
    forget(line, "customer-with-a-name", "--hubspot")
    [(_, action)] = line.redis.xrange(keys.ACTIONS)
    assert (action[b"c"], action[b"d"].decode()) == (b"forget", digest(line, "customer-with-a-name"))
    assert action[b"u"]
    assert not held(line, "customer-with-a-name")


def test_the_tombstone_outlives_receipts_and_parked_leads(line: Line) -> None:
    forget(line, "ann")
    assert line.redis.ttl(keys.forgotten(digest(line, "ann"))) > 59 * 86_400


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("", 1), ("y\n", 0)])
def test_forgetting_asks_first(line: Line, answer: str, code: int) -> None:
    line.sync(lead("ann", **SAID))
    assert call(line, "forget", "ann", answer=answer).exit_code == code
    assert bool(line.receipts("ann")) is bool(code)


@pytest.mark.parametrize("customer_id", ["", " ", "a\nb", "a\u200bb", "\udc80"])
@pytest.mark.parametrize("command", ["export", "forget"])
def test_what_can_be_no_customers_id_is_a_mistake_in_the_command(line: Line, command: str, customer_id: str) -> None:
    words = ["--yes"] if command == "forget" else []
    assert call(line, command, *words, "--", customer_id).exit_code == 2


def test_an_id_is_taken_exactly_as_it_stands(line: Line) -> None:
    """Neither blanks nor case are folded, so nobody else is forgotten."""
    line.sync(lead("ann", **SAID), lead("ann ", name="Other"), lead("Ann", name="Third"))
    assert forget(line, "ann")["removed"]["receipts"] == 1
    assert {one.customer_id for one in line.receipts()} == {"ann ", "Ann"}
    assert unpack(line.redis.get(keys.customer(digest(line, "ann ")))).known


def test_a_dry_run_deletes_nothing_in_hubspot(line: Line) -> None:
    line.sync(lead("ann", **SAID))
    assert call(line, "forget", "ann", "--hubspot", "--yes", DRY_RUN="1").exit_code == 2
    assert len(line.crm.contacts()) == 1


def test_a_spool_that_cannot_be_read_is_said(line: Line, tmp_path: Path) -> None:
    (tmp_path / "spool.db").mkdir()
    done = call(line, "forget", "ann", "--yes", SPOOL_DIR=str(tmp_path))
    assert (done.exit_code, "disk" in done.stdout) == (1, True)
    shown = call(line, "export", "ann", SPOOL_DIR=str(tmp_path))
    assert (shown.exit_code, shown.stdout, "SPOOL_DIR" in shown.stderr) == (1, "", True)
