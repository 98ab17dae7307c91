"""Notes, from the post to HubSpot, by the running system."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from leadsync.cli import cli
from tests.conftest import PATIENT, Line, lead


@pytest.mark.parametrize("orders", [False, True], ids=["without orders", "with orders"])
def test_a_wanted_intent_leaves_one_note_on_its_contact(spare_line: Callable[..., Line], orders: bool) -> None:
    line = spare_line(WEB_CONCURRENCY="1", LEADSYNC_KEY="a key of this test")
    config = line.folder / "notes.toml"
    config.write_text('[notes]\nintents = ["Purchase"]\n' + ("[orders]\n" if orders else ""))
    line.environ["LEADSYNC_CONFIG"] = str(config)
    cart = {"products": [{"code": "DOG", "name": "Dog", "price": 10, "count": 1, "available": True}]}
    purchase = {**lead("ann", "Purchase", name="Ann Lee", phone="0812345678"), "shopping_cart": cart}
    if orders:
        assert CliRunner().invoke(cli, ["setup"], env=line.environ).exit_code == 0
    else:
        file = line.folder / "purchase.json"
        file.write_text(json.dumps(purchase))
        found = CliRunner().invoke(cli, ["preview", str(file), "--json"], env=line.environ)
        assert found.exit_code == 0, found.output
        assert json.loads(found.stdout)["note"] is True
    line.start("web", **PATIENT)
    line.start("worker", "--one")
    line.await_web()
    line.send(purchase, purchase, lead("bob", "Share contact", name="Bob Ray", phone="0898765432"))
    line.settle()
    [note] = line.crm.control("GET", "state")["notes"]
    assert "Dog" in note["properties"]["hs_note_body"]
    assert [str(one) for one in note["associations"]["contacts"]] == [line.receipt("ann").contact_id]
    assert len(note["associations"].get("orders", ())) == orders
    assert (line.receipt("ann").note, line.receipt("bob").note) == ("written", "")
