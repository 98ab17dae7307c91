"""`leadsync reconcile` against the running system: is every written lead in HubSpot?"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leadcore.store import keys
from leadsync import patience, reconcile
from leadsync.cli import cli
from leadsync.reconcile import GONE, UNMARKED
from tests.conftest import Line, lead, one_per_shard
from tests.stand_ins import Crm
from workers.rules.customer import unpack

OWN = {"email": "shared@somebody-elses.co.th", "firstname": "Owner", "phone": "+6621112222"}


def call(line: Line, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(cli, ["reconcile", *words], env={**line.environ, **environ})


def found(line: Line, *words: str) -> dict[str, Any]:
    done = call(line, *words, "--json")
    result: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == bool(result["missing"])
    return result


def why(line: Line, *words: str) -> dict[str, str]:
    """What is wrong with each customer's leads."""
    return {one["customer_id"]: one["why"] for one in found(line, *words)["missing"]}


def remove(crm: Crm, customer_id: str) -> None:
    crm.control("DELETE", f"contacts/{customer_id}?idProperty=dealdroid_customer_id")


def record(line: Line, customer_id: str) -> Any:
    return unpack(line.redis.get(keys.customer(keys.digest(line.redis.get(keys.SECRET), customer_id))))


@pytest.fixture(params=[1000, 2], ids=["one chunk", "many chunks"])
def chunked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "CHUNK", request.param)


def test_every_written_lead_is_found(line: Line, chunked: None) -> None:
    """Own contacts, a linked customer's, leads without a contact, and several leads of one customer."""
    line.crm.create(**OWN)
    line.sync(*(lead(one, name="Ann Lee", phone="0812345678") for one in one_per_shard("own")))
    line.sync(lead("guest", name="Chatty", email=OWN["email"]), lead(one_per_shard("own")[0], email="a@own-shop.co.th"))
    line.sync(lead("silent"))
    assert found(line) == {"leads": 6, "customers": 5, "missing": [], "repaired": 0}
    done = call(line)
    assert (done.exit_code, done.stdout) == (0, "0 of 6 leads missing, 5 customers checked.\n")


def test_a_deleted_contact_is_reported_by_ids_alone(line: Line, chunked: None) -> None:
    line.sync(lead("kept", name="Ann Lee"), lead("lost", name="Bob Ray", phone="0812345678"))
    remove(line.crm, "lost")
    [missing] = found(line)["missing"]
    receipt = line.receipt("lost")
    assert missing == {
        "lead": receipt.lead,
        "customer_id": "lost",
        "contact_id": receipt.contact_id,
        "why": GONE,
    }
    people = call(line, COLUMNS="200").stdout
    assert people.startswith("1 of 2 leads missing")
    assert not {word for word in ("Bob", "Ray", "812345678") if word in people}


def test_a_customer_without_receipts_is_reported_too(line: Line) -> None:
    line.sync(lead("lost", name="Bob Ray"))
    contact_id = line.receipt("lost").contact_id
    line.redis.delete(keys.LEADS)
    remove(line.crm, "lost")
    assert found(line)["missing"] == [{"lead": "", "customer_id": "", "contact_id": contact_id, "why": GONE}]


def test_a_lead_without_a_customer_record_is_checked_by_its_receipt(line: Line) -> None:
    line.sync(lead("kept", name="Ann Lee"), lead("lost", name="Bob Ray"))
    remove(line.crm, "lost")
    line.redis.delete(*line.redis.keys(keys.customer("*")))
    assert why(line) == {"lost": GONE}


@pytest.mark.parametrize("linked", [False, True])
def test_a_contact_without_the_customers_id_counts_as_missing(line: Line, linked: bool) -> None:
    existing = line.crm.create(**OWN, dealdroid_customer_id="owner" if linked else "")
    line.sync(lead("owner", name="Owner", phone=OWN["phone"]))
    line.sync(lead("guest", name="Chatty", email=OWN["email"]))
    assert why(line) == {}
    [contact] = [one for one in line.crm.contacts() if one["id"] == existing]
    assert (contact["properties"]["dealdroid_customer_id"] == "guest") is not linked
    wiped = {"dealdroid_other_customer_ids": "", **({} if linked else {"dealdroid_customer_id": ""})}
    line.crm.control("PATCH", f"contacts/{existing}", {"properties": wiped})
    assert why(line) == {"guest": UNMARKED}


def test_a_contact_merged_into_another_is_found_there(line: Line) -> None:
    line.sync(lead("ann", name="Ann Lee"))
    ann = line.receipt("ann").contact_id
    line.crm.merge(line.crm.create(firstname="Ann"), ann)
    line.redis.delete(keys.LEADS)
    assert found(line) == {"leads": 0, "customers": 1, "missing": [], "repaired": 0}


@pytest.mark.parametrize("spoke", [False, True], ids=["silent", "spoke"])
@pytest.mark.parametrize("known", [False, True], ids=["receipts", "records"])
def test_a_customer_whose_id_a_merge_dropped_is_found_there(line: Line, spoke: bool, known: bool) -> None:
    line.sync(lead("ann", name="Ann Lee"), lead("bob", name="Bob Ray"))
    ids = {"primary": line.receipt("bob").contact_id, "other": line.receipt("ann").contact_id}
    line.crm.control("POST", "merges", ids)
    if spoke:
        line.sync(lead("ann", phone="0812345678"))
    if not known:
        line.redis.delete(*line.redis.scan_iter(keys.customer("*")))
    assert found(line)["missing"] == []


def test_a_customer_whose_merged_contact_was_deleted_is_reported(line: Line) -> None:
    line.sync(lead("ann", name="Ann Lee"), lead("bob", name="Bob Ray"))
    ids = {"primary": line.receipt("bob").contact_id, "other": line.receipt("ann").contact_id}
    merged = line.crm.control("POST", "merges", ids)
    line.crm.control("DELETE", f"contacts/{merged['id']}")
    assert why(line) == {"ann": GONE, "bob": GONE}


def test_an_id_that_another_contact_carries_now_is_found_there(line: Line) -> None:
    line.sync(lead("ann", name="Ann Lee"))
    remove(line.crm, "ann")
    line.crm.create(firstname="Ann", dealdroid_customer_id="ann")
    assert found(line)["missing"] == []


@pytest.mark.parametrize("option", ["--repair", "--mend"])
def test_after_a_repair_the_next_event_writes_all_its_values(line: Line, option: str) -> None:
    """`--mend` is the former name of the option."""
    said = {"name": "Bob Ray", "phone": "0812345678", "email": "bob@ray-shop.co.th"}
    line.sync(lead("lost", **said), lead("kept", name="Ann Lee"))
    remove(line.crm, "lost")
    kept = record(line, "kept")
    assert found(line, option)["repaired"] == 1
    assert (record(line, "lost").known, record(line, "kept")) == (False, kept)
    line.sync(lead("lost", **said))
    contact = line.crm.contact("lost")
    assert (contact["firstname"], contact["phone"], contact["email"]) == ("Bob", "+66812345678", said["email"])
    assert why(line) == {}
    assert len(line.crm.contacts()) == 2


def test_a_repair_keeps_that_the_customers_id_is_a_number(line: Line) -> None:
    """A message to "7" would not reach customer 7."""
    line.sync(lead(7, name="Ann Lee"))
    remove(line.crm, "7")
    assert found(line, "--repair")["repaired"] == 1
    assert record(line, "7").numeric


def test_repairing_a_shared_contact_clears_its_clock_and_every_alias(line: Line) -> None:
    existing = line.crm.create(**OWN)
    line.sync(lead("guest", name="Chatty", email=OWN["email"], phone="0812345678"))
    line.sync(lead("other", name="Other", email=OWN["email"], phone="0812345678"))
    line.crm.control("DELETE", f"contacts/{existing}")
    assert found(line, "--repair")["repaired"] == 2
    assert not line.redis.exists(keys.contact(existing))
    line.sync(lead("guest", name="Chatty", email=OWN["email"], phone="0812345678"))
    assert line.crm.contact("guest")["phone"] == "+66812345678"


def test_a_repair_leaves_a_customer_alone_who_is_written_meanwhile(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event comes after HubSpot was asked and before the clock is cleared: what it wrote stays."""
    line.sync(lead("lost", name="Bob Ray"))
    remove(line.crm, "lost")
    repair = reconcile.Reconciliation.repair

    def overtaken(self: reconcile.Reconciliation) -> int:
        line.sync(lead("lost", name="Bob Ray", phone="0812345678"))
        return repair(self)

    monkeypatch.setattr(reconcile.Reconciliation, "repair", overtaken)
    assert found(line, "--repair")["repaired"] == 0
    assert record(line, "lost").contact_id == line.receipt("lost").contact_id
    assert why(line) == {}


def test_a_drain_that_runs_during_a_repair_decides_again(line: Line) -> None:
    """It has the old record while it waits for HubSpot; its result must not restore the old clock."""
    line.sync(lead("lost", name="Bob Ray"))
    contact_id = line.receipt("lost").contact_id
    line.crm.settings(latency=0.3)
    remove(line.crm, "lost")
    line.send(lead("lost", name="Bob Ray", phone="0812345678"))
    call(line, "--repair")
    line.settle()
    contact = line.crm.contact("lost")
    assert (contact["firstname"], contact["phone"]) == ("Bob", "+66812345678")
    assert record(line, "lost").contact_id not in ("", contact_id)


def strike_third(monkeypatch: pytest.MonkeyPatch, strike: Callable[[], None]) -> None:
    """Call `strike` before contacts are read for the third time."""
    read: Callable[..., Any] = reconcile.Reconciliation._read
    calls = iter(range(100))

    def read_after(self: reconcile.Reconciliation, ids: Any) -> Any:
        if next(calls) == 2:
            strike()
        return read(self, ids)

    monkeypatch.setattr(reconcile.Reconciliation, "_read", read_after)


@pytest.mark.parametrize("fault", ["429_burst", "503", "reset", "423"])
def test_a_fault_that_passes_does_not_end_the_check(line: Line, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "CHUNK", 1)
    line.sync(lead("lost", name="Bob Ray"), *(lead(one, name="Ann") for one in one_per_shard("kept")))
    remove(line.crm, "lost")
    strike_third(monkeypatch, lambda: line.crm.fault(fault, count=1, retry_after=0.1))
    assert why(line) == {"lost": GONE}


@pytest.mark.parametrize("words", [[], ["--json"], ["--repair"]])
def test_an_outage_midway_reports_and_changes_nothing(
    line: Line, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "CHUNK", 1)
    line.sync(lead("lost", name="Bob Ray"), *(lead(one, name="Ann") for one in one_per_shard("kept")))
    remove(line.crm, "lost")
    before = record(line, "lost")
    monkeypatch.setattr(patience, "TRIES", 2)
    strike_third(monkeypatch, lambda: line.crm.fault("503"))
    done = call(line, *words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "status 503" in done.stderr
    assert "not finished" in done.stderr
    assert record(line, "lost") == before


def test_hubspot_is_asked_once_per_hundred_customers_however_many_leads(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "OVERLAP_MS", -60_000)
    line.sync(lead("ann", name="Ann Lee"))
    for number in range(5):
        line.sync(lead("ann", name="Ann Lee", phone=f"08{number}2345678"))
    before = line.crm.calls("batch/read")
    assert found(line)["leads"] == 6
    assert line.crm.calls("batch/read") == before + 1
