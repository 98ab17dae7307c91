"""What tells others of customers leaves no trace of them, and none of its secrets, beside its way."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from sandbox.http_server import running
from sandbox.stripe import API_KEY, WEBHOOK_SECRET, Account, create_app
from tests.conftest import PATIENT, SECRET, Line, eventually
from tests.e2e.test_private import command, find, kept
from tests.people import Person, encodings, invent
from tests.workers.hooks.conftest import HOOK_SECRET, Receiver
from tests.workers.notices.conftest import Mailbox, Service, mailbox

__all__ = ["mailbox"]

HUBSPOT, MESSAGES, METRICS, KEY = "pat-na1-0f9e8d7c-shop", "messages-7f3a91-shop", "metrics-4c2e-shop", "k3y-" * 8
WRONG, ADDRESS = "guess-4b1d-of-a-stranger", "address-4711"
OWN = (SECRET, HUBSPOT, MESSAGES, METRICS, KEY, API_KEY, WEBHOOK_SECRET, HOOK_SECRET, WRONG, ADDRESS)
SECRETS = {form for secret in OWN for form in encodings(secret)}
COMMANDS = (
    ["parked"], ["parked", "--json"], ["leads", "--json"], ["status", "--json"], ["hooks", "list"], ["doctor"],
    ["config", "show"], ["stages"],
)  # fmt: skip
CONFIG = """
[inbox]
tries = 2
[orders]
[notes]
intents = ["Purchase"]
[payment]
provider = "stripe"
[hooks]
full = true
[notify]
on = ["lead.created", "lead.parked", "order.created", "order.paid"]
every_seconds = 1
private = true
text = "{{ what }}: {{ name }} {{ phone }} {{ cart }} {{ link }}"
[intents."Purchase"]
reply = ["Thank you {{ firstname }}, {{ phone }}: {{ order_ref }} {{ pay_url }} {{ payload.contact_info.email }}"]
[messages.texts.en]
details_saved = "Thank you {{ firstname }} {{ lastname }}: {{ phone }}, {{ email }}, {{ address }}"
"""


def cart(number: int) -> dict[str, Any]:
    item = {"code": f"S-{number}", "name": "Lamp", "price": 100, "count": 1, "total": 100, "available": True}
    return {"products": [item], "shippingFee": "0", "grandTotal": "100"}


class Stripe(Account):
    """The stand-in, whose customers pay at once."""

    def sell(self, reference: str, dispute: str) -> None:
        """100 baht for the order; `dispute`: how one of it ends, "" if there is none."""
        form = {
            "mode": "payment",
            "success_url": "https://shop.example.com",
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": "thb",
            "line_items[0][price_data][unit_amount]": "10000",
            "line_items[0][price_data][product_data][name]": "Lamp",
            "metadata[reference]": reference,
            "payment_intent_data[metadata][reference]": reference,
        }
        session = self.make_session(form, "https://stripe.example.com")["id"]
        self.pay(session)
        if dispute:
            self.dispute(session)
            self.close_dispute(session, dispute)


@dataclass
class Outside:
    """Who is told: `refusing` and `closed` take nothing."""

    hooks: Receiver
    refusing: Receiver
    team: Service
    closed: Service
    account: Stripe
    stripe: str


@pytest.fixture
def outside() -> Iterator[Outside]:
    with ExitStack() as stack:
        receivers, services, account = (Receiver(), Receiver()), (Service(), Service()), Stripe()
        for one in (*receivers, *services):
            one.url = stack.enter_context(running(one)).url + f"/{ADDRESS}"
        receivers[1].fail()
        services[1].fail("403 Forbidden")
        yield Outside(*receivers, *services, account, stack.enter_context(running(create_app(account))).url)


def test_a_storm_with_all_of_it_on_leaves_no_trace(
    spare_line: Callable[..., Line], outside: Outside, mailbox: Mailbox
) -> None:
    """Whole bodies wait for an address that is away, and what a person has to look at is kept; nothing else is."""
    line = spare_line(
        LOG_LEVEL="DEBUG",
        WEB_CONCURRENCY="2",
        HUBSPOT_ACCESS_TOKEN=HUBSPOT,
        LEADSYNC_KEY=KEY,
        MESSAGES_TOKEN=MESSAGES,
        METRICS_TOKEN=METRICS,
        PUBLIC_URL="https://shop.example.com",
        STRIPE_API_KEY=API_KEY,
        STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET,
        STRIPE_BASE_URL=outside.stripe,
        HOOK_URLS=f"{outside.refusing.url} {outside.hooks.url}",
        HOOK_SECRET=HOOK_SECRET,
        NOTIFY_URLS=f"{outside.closed.address} {outside.team.address} {mailbox.address}",
    )
    config = line.folder / "leadsync.toml"
    config.write_text(CONFIG)
    line.environ["LEADSYNC_CONFIG"] = str(config)
    said = command(line, "setup")
    line.start("web", **PATIENT)
    line.start("worker", "--count", "2")
    line.await_web()
    line.await_workers(2)
    people = list(invent(90, seed=7))
    traces = set[bytes]().union(*(one.traces() for one in people))
    line.crm.fault("row_unexplained", ids=[one.customer_id for one in people[80:]], rows=100)
    posted = line.storm(
        [
            *(one.event(language="en") for one in people),
            *(
                one.event(intent="Purchase", shopping_cart=cart(at), language="en")
                for at, one in enumerate(people[:30])
            ),
            *({**one.event(), "mid": None} for one in people[30:40]),
            *({**one.event(), "secret": WRONG} for one in people[40:50]),
        ]
    )
    assert sorted(posted) == [200] * 120 + [403] * 10 + [422] * 10
    for one in people[:10]:
        talk(line, one)
    eventually(lambda: sum(bool(one.order_ref) for one in line.receipts()) >= 30, 60)
    outside.account.webhook = f"{line.url}/api/v1/payments/stripe"
    for number, reference in enumerate(sorted({one.order_ref for one in line.receipts()} - {""})[:12]):
        outside.account.sell(reference, ("", "won", "lost")[number % 3])
    eventually(lambda: "order.refunded" in {body["type"] for body in outside.hooks.bodies()}, 60)
    eventually(lambda: outside.team.taken and mailbox.taken, 60)
    assert any(trace in raw.lower().encode() for _, raw in outside.hooks.taken for trace in traces), "or it cannot fail"

    said += b"".join(command(line, *words) for words in COMMANDS)
    metrics = requests.get(line.url + "/metrics", headers={"Authorization": f"Bearer {METRICS}"}, timeout=5).content
    receipts = json.dumps([one.as_dict() for one in line.receipts()]).encode()
    places = [(b"logs", line.logs().encode()), (b"metrics", metrics), (b"commands", said), (b"receipts", receipts)]
    assert find([*places, *kept(line.redis)], SECRETS) == set()
    held = {place.split(b":")[1] for place in find([*places, *kept(line.redis)], traces) if b":" in place}
    assert find(places, traces) == set()
    assert held <= {b"hooks", b"notices", b"parked", b"unsent", b"inbox", b"later", b"outbox"}


def talk(line: Line, person: Person) -> None:
    """What a shop's system sends, right and wrong."""
    bearer = {"Authorization": f"Bearer {MESSAGES}"}
    texts = [f"Dear {person.first} {person.last}, {person.phone}"]
    for status, path, body in (
        (202, "messages", {"customer_id": person.customer_id, "messages": texts}),
        (422, "messages", {"customer_id": person.customer_id, "messages": [*texts, 5]}),
        (422, "messages", {person.email: person.phone}),
        (422, "payments", {"reference": person.phone, "amount": person.first}),
        (422, "payments", {"reference": "K73FX219", "amount": "1", "currency": person.first}),
    ):
        headers = {**bearer, "Idempotency-Key": f"key of {person.customer_id}"}
        assert requests.post(f"{line.url}/api/v1/{path}", json=body, headers=headers, timeout=10).status_code == status
