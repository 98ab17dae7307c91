"""`leadsync setup` with `[orders]`, against portals of every kind and every version of the API."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leadcore.settings import HUBSPOT_VERSIONS
from leadsync.cli import cli
from sandbox.http_server import running
from sandbox.hubspot import Portal, create_app
from sandbox.hubspot.object_types import CARTS, DEALS, LINE_ITEMS, ORDERS
from sandbox.hubspot.properties import Property
from sandbox.hubspot.settings import SALES_SCOPES, SCOPES
from tests.conftest import own_port
from tests.stand_ins import Crm

TYPES = {"order": ORDERS, "deal": DEALS, "cart": CARTS}
OWN = ["dealdroid_customer_id", "dealdroid_order_id", "dealdroid_order_refs", "dealdroid_told"]
STAGE = {"deal": "stage = 'contract sent'\n"}


@pytest.fixture(autouse=True, params=HUBSPOT_VERSIONS)
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HUBSPOT_API_VERSION", request.param)
    return str(request.param)


@pytest.fixture
def crm() -> Iterator[Crm]:
    """A portal in which setup has not run."""
    portal = Portal()
    with running(create_app(portal)) as served:
        yield Crm(served.url, portal)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "leadsync.toml"


def run_setup(crm: Crm, file: Path, *options: str, orders: str | None = "", **environ: str) -> Result:
    file.write_text("" if orders is None else f"[orders]\n{orders}")
    own = {
        "HUBSPOT_ACCESS_TOKEN": "pat-test",
        "HUBSPOT_BASE_URL": crm.url,
        "REDIS_URL": f"redis://127.0.0.1:{own_port()}/0",
        "LEADSYNC_CONFIG": str(file),
        "LEADSYNC_KEY": "k" * 32,
    }
    return CliRunner().invoke(cli, ["setup", *options], env={**own, **environ})


def own_properties(crm: Crm, object_type: Any) -> dict[str, Property]:
    known = crm.portal.table(object_type).properties
    return {name: one for name, one in known.items() if name.startswith("dealdroid_")}


def records(crm: Crm, object_type: Any) -> list[Any]:
    return list(crm.portal.table(object_type).records)


@pytest.mark.parametrize("kind", TYPES)
def test_our_properties_are_made_and_the_keys_proven_by_records_that_are_archived(
    crm: Crm, file: Path, kind: str
) -> None:
    done = run_setup(crm, file, orders=f"object = '{kind}'\n{STAGE.get(kind, '')}")
    assert (done.exit_code, done.stderr) == (0, "")
    assert sorted(own_properties(crm, TYPES[kind])) == OWN
    assert list(own_properties(crm, LINE_ITEMS)) == ["dealdroid_line_id"]
    unique = [n for t in (TYPES[kind], LINE_ITEMS) for n, one in own_properties(crm, t).items() if one.has_unique_value]
    assert sorted(unique) == ["dealdroid_line_id", "dealdroid_order_id"]
    assert crm.portal.table(TYPES[kind]).groups["dealdroid"] == "DealDroid"
    assert "dealdroid_order_id and dealdroid_line_id are unique, as a trial showed" in done.stdout
    assert records(crm, TYPES[kind]) == records(crm, LINE_ITEMS) == []
    area = f"objects/{TYPES[kind].name}/batch"
    calls = [route for route in crm.control("GET", "state")["calls"] if area.split("/")[1] in route]
    assert any("upsert" in one for one in calls)
    assert any("archive" in one for one in calls)


def test_without_orders_nothing_of_them_is_asked_and_nothing_is_made(crm: Crm, file: Path) -> None:
    crm.settings(scopes=SCOPES, enabled=[])
    done = run_setup(crm, file, orders=None)
    assert (done.exit_code, done.stderr) == (0, "")
    assert not any(own_properties(crm, each) for each in (ORDERS, DEALS, CARTS, LINE_ITEMS))
    calls = " ".join(crm.control("GET", "state")["calls"])
    assert not any(word in calls for word in ("object-library", "pipelines", "owners", "line_items", "orders"))
    assert "orders" not in json.loads(run_setup(crm, file, "--json", orders=None).stdout)


def test_it_is_safe_to_repeat_and_says_where_orders_begin(crm: Crm, file: Path) -> None:
    run_setup(crm, file)
    report = json.loads(run_setup(crm, file, "--json").stdout)["orders"]
    assert (report["created"], len(report["present"])) == ([], 5)
    assert report["stages"] == ["Open", "Processed", "Shipped", "Delivered", "Cancelled"]
    assert report["proven"] == ["dealdroid_order_id", "dealdroid_line_id"]
    assert "New ones begin in the stage Open." in run_setup(crm, file).stdout


def test_a_release_tries_only_keys_that_it_made(crm: Crm, file: Path) -> None:
    first, second = (json.loads(run_setup(crm, file, "--release", "--json").stdout)["orders"] for _ in range(2))
    assert (first["proven"], second["proven"]) == (["dealdroid_order_id", "dealdroid_line_id"], [])


@pytest.mark.parametrize(("kind", "type_id"), [("order", "0-123"), ("cart", "0-142")])
def test_an_object_that_nobody_activated_is_named_with_both_ways_out_and_nothing_else_is_taken(
    crm: Crm, file: Path, kind: str, type_id: str
) -> None:
    crm.settings(enabled=["0-1", "0-3", "0-8"])
    done = run_setup(crm, file, orders=f"object = '{kind}'\n")
    assert done.exit_code == 1
    assert f"{TYPES[kind].name.capitalize()} are not activated" in done.stderr
    assert 'object = "deal"' in done.stderr
    assert not own_properties(crm, TYPES[kind])
    assert not own_properties(crm, DEALS)
    assert run_setup(crm, file, "--release", orders=f"object = '{kind}'\n").exit_code == 0


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        ("pipeline = 'Shop'\n", "no pipeline Shop for orders; it has Order Pipeline"),
        ("stage = 'New'\n", "no stage New; it has Open, Processed, Shipped, Delivered, Cancelled"),
        ("pipeline = 'order pipeline'\nstage = 'nope'\n", "no stage nope"),
        ("object = 'deal'\nstage = 'Open'\n", "no stage Open; it has Appointment Scheduled"),
    ],
)
def test_a_pipeline_or_stage_that_is_not_there_is_named_with_those_that_are(
    crm: Crm, file: Path, orders: str, words: str
) -> None:
    done = run_setup(crm, file, orders=orders)
    assert (done.exit_code, words in done.stderr) == (1, True), done.stderr


def test_labels_and_ids_both_name_a_pipeline_and_a_stage(crm: Crm, file: Path) -> None:
    known = json.loads(run_setup(crm, file, "--json").stdout)["orders"]["pipeline"]
    done = run_setup(crm, file, orders=f"pipeline = '{known}'\nstage = ' processed'\n")
    assert "begin in the stage Processed." in done.stdout, done.stderr


@pytest.mark.parametrize(
    "scope",
    [
        "crm.objects.orders.write",
        "crm.objects.orders.read",
        "crm.schemas.orders.read",
        "crm.schemas.orders.write",
        "crm.schemas.line_items.read",
        "crm.schemas.line_items.write",
        "crm.objects.line_items.write",
        "crm.objects.line_items.read",
    ],
)
def test_a_missing_scope_is_named_and_contacts_are_set_up_all_the_same(crm: Crm, file: Path, scope: str) -> None:
    crm.settings(scopes=[one for one in (*SCOPES, *SALES_SCOPES) if one != scope])
    done = run_setup(crm, file)
    assert (done.exit_code, scope in done.stderr) == (1, True), done.stderr
    assert "dealdroid_customer_id" in crm.portal.contacts.properties
    assert "Traceback" not in done.output


def test_a_key_that_is_not_unique_is_explained(crm: Crm, file: Path) -> None:
    with crm.portal.lock:
        crm.portal.table(LINE_ITEMS).add_property(
            Property("dealdroid_line_id", "x", "string", "text", "lineiteminformation", has_unique_value=False)
        )
    done = run_setup(crm, file)
    assert done.exit_code == 1
    assert "dealdroid_line_id whose values need not be unique" in done.stderr
    assert "Delete or rename it" in done.stderr


def test_a_full_portal_names_what_has_no_room(crm: Crm, file: Path) -> None:
    run_setup(crm, file, orders=None)
    crm.settings(max_properties=2)
    done = run_setup(crm, file)
    assert done.exit_code == 1
    assert "no room for dealdroid_customer_id, dealdroid_told" in done.stderr
    assert "custom order properties" in done.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [("hs_total_price", "hs_total_price"), ("hs_currency_code", ""), ("hs_pipeline_stage", "hs_pipeline_stage")],
)
def test_what_an_order_may_not_be_without_has_to_be_writable(crm: Crm, file: Path, name: str, words: str) -> None:
    """The currency need not be said where it is the portal's own."""
    crm.settings(read_only={"orders": [name]})
    done = run_setup(crm, file)
    assert (done.exit_code, f"{words} of orders is read-only" in done.stderr) == ((1, True) if words else (0, False))


def test_a_currency_that_is_not_the_portals_own_has_to_be_written(crm: Crm, file: Path) -> None:
    crm.settings(read_only={"orders": ["hs_currency_code"]}, company_currency="USD", additional_currencies=["THB"])
    done = run_setup(crm, file)
    assert (done.exit_code, "hs_currency_code of orders is read-only" in done.stderr) == (1, True)
