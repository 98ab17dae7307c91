"""HubSpot takes calls but refuses one lead or one value: the others are done at once, and nothing is lost."""

import time
from math import log2
from typing import Any

import pytest

from leadcore.config import Config, Inbox
from leadcore.reasons import english
from leadcore.receipts import Note
from leadcore.store import keys
from leadcore.store.parked import Parked, causes
from leadcore.texts.en import FIXES
from sandbox.hubspot.properties import Rule
from sandbox.hubspot.values import Invalid
from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene, Worker, patched
from tests.faults.interception import intercepting_worker
from workers.hubspot.errors import why_invalid
from workers.rules.lead import Decision, Loaded
from workers.rules.plan import WritePlanner

pytestmark = pytest.mark.usefixtures("each_version", "hurry")
BAD, *GOOD = same_shard("row", 12)
OWNED = "owner@somebody-elses.co.th"
ADDRESS = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}
CART = {"products": [{"name": "Dog food", "count": 1, "total": 590}], "grandTotal": "590"}


def somebody(customer_id: str, **said: Any) -> dict[str, Any]:
    return lead(customer_id, **{"name": "Nok Jaidee", "phone": "0820000000", **said})


def everybody() -> list[dict[str, Any]]:
    """An event of each customer, the bad one in the middle."""
    return [somebody(one) for one in (*GOOD[:5], BAD, *GOOD[5:])]


def assert_good_done(scene: Scene) -> None:
    receipts = scene.receipts()
    assert {receipts[one].state for one in GOOD} == {"created"}
    assert {receipts[one].tries for one in GOOD} == {0}
    assert set(GOOD) <= scene.contacts().keys()


def due_in(scene: Scene) -> float:
    """Seconds until the one delayed lead is due."""
    [(_, due)] = scene.redis.zrange(keys.later(keys.INBOX, 0), 0, -1, withscores=True)
    seconds, micros = scene.redis.time()
    return float(due / 1000 - seconds - micros / 1e6)


def retry_when_due(scene: Scene, worker: Worker) -> None:
    scene.advance(due_in(scene) + 0.1)
    scene.advance(3)
    worker.maintenance.sweep()
    worker.work()


@pytest.mark.parametrize("ahead", [False, True], ids=["at once", "while the quota is used up"])
@pytest.mark.parametrize("position", [0, 50, 99])
def test_a_lead_on_which_this_program_fails_delays_no_other(scene: Scene, position: int, ahead: bool) -> None:
    everyone = same_shard("many", 100, 0)
    scene.accept(*(somebody(one) for one in everyone))
    original, bad, loop = WritePlanner.decide, everyone[position], scene.steady.sync.drain_loop

    def fail(plan: WritePlanner, loaded: Loaded, before: Decision) -> Decision:
        if loaded.customer_id == bad:
            raise ValueError
        return original(plan, loaded, before)

    if ahead:
        scene.redis.zadd(keys.BUDGET, {f"other {number}": time.time() * 1000 + 60_000 for number in range(100)})
    with (
        patched(WritePlanner, "decide", fail),
        patched(loop, "send_messages", lambda _: scene.redis.delete(keys.BUDGET)),
    ):
        scene.steady.sync.drain(0)
    assert scene.contacts().keys() == set(everyone) - {bad}
    scene.recover(30)
    scene.assert_done()
    assert len(scene.contacts()) == 100


@pytest.mark.parametrize("kind", ["row_locked", "row_unexplained"])
def test_a_row_that_fails_waits_alone_and_is_parked_after_its_tries(scene: Scene, kind: str) -> None:
    scene.config = Config(inbox=Inbox(tries=3))
    scene.line.crm.fault(kind, ids=[BAD])
    worker = scene.worker()
    scene.accept(*everybody())
    worker.work()
    assert_good_done(scene)
    waits = []
    for tries in (1, 2):
        receipt = scene.receipts()[BAD]
        assert (receipt.state, receipt.tries, receipt.message) == ("waiting", tries, "")
        assert receipt.reason
        waits.append(due_in(scene))
        [attempt] = receipt.attempts[tries - 1 :]
        [(_, due_ms)] = scene.redis.zrange(keys.later(keys.INBOX, 0), 0, -1, withscores=True)
        assert attempt.next_ms == due_ms
        if kind == "row_locked":
            assert attempt.category == "LOCKED"
            assert len(attempt.correlation_id) == 36
        retry_when_due(scene, worker)
    assert 1 < waits[0] < waits[1]
    receipt = scene.receipts()[BAD]
    assert (receipt.state, receipt.tries, receipt.message) == ("parked", 3, "")
    assert "given up after 3 tries" in english(receipt.reason)
    assert [attempt.next_ms is None for attempt in receipt.attempts] == [False, False, True]
    assert b"Nok Jaidee" in scene.redis.get(keys.parked(receipt.lead))
    [cause] = causes(Parked(scene.redis, scene.config.inbox).receipts())
    assert (cause.leads, cause.fix) == ((receipt.lead,), FIXES["row"])
    assert (scene.status().parked, scene.line.left(), scene.status().pause) == (1, 0, {})
    assert scene.messages().keys() == set(GOOD)


def test_a_row_that_fails_once_is_written_on_the_next_try(scene: Scene) -> None:
    scene.line.crm.fault("row_locked", ids=[BAD], count=1)
    worker = scene.worker()
    scene.accept(*everybody())
    worker.work()
    assert_good_done(scene)
    retry_when_due(scene, worker)
    scene.assert_done()
    assert (scene.receipts()[BAD].state, len(scene.messages()[BAD])) == ("created", 1)


def test_rows_without_an_outcome_in_the_answer_are_sent_again_at_once(scene: Scene) -> None:
    """The good rows are written, and each other row gets its own error, though no error names its row."""
    owned = {one: f"owner{n}@somebody-elses.co.th" for n, one in enumerate(GOOD[:3])}
    for email in owned.values():
        scene.line.crm.create(email=email, firstname="Owner")
    scene.line.crm.fault("untraced", path="/batch/upsert")
    scene.accept(*(somebody(one, **({"email": owned[one]} if one in owned else {})) for one in (*GOOD, BAD)))
    scene.worker().work()
    scene.assert_done()
    receipts, contacts = scene.receipts(), scene.contacts()
    assert {receipt.tries for receipt in receipts.values()} == {0}
    assert {contacts[one]["firstname"] for one in owned} == {"Owner"}
    assert contacts.keys() == {*GOOD, BAD}


def test_rows_that_are_all_refused_for_hubspots_quota_use_up_no_tries(scene: Scene) -> None:
    scene.line.crm.fault("row_limited", rows=100)
    scene.accept(*everybody())
    scene.worker().work()
    assert scene.status().pause["code"] == "rate_limit"
    assert {(receipt.state, receipt.tries) for receipt in scene.receipts().values()} == {("waiting", 0)}
    scene.line.crm.control("DELETE", "faults")
    scene.recover(30)
    scene.assert_done()
    assert {receipt.state for receipt in scene.receipts().values()} == {"created"}


def test_a_contact_that_is_just_being_created_by_somebody_else_is_found_on_the_next_try(scene: Scene) -> None:
    """HubSpot refuses the email without naming its owner, and does not find it yet."""
    scene.line.crm.create(email=OWNED, firstname="Owner")
    scene.line.crm.settings(conflict="no_id")
    scene.line.crm.fault("404", path="/batch/read", count=1)
    worker = scene.worker()
    scene.accept(*(somebody(one) for one in GOOD), somebody(BAD, email=OWNED))
    worker.work()
    assert_good_done(scene)
    receipt = scene.receipts()[BAD]
    assert (receipt.state, receipt.tries) == ("waiting", 1)
    retry_when_due(scene, worker)
    scene.assert_done()
    assert scene.receipts()[BAD].state == "updated"
    contact = scene.contacts()[BAD]
    assert (contact["email"], contact["firstname"], contact["phone"]) == (OWNED, "Owner", "+66820000000")


def test_a_refused_batch_is_split_until_the_bad_row_is_alone(scene: Scene) -> None:
    calls = []

    def refuse(body: dict[str, Any]) -> str:
        calls.append(len(body["inputs"]))
        return "Something is wrong." if any(row["id"] == BAD for row in body["inputs"]) else ""

    with intercepting_worker(scene, refuse) as worker:
        scene.accept(*everybody())
        worker.work()
        assert_good_done(scene)
        # The bad row is then retried alone, without its email and then without the other values.
        assert len(calls) <= 2 * log2(12) + 3
        receipt = scene.receipts()[BAD]
        assert (receipt.state, receipt.message) == ("parked", "")
        assert receipt.reason
        assert b"Nok Jaidee" in scene.redis.get(keys.parked(receipt.lead))


@pytest.mark.parametrize(
    ("status", "code"),
    [("503 Service Unavailable", "unavailable"), ("403 Forbidden", "unexpected")],
    ids=["HubSpot fails", "a firewall refuses"],
)
def test_a_lead_for_which_every_call_fails_delays_no_other_for_long(scene: Scene, status: str, code: str) -> None:
    """A firewall takes a customer's text for an attack; its 403 is an HTML page, not HubSpot's answer."""

    def fail(body: dict[str, Any]) -> str:
        return status if any(row["id"] == BAD for row in body["inputs"]) else ""

    with intercepting_worker(scene, fail) as worker:
        scene.accept(somebody(BAD), *(somebody(one) for one in GOOD))
        worker.work()
        assert scene.status().pause["code"] == code
        for _ in range(4):
            scene.advance(5)
            worker.maintenance.sweep()
            worker.work()
        assert_good_done(scene)
        assert scene.receipts()[BAD].state == "waiting"


def test_without_trace_ids_one_bad_value_is_still_dropped_alone(scene: Scene) -> None:
    def drop_traces(body: dict[str, Any]) -> str:
        for row in body["inputs"]:
            del row["objectWriteTraceId"]
        return ""

    refuse(scene, "city", "INVALID_OPTION")
    with intercepting_worker(scene, drop_traces) as worker:
        scene.accept(*(somebody(one) for one in GOOD), somebody(BAD, address=ADDRESS))
        worker.work()
        assert_good_done(scene)
        scene.assert_done()
        assert "city: " in scene.contacts()[BAD]["dealdroid_unsaved"]


def test_a_refusal_that_names_no_value_drops_the_value_and_not_the_lead(scene: Scene) -> None:
    """For example, HubSpot blocks an email after a privacy deletion."""

    def refuse_email(body: dict[str, Any]) -> str:
        emails = [row["properties"].get("email") for row in body["inputs"]]
        return "This contact was permanently deleted." if OWNED in emails else ""

    with intercepting_worker(scene, refuse_email) as worker:
        scene.accept(*(somebody(one) for one in GOOD), somebody(BAD, email=OWNED))
        worker.work()
        assert_good_done(scene)
        scene.assert_done()
        contact = scene.contacts()[BAD]
        assert (contact["phone"], contact["dealdroid_unsaved"]) == ("+66820000000", f"email: {OWNED}")


@pytest.mark.parametrize(
    "message",
    [
        "Property dealdroid_customer_id does not exist",
        "Unable to perform update/upsert by non-unique 0-1 property",
        'Property values were not valid: [{"isValid":false,"message":"Property \\"dealdroid_customer_id\\" does not '
        'exist","error":"PROPERTY_DOESNT_EXIST","name":"dealdroid_customer_id"}]',
    ],
)
def test_a_portal_that_loses_the_customer_id_parks_nobody(scene: Scene, message: str) -> None:
    with intercepting_worker(scene, lambda body: message) as worker:
        scene.accept(*everybody())
        worker.work()
        assert scene.status().pause["code"] == "no_key"
        assert {(receipt.state, receipt.tries) for receipt in scene.receipts().values()} == {("waiting", 0)}


def test_ids_that_hubspot_considers_equal_are_written_one_after_the_other(scene: Scene) -> None:
    twins = next([one, one.upper()] for one in same_shard("twin", 40) if one.upper() in same_shard("TWIN", 40))

    def refuse_twins(body: dict[str, Any]) -> str:
        ids = [row["id"].lower() for row in body["inputs"]]
        return "Duplicate IDs found in batch input" if len(set(ids)) < len(ids) else ""

    with intercepting_worker(scene, refuse_twins) as worker:
        scene.accept(*(somebody(one) for one in (*GOOD, *twins)))
        worker.work()
        assert_good_done(scene)
        scene.assert_done()
        assert set(twins) <= scene.contacts().keys()


def refuse(scene: Scene, name: str, code: str) -> None:
    """Make the portal refuse every value of this property."""

    def check(value: str) -> str:
        raise Invalid(code, f"{value} was refused")

    with scene.line.crm.portal.lock:
        scene.line.crm.portal.contacts.rules[name] = Rule(name, read_only=False, unique=name == "email", check=check)


@pytest.mark.parametrize(
    "listed", [{}, {"listed_in_message": 0}, {"listed_in_errors": 0}], ids=["both lists", "errors", "message"]
)
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("email", "INVALID_EMAIL"),
        ("hs_language", "INVALID_OPTION"),
        ("city", "PROPERTY_DOESNT_EXIST"),
        ("zip", "READ_ONLY_VALUE"),
        ("address", "VALUE_TOO_LONG"),
        ("dealdroid_cart_total", "INVALID_INTEGER"),
        ("phone", "INVALID_PHONE_NUMBER"),
        ("firstname", "SOMETHING_NEW"),
    ],
)
def test_a_refused_value_is_dropped_alone_and_kept_where_a_person_sees_it(
    scene: Scene, name: str, code: str, listed: dict[str, int]
) -> None:
    said = {"email": "nok@jaidee.co.th", "language": "th", "address": ADDRESS, "shopping_cart": CART}
    scene.line.crm.settings(**listed)
    scene.sync(somebody("whole", **{**said, "email": "other@jaidee.co.th"}))
    whole = scene.contacts()["whole"]
    refuse(scene, name, code)
    scene.accept(somebody(GOOD[0], address={}), somebody(BAD, **said), somebody(GOOD[1]))
    scene.worker().work()
    scene.assert_done()
    receipts, contact = scene.receipts(), scene.contacts()[BAD]
    assert {receipts[one].state for one in (BAD, *GOOD[:2])} == {"created"}
    assert {receipt.tries for receipt in receipts.values()} == {0}
    assert receipts[BAD].notes == (Note(name, "dropped", why_invalid(code)),)
    unsaved = contact.pop("dealdroid_unsaved")
    own = {"dealdroid_customer_id", "email"}
    value = "nok@jaidee.co.th" if name == "email" else whole[name]
    assert unsaved == f"{name}: {value}"
    assert {k: v for k, v in contact.items() if k not in own} == {
        k: v for k, v in whole.items() if k not in own | {name}
    }


def test_a_warning_about_a_value_that_was_written_stands_in_the_receipt(scene: Scene) -> None:
    """HubSpot describes none for 2026-09."""
    scene.line.crm.fault("row_warned", path="/batch/upsert", ids=[BAD])
    scene.accept(*everybody())
    scene.worker().work()
    receipts = scene.receipts()
    warned = [note for note in receipts[BAD].notes if note.what == "warned"]
    assert [note.property for note in warned] == (["phone"] if scene.version != "2026-09" else [])
    assert {receipts[one].state for one in (BAD, *GOOD)} == {"created"}
    assert not [note for one in GOOD for note in receipts[one].notes if note.what == "warned"]
