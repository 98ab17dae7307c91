"""What needs a person: grouped by cause, retried, discarded, and who did it."""

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from leadcore.config import Inbox
from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.parked import Parked, causes
from leadcore.store.streams import pack_fields
from tests.conftest import SHARDS
from tests.receiver.console.conftest import TH, ConsoleUser, text_of
from workers.rules.delivery import store_unsent


def test_parked_leads_are_grouped_by_cause_with_the_fix(user: ConsoleUser) -> None:
    for number in range(3):
        user.park(f"lead-{number}")
    user.park("lead-3", "unusable: mid is missing or unusable")
    text = text_of(user.read())
    assert "3 leads HubSpot refused this contact Look for a rule" in text
    assert "1 lead mid is missing or unusable It cannot be retried as it is." in text
    assert "Retry all 3" in text
    assert "Retry 1" not in text, "what cannot be retried has no button for it"
    thai = text_of(user.read(**TH))
    assert "3 ลีด HubSpot ไม่รับผู้ติดต่อนี้" in thai
    assert "mid ไม่มีค่าหรือใช้ไม่ได้" in thai


def test_a_group_is_retried_and_the_result_is_shown(user: ConsoleUser) -> None:
    for number in range(3):
        user.park(f"lead-{number}")
    user.park("other", "row: HubSpot gave an error without an explanation")
    user.redis.delete(keys.parked("lead-1"))
    answer = user.submit("retry", code="refused", reason="HubSpot refused this contact")
    assert answer.status_code == 303
    page = user.session.get(user.line.url + answer.headers["Location"], timeout=5).text
    assert "2 are tried again." in page
    assert "1 was no longer waiting." in page
    assert [user.state(one) for one in ("lead-0", "lead-2", "other")] == ["waiting", "waiting", "parked"]
    assert {fields[b"u"] for _, fields in user.redis.xrange(keys.ACTIONS)} == {b"console"}


def test_unsent_messages_wait_for_a_person_like_parked_leads(user: ConsoleUser) -> None:
    for number in (1, 2):
        user.add_lead(f"lead-{number}", state="created", message="failed: DealDroid answered 502")
        message = {b"e": f"lead-{number}".encode(), b"c": b'{"id":"c"}', b"t": b'"Thank you"'}
        for command in store_unsent(message, 1_700_000_000_000):
            user.redis.execute_command(*command)
    text = text_of(user.read())
    assert "2 messages need you" in text
    assert "2 messages The message was not sent, DealDroid answered 502 Only the message is missing." in text
    assert "ส่งข้อความไม่สำเร็จ: DealDroid ตอบรหัส 502" in text_of(user.read(**TH))
    page = user.read("leads/lead-1")
    assert "The message was not sent, DealDroid answered 502" in page
    assert "Thank you" not in page
    assert "Only the message to the customer is cancelled." in user.read("discard?lead=lead-1")
    user.submit("retry", lead="lead-1")
    user.submit("discard", lead="lead-2")
    assert (user.state("lead-1"), user.state("lead-2"), user.redis.zcard(keys.UNSENT)) == ("created", "created", 0)
    shard = keys.shard_of("c", SHARDS)
    assert [fields[b"e"] for _, fields in user.redis.xrange(keys.entries(keys.OUTBOX, shard))] == [b"lead-1"]


def test_a_retried_lead_says_so_in_its_timeline(user: ConsoleUser) -> None:
    user.park("lead-1")
    user.submit("retry", lead="lead-1")
    user.redis.hset(keys.receipt("lead-1"), mapping={"s": "created", "h": "501", "f": "0"})
    text = text_of(user.read("leads/lead-1"))
    assert re.search(r"Tried again by a person .* Before that: HubSpot refused this contact A new contact", text)
    assert "Written: First name" in text
    assert "ก่อนหน้านั้น: HubSpot ไม่รับผู้ติดต่อนี้" in text_of(user.read("leads/lead-1", **TH))


def test_a_lead_that_cannot_be_retried_is_reported(user: ConsoleUser) -> None:
    user.park("lead-1", "unreadable: this program cannot read this event", mid=None)
    answer = user.submit("retry", lead="lead-1")
    page = user.session.get(user.line.url + answer.headers["Location"], timeout=5).text
    assert "1 cannot be retried as it is: discard it." in page
    assert "Nothing was done" not in page
    assert user.state("lead-1") == "parked"


def test_discarding_asks_first_and_removes_only_the_leads_shown(user: ConsoleUser) -> None:
    for number in range(2):
        user.park(f"lead-{number}")
    user.redis.zadd(keys.PARKED, {"lead-0": 1, "lead-1": 2})
    asked = user.read("discard?code=refused&reason=HubSpot+refused+this+contact")
    assert "Discard 2 leads?" in asked
    assert "removed for good" in asked
    assert user.state("lead-0") == "parked"
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked))
    user.park("later")
    user.redis.zadd(keys.PARKED, {"later": int(form["until"]) + 1})
    answer = user.submit("discard", **form)
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"command": ["discard"], "done": ["2"]}
    assert [user.state(one) for one in ("lead-0", "lead-1", "later")] == ["discarded", "discarded", "parked"]


@pytest.mark.parametrize("query", ["lead=lead-1", "of all of the cause"])
def test_a_discard_ends_nothing_that_came_to_wait_after_it_was_asked(user: ConsoleUser, query: str) -> None:
    user.add_lead(
        "lead-1", state="created", message="failed: error: DealDroid answered 502", order="parked: refused: no"
    )
    message = {b"e": b"lead-1", b"c": b'{"id":"c"}', b"t": b'"Thank you"'}
    for command in store_unsent(message, 1_700_000_000_000):
        user.redis.execute_command(*command)
    if not query.startswith("lead="):
        shown = re.search(r'discard\?(code=[^"]*)"', unescape(user.read()))
        assert shown
        query = shown[1]
    fields = re.findall(r'name="(lead|code|reason|until)" value="([^"]*)"', user.read(f"discard?{query}"))
    form = {name: unescape(value) for name, value in fields}
    user.redis.set(keys.parked_order("lead-1"), b"cart")
    user.redis.zadd(keys.PARKED_ORDERS, {"lead-1": int(form["until"]) + 1})
    user.submit("discard", **form)
    assert not user.redis.zcard(keys.UNSENT)
    assert user.redis.get(keys.parked_order("lead-1")) == b"cart"


def test_a_lead_that_was_parked_again_since_the_question_stays(user: ConsoleUser) -> None:
    user.park("lead-1")
    [until] = re.findall(r'name="until" value="(\d+)"', user.read("discard?lead=lead-1"))
    user.redis.zadd(keys.PARKED, {"lead-1": int(until) + 1})
    user.submit("discard", lead="lead-1", until=until)
    assert user.state("lead-1") == "parked"
    assert user.redis.exists(keys.parked("lead-1"))


def test_who_discarded_is_said_only_where_somebody_did(user: ConsoleUser) -> None:
    user.add_lead("ended", state="discarded", reason=str(reason("parked_too_long", days=30)))
    user.add_lead("order", state="created", order=f"discarded: {reason('waited_too_long', days=30)}")
    user.park("lead-1")
    user.submit("discard", lead="lead-1")
    assert "Discarded It was parked for 30 days" in text_of(user.read("leads/ended"))
    assert "The order was discarded Nothing took it for 30 days" in text_of(user.read("leads/order"))
    assert re.search(r"Discarded .* by console", text_of(user.read("leads/lead-1")))


def test_one_lead_is_discarded(user: ConsoleUser) -> None:
    user.park("lead-1")
    user.park("lead-2")
    assert "Discard 1 lead?" in user.read("discard?lead=lead-1")
    assert user.submit("discard", lead="lead-1").headers["Location"].startswith("/console/leads/lead-1?")
    assert [user.state(one) for one in ("lead-1", "lead-2")] == ["discarded", "parked"]


@pytest.mark.parametrize(
    ("index", "asks", "says"),
    [
        (keys.PARKED, "Discard 1 lead?", "never reaches HubSpot"),
        (keys.HELD, "Discard 1 lead?", "never reaches HubSpot"),
        (keys.UNSENT, "Discard 1 message?", "Only the message to the customer is cancelled."),
        (keys.PARKED_ORDERS, "Discard 1 order?", "no order is made or changed"),
        (keys.PARKED_NOTES, "Discard 1 note?", "Only the note is not written."),
    ],
)
def test_the_question_before_discarding_names_what_is_lost(user: ConsoleUser, index: str, asks: str, says: str) -> None:
    user.add_lead("lead-1", customer_id="c-1", state="created")
    user.redis.zadd(index, {"lead-1": 1})
    asked = text_of(user.read("discard?lead=lead-1"))
    assert asks in asked
    assert says in asked
    assert re.search(r"Discard for good Keep (?!them)", asked)


def test_of_one_lead_all_is_named_that_a_discard_ends(user: ConsoleUser) -> None:
    user.add_lead("lead-1", customer_id="c-1", state="created")
    for index in (keys.UNSENT, keys.PARKED_ORDERS):
        user.redis.zadd(index, {"lead-1": 1})
    asked = text_of(user.read("discard?lead=lead-1"))
    assert "Only the message to the customer is cancelled." in asked
    assert "no order is made or changed" in asked


@pytest.mark.parametrize(
    ("command", "of", "index", "ends", "stays"),
    [
        ("retry", "parked_orders", keys.PARKED_ORDERS, keys.parked_order, keys.unsent),
        ("discard", "unsent", keys.UNSENT, keys.unsent, keys.parked_order),
    ],
)
def test_an_action_on_a_cause_leaves_alone_what_else_waits_of_its_leads(
    user: ConsoleUser, command: str, of: str, index: str, ends: Callable[[str], str], stays: Callable[[str], str]
) -> None:
    """Whoever tries orders again sends no message that the customer may have; whoever gives messages up, no cart."""
    user.add_lead("lead-1", customer_id="c", state="created", message="interrupted: why", order="parked: refused: why")
    message = {b"e": b"lead-1", b"c": b'{"id":"c"}', b"t": b'"Thank you"'}
    order = {b"e": b"lead-1", b"b": b'{"customer_id":"c"}'}
    waits = [
        ("SET", keys.parked_order("lead-1"), pack_fields(order)),
        ("ZADD", keys.PARKED_ORDERS, 1_700_000_000_000, "lead-1"),
        *store_unsent(message, 1_700_000_000_000),
    ]
    for one in waits:
        user.redis.execute_command(*one)
    [cause] = [one for one in causes(Parked(user.redis, Inbox()).receipts()) if one.kept == of]
    asked = text_of(user.read(f"discard?code={cause.code}&reason={cause.reason}"))
    assert ("no order is made" in asked, "Only the message" in asked) == (of != "unsent", of == "unsent")
    user.submit(command, code=cause.code, reason=cause.reason)
    assert (user.redis.zcard(index), user.redis.exists(ends("lead-1"), stays("lead-1"))) == (0, 1)
    assert user.redis.exists(stays("lead-1"))


def test_an_action_on_no_lead_says_so(user: ConsoleUser) -> None:
    answer = user.submit("retry", code="refused", reason="nothing of the kind")
    assert "Nothing was done." in user.session.get(user.line.url + answer.headers["Location"], timeout=5).text
    user.add_lead("written", customer_id="c", state="created")
    for query in ("code=x&reason=y", "lead=no-such-lead", "lead=written"):
        assert "There is nothing to discard any more." in user.read(f"discard?{query}")


@pytest.mark.parametrize("query", ["?command=drop&done=1", "?command=retry&done=-1&gone=x&left=99999999999999"])
def test_a_forged_result_in_the_address_is_not_shown(user: ConsoleUser, query: str) -> None:
    assert not re.search(r"tried again|discarded|are left", user.read(query).split("<main")[0])


def test_the_last_actions_are_listed_newest_first(user: ConsoleUser) -> None:
    assert "Nobody has done anything yet." in user.read("actions")
    user.redis.xadd(keys.ACTIONS, {"c": "retry", "l": "lead-1", "u": "ann"}, id="1700000000000-0")
    user.redis.xadd(keys.ACTIONS, {"c": "forget", "u": "bob"}, id="1700000001000-0")
    for path in ("", "actions"):
        listed = text_of(user.read(path))
        assert "15 Nov 2023 05:13:21 Customer forgotten bob 15 Nov 2023 05:13:20 Retried lead-1 ann" in listed
