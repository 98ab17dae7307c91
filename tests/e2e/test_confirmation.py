"""What the customer is told, and what becomes of it when DealDroid fails."""

from collections.abc import Callable
from typing import Any

from leadcore.config import Inbox as InboxConfig
from leadcore.reasons import english
from leadcore.store import keys
from leadcore.store.parked import GONE, Parked, causes
from sandbox import dealdroid
from sandbox.dealdroid import WEBHOOK
from sandbox.http_server import running
from tests.conftest import PATIENT, Line, eventually, lead, own_port

SAVED = "Thank you! Your contact details are saved."
ADDRESS_SAVED = "Your delivery address is saved. To change it, just send the new one."
HOME = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}


def somchai(customer_id: str, **said: Any) -> dict[str, Any]:
    return lead(customer_id, **{"name": "Somchai Jaidee", "phone": "0812345678", "language": "en", **said})


def test_the_customer_is_told_in_their_language_once_hubspot_has_the_lead(line: Line) -> None:
    line.crm.settings(latency=0.3)
    line.send(somchai("english"), somchai("thai", language="th"), somchai("nobody-knows", language=""))
    assert line.chat.told() == []
    line.settle()
    assert line.chat.told("english") == [SAVED]
    assert line.chat.told("thai") == line.chat.told("nobody-knows") == ["ขอบคุณค่ะ บันทึกข้อมูลติดต่อเรียบร้อยแล้วค่ะ"]


def test_each_case_has_its_words(line: Line) -> None:
    line.sync(somchai("c"), lead("c", address=HOME, language="en"), lead("c", email="somchai@", language="en"))
    assert line.chat.told("c") == [
        SAVED,
        ADDRESS_SAVED,
        "That email doesn't look right. Could you check and resend it?",
    ]


def test_the_same_text_is_not_said_twice_a_day(line: Line) -> None:
    line.sync(somchai("c"), somchai("c", phone="0899999999"))
    assert line.chat.told("c") == [SAVED]
    assert line.receipt("c").message == "silent: said_today"


def test_what_fails_clearly_is_said_later_and_once(line: Line) -> None:
    for kind in ("429", "500", "502"):
        line.chat.fault(kind, count=1)
    with line.hold():
        line.send(*(somchai(f"c-{number}") for number in range(6)))
    line.settle(hasten=True)
    assert line.chat.struck() == {"429": 1, "500": 1, "502": 1}
    assert sorted(m["customer_id"] for m in line.chat.chats.messages) == [f"c-{number}" for number in range(6)]
    assert {one.message for one in line.receipts()} == {"sent"}


def test_a_customer_who_was_told_that_the_email_is_wrong_counts_as_asked(line: Line) -> None:
    line.sync(lead("c", name="Somchai Jaidee", phone="0812345678", email="not an email at all", language="en"))
    assert line.chat.told("c") == ["That email doesn't look right. Could you check and resend it?"]
    assert line.receipt("c").message == "asked"
    counts = line.redis.hgetall(keys.COUNTS)
    assert (counts.get(b"message_asked"), counts.get(b"message_sent")) == (b"1", None)


def test_a_connection_that_is_refused_is_tried_again_and_said_once(spare_line: Callable[..., Line]) -> None:
    port = own_port()
    line = spare_line(DEALDROID_WEBHOOK_URL=f"http://127.0.0.1:{port}{WEBHOOK}", WEB_CONCURRENCY="1")
    line.start("worker")
    line.start("web", **PATIENT)
    line.await_web()
    line.send(somchai("c"))
    eventually(lambda: line.receipt("c").message == "waiting: dealdroid_unreachable")
    with running(dealdroid.create_app(line.chat.chats), port):
        line.settle(hasten=True)
        assert line.chat.told("c") == [SAVED]
        assert line.receipt("c").message == "sent"


def test_an_answer_that_is_lost_is_not_said_again(line: Line) -> None:
    line.chat.fault("lost_answer", count=1)
    line.sync(somchai("c"))
    assert line.chat.told("c") == [SAVED]
    assert line.receipt("c").message.startswith("interrupted: ")


def test_a_redirect_is_not_followed(line: Line) -> None:
    line.chat.fault("redirect", count=1)
    line.sync(somchai("c"))
    assert english(line.receipt("c").message) == "failed: DealDroid refused the message (status 302)"
    assert line.chat.told() == []


def test_any_200_is_success_whatever_its_body(line: Line) -> None:
    for number, body in enumerate(["", "[OK]", '{"error": "no"}', "<html>"]):
        line.chat.control("POST", "settings", {"body": body})
        line.sync(somchai(f"c-{number}"))
    assert {one.message for one in line.receipts()} == {"sent"}


def test_a_message_failing_holds_up_nobody_elses(line: Line) -> None:
    line.chat.fault("hang", count=1, seconds=30)
    line.send(somchai("slow"))
    eventually(lambda: line.chat.struck().get("hang"))
    line.send(*(somchai(f"quick-{number}") for number in range(8)))
    eventually(lambda: len(line.chat.told()) >= 6)
    assert line.receipt("slow").message == "sending"
    line.chat.control("DELETE", "faults")
    line.settle()
    assert len(line.chat.told()) == 8
    assert line.receipt("slow").message.startswith("interrupted: ")


def test_a_lead_that_hubspot_refuses_for_now_is_not_confirmed_before_it_has_it(line: Line) -> None:
    line.crm.fault("row_locked", count=1)
    line.send(somchai("c"))
    eventually(lambda: line.receipt("c").tries == 1)
    assert line.chat.told() == []
    line.settle(hasten=True)
    assert line.chat.told("c") == [SAVED]


def test_a_dry_run_writes_nothing_and_tells_what_it_would_have_written(spare_line: Callable[..., Line]) -> None:
    line = spare_line(DRY_RUN="1", WEB_CONCURRENCY="1")
    line.start("worker")
    line.start("web", **PATIENT)
    line.await_web()
    line.crm.create(email="somebody@elses.co.th", firstname="Owner")
    line.send(somchai("c", address=HOME), somchai("d", email="somebody@elses.co.th"))
    line.settle()
    assert [contact["writes"] for contact in line.crm.contacts()] == [{"email": 1, "firstname": 1, "lifecyclestage": 1}]
    assert [line.crm.calls(route) for route in ("/batch/upsert", "/batch/update", "/batch/create")] == [0, 0, 0]
    assert line.chat.told() == []
    for receipt in line.receipts():
        assert english(receipt.reason) == "dry run: nothing was written"
        assert {"firstname", "lastname", "phone"} <= set(receipt.fields)
        assert receipt.contact_id == ""


def test_a_message_that_was_refused_is_sent_when_a_person_retries_it(line: Line) -> None:
    line.chat.fault("redirect", count=1)
    line.sync(somchai("c"))
    store = parked(line)
    [cause] = causes(store.receipts())
    assert english(cause.reason) == "its message was not sent, DealDroid refused the message (status 302)"
    assert cause.fix.startswith("Only the message is missing.")
    [lead_id] = cause.leads
    assert (store.retry(lead_id, "ann"), store.retry(lead_id, "bob")) == ("", GONE)
    line.settle()
    assert line.chat.told("c") == [SAVED]
    assert line.receipt("c").message == "sent"
    assert store.receipts() == []


def test_a_message_whose_answer_was_lost_can_be_sent_again_by_a_person(line: Line) -> None:
    line.chat.fault("lost_answer", count=1)
    line.sync(somchai("c"))
    [one] = parked(line).receipts()
    assert one.reason.startswith("interrupted: ")
    assert leadsync(line, "retry", "--all") == 0
    line.settle()
    assert line.chat.told("c") == [SAVED], "not with all the others, because the customer may have it"
    assert leadsync(line, "retry", one.lead) == 0
    line.settle()
    assert line.chat.told("c") == [SAVED, SAVED]


def test_a_message_that_a_person_discards_is_gone(line: Line) -> None:
    line.chat.fault("redirect", count=1)
    line.sync(somchai("c"))
    assert leadsync(line, "discard", "--all", "--yes") == 0
    line.settle()
    assert line.chat.told("c") == []
    assert parked(line).receipts() == []
    assert line.receipt("c").state == "created", "the lead itself is untouched"
    assert not [*line.redis.scan_iter(keys.PREFIX + "unsent*")]


def parked(line: Line) -> Parked:
    return Parked(line.redis, InboxConfig())


def leadsync(line: Line, *arguments: str) -> int:
    process = line.start(*arguments)
    return process.popen.wait(30)
