"""`leadsync preview` says what would be written, and writes nothing."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from leadcore.required import Requirement
from leadcore.store.required import remember_required
from tests.conftest import INTENT_PATH, Line, eventually, lead
from tests.leadsync.conftest import call


def run_preview(line: Line, tmp_path: Path, body: Any, *words: str) -> Result:
    """Run `preview` as a Redis user that may only read."""
    line.redis.acl_setuser(
        "reader", enabled=True, nopass=True, keys=["*"], categories=["+@read"], commands=["+time", "+select"]
    )
    file = tmp_path / "payload.json"
    file.write_text(json.dumps(body))
    url = line.environ["REDIS_URL"].replace("redis://", "redis://reader:any@")
    return call(line, "preview", str(file), *words, REDIS_URL=url)


def preview(line: Line, tmp_path: Path, body: Any) -> dict[str, Any]:
    """The preview's JSON. It must have written nothing."""
    before = line.crm.contacts()
    done = run_preview(line, tmp_path, body, "--json")
    assert done.exit_code == 0, done.output
    assert line.crm.contacts() == before
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def changes_of(found: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["property"]: (one["now"], one["new"]) for one in found["changes"]}


def test_preview_of_an_unknown_customer_shows_the_whole_contact(idle_line: Line, tmp_path: Path) -> None:
    found = preview(idle_line, tmp_path, lead("c", name="Ann Lee", phone="0812345678"))
    assert (found["state"], found["contact_id"]) == ("created", "")
    changes = changes_of(found)
    assert changes["phone"] == ("", "+66812345678")
    assert changes["hs_lead_status"] == ("", "NEW")


def test_preview_equals_what_the_worker_then_writes(line: Line, tmp_path: Path) -> None:
    shared = "shared@somebody-elses.co.th"
    line.crm.create(email=shared, firstname="Bob")
    bodies = [
        lead("one", name="Ann Lee", phone="0812345678", address={"street_address": "1 Silom", "postal_code": "10500"}),
        lead("one", name="Ann Lee", phone="0899999999"),
        lead("two", name="Carl Cohen", phone="0877777777", email=shared),
        lead("two", name="Carl Cohen", phone="0877777777", email=shared),
    ]
    for body in bodies:
        found = preview(line, tmp_path, body)
        line.sync(body)
        receipt = line.receipts()[-1]
        volatile = {"dealdroid_last_intent_at", "dealdroid_first_intent_at", "dealdroid_customer_id"}
        assert found["state"] == receipt.state
        assert set(changes_of(found)) - volatile == set(receipt.fields) - volatile
        written = next(one["properties"] for one in line.crm.contacts() if one["id"] == receipt.contact_id)
        for name, (_, new) in changes_of(found).items():
            assert name in volatile or written.get(name, "") == new


def test_preview_says_why_a_value_is_not_written(line: Line, tmp_path: Path) -> None:
    line.sync(lead("c", name="Ann Lee", phone="0812345678"))
    [contact] = line.crm.contacts()
    found = preview(line, tmp_path, lead("c", name="Ann Lee", phone="0899999999", email="not an email at all"))
    assert (found["state"], found["contact_id"]) == ("updated", contact["id"])
    assert changes_of(found)["phone"] == ("+66812345678", "+66899999999")
    why = {one["property"]: one["why"] for one in found["kept"]}
    assert why["firstname"] == "the customer has said this before"
    assert why["hs_lead_status"] == "set only when the contact is created"
    assert why["email"] == "it is not a valid email address"


def test_preview_and_send_say_that_an_event_came_already(line: Line, tmp_path: Path) -> None:
    body = lead("c", name="Ann Lee", phone="0812345678")
    assert preview(line, tmp_path, body)["duplicate_of"] == ""
    file = tmp_path / "payload.json"
    url = ("--url", line.url + INTENT_PATH)
    assert "duplicate" not in call(line, "send", str(file), *url).stdout
    eventually(lambda: line.receipts() and line.receipts()[-1].state == "created")
    assert "duplicate" in call(line, "send", str(file), *url).stdout
    again = preview(line, tmp_path, body)
    assert again["duplicate_of"] == line.receipts()[-1].lead
    assert run_preview(line, tmp_path, body).stdout.startswith("Duplicate: this event came already")
    assert "duplicate" not in call(line, "send", str(file), "--new", *url).stdout


def test_preview_only_fills_blanks_of_somebody_elses_contact(idle_line: Line, tmp_path: Path) -> None:
    contact = idle_line.crm.create(email="bob@somebody-elses.co.th", firstname="Bob")
    found = preview(
        idle_line, tmp_path, lead("c", name="Ann Lee", email="bob@somebody-elses.co.th", phone="0812345678")
    )
    assert (found["state"], found["contact_id"]) == ("updated", contact)
    assert changes_of(found)["phone"] == ("", "+66812345678")
    assert "somebody else" in next(one["why"] for one in found["kept"] if one["property"] == "firstname")


def test_preview_of_a_contact_that_was_deleted_shows_a_new_one(line: Line, tmp_path: Path) -> None:
    line.sync(lead("c", name="Ann Lee", phone="0812345678"))
    line.crm.control("DELETE", f"contacts/{line.crm.contacts()[0]['id']}")
    found = preview(line, tmp_path, lead("c", name="Ann Lee", phone="0899999999"))
    assert found["state"] == "created"
    assert {"firstname", "lastname", "phone"} <= set(changes_of(found))


def test_preview_names_values_that_break_a_rule_of_the_portal(idle_line: Line, tmp_path: Path) -> None:
    phone = {"ruleType": "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE", "ruleArguments": ["us"]}
    pattern, length = (
        {"ruleType": "REGEX", "ruleArguments": ["^A", "no"]},
        {"ruleType": "MAX_LENGTH", "ruleArguments": ["9"]},
    )
    idle_line.crm.settings(formats={"phone": [phone], "firstname": [pattern, length]})
    said = lead("c", name="Ann Lee", phone="0812345678")
    found = {one["property"]: one["what"] for one in preview(idle_line, tmp_path, said)["doubtful"]}
    assert found == {"phone": "would be refused", "firstname": "may be refused"}
    assert "phone would be refused" in run_preview(idle_line, tmp_path, said).stdout


def test_preview_says_what_is_required_as_workers_have_found_out(idle_line: Line, tmp_path: Path) -> None:
    event = lead("c", name="Ann Lee", phone="0812345678")
    once = Requirement("company", "Company Name", "create")
    remember_required(idle_line.redis, [once], [])
    assert preview(idle_line, tmp_path, event)["state"] == "created", "one refusal proves nothing of others"
    remember_required(idle_line.redis, [replace(once, refused=2)], [])
    found = preview(idle_line, tmp_path, event)
    assert (found["state"], found["why"]) == ("parked", "HubSpot requires Company Name (company)")


def test_preview_of_an_event_without_details_writes_nothing(idle_line: Line, tmp_path: Path) -> None:
    assert preview(idle_line, tmp_path, lead("c"))["state"] == "skipped"
    assert "Nothing would be written: no contact details yet." in run_preview(idle_line, tmp_path, lead("c")).stdout


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ([], "JSON object"),
        ({"mid": "m", "intent": "i"}, "customer_id is missing"),
        (lead("c", junk="x" * 2**18), "larger than 256 KiB"),
    ],
)
def test_preview_of_an_invalid_event_says_why(idle_line: Line, tmp_path: Path, body: Any, why: str) -> None:
    done = run_preview(idle_line, tmp_path, body)
    assert (done.exit_code, why in done.stderr) == (1, True)


def test_preview_is_readable_by_people(idle_line: Line, tmp_path: Path) -> None:
    done = run_preview(idle_line, tmp_path, lead("c", name="[bold]Ann[/bold] Lee", phone="0812345678"))
    assert "A new contact would be created." in done.stdout
    assert "+66812345678" in done.stdout


def test_preview_shows_the_reply_and_why_it_has_no_payment_link(
    idle_line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "leadsync.toml"
    config.write_text(
        '[payment]\n[intents."Purchase"]\nreply = ["Thanks {{ firstname }} {{ pay_url }}"]\n'
        '[intents."Share contact"]\nreply = ["Thanks"]'
    )
    own = {"LEADSYNC_CONFIG": str(config), "LEADSYNC_KEY": "k" * 32, "PUBLIC_URL": "https://shop.example.com"}
    product = {"name": "Hat", "price": 100, "count": 1, "total": 100}
    cart = {"products": [product], "shippingFee": "", "grandTotal": "100"}
    monkeypatch.setattr(idle_line, "environ", {**idle_line.environ, **own})
    found = preview(idle_line, tmp_path, lead("c", "Purchase", name="Ann", shopping_cart=cart))
    [text] = found["reply"]
    assert re.fullmatch(r"Thanks Ann https://shop\.example\.com/pay/\S+", text)
    assert found["no_link"] == ""
    wrong = lead("c", "Purchase", name="Ann", shopping_cart={**cart, "grandTotal": "1"})
    shown = run_preview(idle_line, tmp_path, wrong).stdout
    assert "The reply would be: Thanks Ann\n" in shown
    assert "no payment link: the total is not lines and shipping added up" in shown
    for intent in ("Share contact", "Ask price"):
        assert "payment link" not in run_preview(idle_line, tmp_path, lead("c", intent, name="Ann")).stdout
    monkeypatch.setattr(idle_line, "environ", {**idle_line.environ, "PUBLIC_URL": ""})
    assert "PUBLIC_URL is not set" in run_preview(idle_line, tmp_path, wrong).stdout
