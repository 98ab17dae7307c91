"""A thousand leads at once."""

import json
import re
from typing import Any

import pytest

from tests.conftest import SECRET, Line, eventually, lead
from tests.stand_ins import key_of

COUNT = 1000
CONSONANTS = "กขคงจฉชซดต"
WORDS = ("ผู้ทดลอง", "ซอยลับเฉพาะ", "บ้านซ่อนเร้น", "thousand-leads", SECRET)
# The words as they are and as JSON may write them; the phones in both forms, with and without separators.
PRIVATE = re.compile(
    b"|".join(re.escape(form) for word in WORDS for form in (word.encode(), json.dumps(word)[1:-1].encode()))
    + rb"|(66|0)-?89-?120-?0\d{3}",
    re.IGNORECASE,
)


def thai(number: int) -> str:
    return "".join(CONSONANTS[int(digit)] for digit in f"{number:03}")


def body(number: int) -> dict[str, Any]:
    return lead(
        f"customer-{number}",
        "Purchase",
        name=f"คุณผู้ทดลอง{thai(number)} นามสกุล{thai(number)}",
        phone=f"089-120-0{number:03}",
        email=f"Buyer{number}@thousand-leads.co.th",
        language="th",
        address={
            "street_address": f"{number}/7 ซอยลับเฉพาะ 3",
            "village_or_project": "บ้านซ่อนเร้น",
            "subdistrict": "แขวงคลองตันเหนือ",
            "district": "เขตวัฒนา",
            "city": "กทม.",
            "postal_code": "10110",
        },
        payment_method="bank_transfer",
        shopping_cart={
            "products": [{"code": "P1", "name": "ปลอกคอ", "price": 100, "count": number, "total": 100 * number}],
            "grandTotal": f"{100 * number}",
        },
    )


def expected(number: int) -> dict[str, str]:
    return {
        "firstname": f"ผู้ทดลอง{thai(number)}",
        "lastname": f"นามสกุล{thai(number)}",
        "phone": f"+66891200{number:03}",
        "mobilephone": f"+66891200{number:03}",
        "email": f"buyer{number}@thousand-leads.co.th",
        "city": "กรุงเทพมหานคร",
        "state": "กรุงเทพมหานคร",
        "zip": "10110",
        "country": "Thailand",
        "hs_language": "th",
        "hs_lead_status": "NEW",
        "dealdroid_last_intent": "Purchase",
        "dealdroid_payment_method": "bank_transfer",
        "dealdroid_cart_total": str(100 * number),
        "dealdroid_district": "วัฒนา",
    }


def everything_in(redis: Any) -> bytes:
    """Every key of the database with all that it holds, whatever its type."""
    read = {
        b"string": lambda key: [redis.get(key)],
        b"hash": lambda key: [part for pair in redis.hgetall(key).items() for part in pair],
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda key: redis.zrange(key, 0, -1),
        b"stream": lambda key: [part for _, fields in redis.xrange(key) for pair in fields.items() for part in pair],
        b"none": lambda _: [],
    }
    parts = []
    for key in redis.scan_iter(count=1000):
        parts += [key, *read[redis.type(key)](key)]
    return b"\n".join(part for part in parts if part)


@pytest.fixture(scope="module")
def burst(busy_line: Line) -> Line:
    """The line after the burst; HubSpot answers as slowly as it does."""
    busy_line.reset()
    busy_line.crm.settings(latency=0.2)
    statuses = busy_line.storm([body(number) for number in range(COUNT)])
    assert statuses == [200] * COUNT
    busy_line.settle()
    return busy_line


def test_a_thousand_leads_become_a_thousand_contacts_each_right(burst: Line) -> None:
    contacts = {key_of(contact): contact["properties"] for contact in burst.crm.contacts()}
    assert len(burst.crm.contacts()) == len(contacts) == COUNT
    for number in range(COUNT):
        properties = contacts[f"customer-{number}"]
        want = expected(number)
        assert {name: properties.get(name) for name in want} == want
        assert properties["address"].startswith(f"{number}/7 ซอยลับเฉพาะ 3")


def test_each_contact_was_written_once(burst: Line) -> None:
    assert {contact["writes"]["firstname"] for contact in burst.crm.contacts()} == {1}


def test_a_thousand_leads_cost_at_most_forty_calls(burst: Line) -> None:
    assert burst.crm.calls("/batch/upsert") <= 40


def test_each_customer_was_told_once(burst: Line) -> None:
    assert len(burst.chat.told()) == COUNT
    assert all(len(burst.chat.told(f"customer-{number}")) == 1 for number in range(0, COUNT, 37))
    assert {receipt.message for receipt in burst.receipts()} == {"sent"}


def test_nothing_is_left_and_every_lead_has_its_receipt(burst: Line) -> None:
    assert burst.left() == 0
    found = burst.receipts()
    assert len(found) == COUNT
    ids = {key_of(contact): contact["id"] for contact in burst.crm.contacts()}
    assert all((one.state, one.contact_id) == ("created", ids[one.customer_id]) for one in found)


def test_no_private_data_and_no_secret_is_left_in_redis(burst: Line) -> None:
    eventually(lambda: not [*burst.redis.scan_iter("*:lock")])
    held = everything_in(burst.redis)
    assert len(held) > 100 * COUNT
    assert not PRIVATE.findall(held)


def test_the_logs_tell_ids_and_nothing_that_a_customer_said(burst: Line) -> None:
    assert "lead.created" in burst.logs()
    assert not PRIVATE.findall(burst.logs().encode())


def test_what_is_searched_for_is_found_while_leads_wait(line: Line) -> None:
    with line.hold():
        line.send(body(1))
        assert PRIVATE.search(everything_in(line.redis))
    line.settle()
