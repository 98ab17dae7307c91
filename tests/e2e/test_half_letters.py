"""JSON can say half of a pair of UTF-16, which no text can be written with."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from leadsync.cli import cli
from sandbox.http_server import running
from tests.conftest import PATIENT, Line, eventually, lead
from tests.workers.hooks.conftest import HOOK_SECRET, Receiver
from tests.workers.notices.conftest import Service

HALF = "\ud83d"
CONFIG = """
[orders]
[notes]
intents = ["*"]
[hooks]
full = true
[notify]
every_seconds = 1
private = true
text = "{{ what }} {{ name }} {{ cart }}"
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with running(made) as server:
        made.url = server.url + "/hook"
        yield made


@pytest.fixture
def team() -> Iterator[Service]:
    made = Service()
    with running(made) as server:
        made.url = server.url + "/team"
        yield made


def spoil(value: Any) -> Any:
    """With half a letter at the end of each text and key."""
    if isinstance(value, str):
        return value + HALF
    if isinstance(value, list):
        return [spoil(one) for one in value]
    return {name: spoil(one) for name, one in value.items()} if isinstance(value, dict) else value


def test_an_event_with_half_letters_everywhere_loses_nothing(
    spare_line: Callable[..., Line], receiver: Receiver, team: Service, tmp_path: Path
) -> None:
    config = tmp_path / "leadsync.toml"
    config.write_text(CONFIG)
    line = spare_line(
        LEADSYNC_CONFIG=str(config),
        LEADSYNC_KEY="a key of thirty-two characters..",
        HOOK_URLS=receiver.url,
        HOOK_SECRET=HOOK_SECRET,
        NOTIFY_URLS=team.address,
    )
    assert CliRunner().invoke(cli, ["setup"], env=line.environ).exit_code == 0
    line.start("web", **PATIENT)
    line.start("worker")
    line.await_web()
    line.await_workers(1)
    cart = {
        "products": [{"code": "DF-1", "name": "Dog food", "price": "600", "count": "2", "total": "1200"}],
        "shippingFee": "50",
        "grandTotal": "1250",
    }
    address = {"street_address": "9 Soi 1", "city": "Bangkok", "postal_code": "10110", "country": "Thailand"}
    said = lead(
        "ann",
        "Purchase",
        name="Ann Example",
        phone="0812345678",
        email="ann@example.com",
        language="en",
        address=address,
        shopping_cart=cart,
        payment_method="transfer",
        product_type="Pets",
        folder="Dogs",
        e="prod",
        more={"a": "b"},
    )
    whole = {**spoil(said), "customer_id": "ann", "secret": said["secret"], f"odd{HALF}": HALF}
    assert line.post(whole).status_code == 200
    eventually(lambda: "order.created" in {one["type"] for one in receiver.bodies()})
    eventually(lambda: team.texts() == ["New lead Ann Example 2 x Dog food (DF-1) = 1200\nShipping: 50\nTotal: 1250"])
    line.settle()
    contact, receipt = line.crm.contact("ann"), line.receipt("ann")
    assert [contact[name] for name in ("firstname", "phone", "zip")] == ["Ann", "+66812345678", "10110"]
    assert (receipt.state, receipt.order, receipt.note, receipt.message) == ("created", "created", "written", "sent")
    answer = line.post({**whole, "customer_id": f"ann{HALF}"})
    assert (answer.status_code, "customer_id" in answer.json()["error"]) == (422, True)
