"""`leadsync doctor` with `[orders]`, in front of the stand-in for HubSpot."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadcore.config import Orders, parse
from leadcore.machine import Machine
from leadsync.doctor.finding import Finding
from leadsync.doctor.orders import check_orders, judge_room
from sandbox.http_server import running
from sandbox.hubspot import Portal, create_app
from sandbox.hubspot.settings import SALES_SCOPES, SCOPES
from tests.stand_ins import Crm
from workers.hubspot.access import inspect_token
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.order_setup import setup_orders
from workers.hubspot.survey import needed_scopes

TEXTS = "[orders.messages.th]\nShipped = '{{ tracking }}'\n"


@pytest.fixture
def crm() -> Iterator[Crm]:
    portal = Portal()
    with running(create_app(portal)) as served:
        yield Crm(served.url, portal)


@pytest.fixture
def hubspot(crm: Crm) -> Iterator[HubSpot]:
    hubspot = HubSpot("pat-test", crm.url, NoBudget(Machine()))
    yield hubspot
    hubspot._pool.clear()


@pytest.fixture
def ready(hubspot: HubSpot) -> HubSpot:
    for kind in ("order", "cart"):
        setup_orders(hubspot, Orders(object=kind), prove=False)  # type: ignore[arg-type]  # both are kinds
    setup_orders(hubspot, Orders(object="deal", stage="contract sent"), prove=False)
    return hubspot


def check(hubspot: HubSpot, source: str = "[orders]\n") -> list[Finding]:
    return check_orders(hubspot, parse(source))


def wrong(findings: list[Finding]) -> list[tuple[str, str]]:
    for one in findings:
        assert one.state == "fine" or one.fix
    return [(one.state, one.text) for one in findings if one.state != "fine"]


def test_without_orders_nothing_is_asked(crm: Crm, hubspot: HubSpot) -> None:
    assert check(hubspot, "") == []
    assert crm.control("GET", "state")["calls"] == {}
    assert not any("orders" in scope for scope in needed_scopes(parse("")))


@pytest.mark.parametrize(
    "source",
    [
        "[orders]\n" + TEXTS,
        "[orders]\n[payment]\nprovider = 'promptpay'\npaid_stage = 'processed'\n",
        "[orders]\nobject = 'cart'\n",
        "[orders]\nobject = 'deal'\nstage = 'Contract Sent'\n",
    ],
)
def test_a_portal_that_is_ready_is_fine_and_it_is_said_where_orders_begin(ready: HubSpot, source: str) -> None:
    found = check(ready, source)
    assert wrong(found) == []
    told = " ".join(one.text for one in found)
    assert ("begin in" in told) == ("cart" not in source)
    assert "There is room" in told


def test_a_portal_without_our_properties_is_wrong(hubspot: HubSpot) -> None:
    found = wrong(check(hubspot))
    assert [state for state, _ in found] == ["wrong", "wrong"]
    assert "Missing on orders: dealdroid_order_id, dealdroid_order_refs, dealdroid_customer_id, dealdroid_told." in {
        text for _, text in found
    }


@pytest.mark.parametrize(
    ("settings", "source", "state", "words"),
    [
        ({"enabled": ["0-1"]}, "[orders]\n", "wrong", 'object = "deal"'),
        ({"company_currency": "USD"}, "[orders]\n", "wrong", "does not use THB; it has USD"),
        ({}, "[orders]\nstage = 'New'\n", "wrong", "has no stage New; it has Open, Processed"),
        ({}, "[orders]\npipeline = 'New'\n", "wrong", "no pipeline New for orders; it has Order Pipeline"),
        ({"read_only": {"orders": ["hs_total_price"]}}, "[orders]\n", "wrong", "hs_total_price of orders is read-only"),
        ({"read_only": {"orders": ["hs_shipping_cost"]}}, "[orders]\n", "warning", "left out: hs_shipping_cost"),
        ({"read_only": {"line_items": ["hs_sku"]}}, "[orders]\n", "warning", "left out: hs_sku"),
        ({}, "[orders]\nowners = ['mali@example.com', 'Ann@example.com']\n", "warning", "no user Ann@example.com,"),
        ({}, "[orders]\n[orders.messages.en]\nSent = 'x'\n", "warning", "texts for Sent, but the pipeline has Open"),
        (
            {},
            "[orders]\n[payment]\nprovider = 'promptpay'\npaid_stage = 'Done'\n",
            "warning",
            "is Done, but the pipeline",
        ),
        ({}, "[orders]\n[orders.messages.en]\nShipped = '{{ trcking }}'\n", "warning", "speaks of trcking"),
    ],
)
def test_what_keeps_orders_from_being_made_or_parts_of_them_is_named(
    crm: Crm, ready: HubSpot, settings: dict[str, Any], source: str, state: str, words: str
) -> None:
    crm.settings(**settings)
    [(found, text)] = wrong(check(ready, source))
    assert (found, words in text) == (state, True), text


def test_an_owner_is_found_whatever_the_case_of_the_email(ready: HubSpot) -> None:
    assert wrong(check(ready, "[orders]\nowners = ['Mali@Example.com']\n")) == []


def test_a_portal_that_is_nearly_full_is_named(crm: Crm, ready: HubSpot) -> None:
    crm.settings(max_properties=4, room={"orders": 0})
    found = wrong(check(ready))
    assert ("warning", "4 of 4 custom properties of orders are used.") in found
    assert ("wrong", "0 of 0 records of orders are used.") in found


def test_limits_that_hubspot_does_not_tell_are_no_problem() -> None:
    assert [one.state for one in judge_room({}, {"hubspotDefinedObjectTypes": None}, Orders())] == ["fine"]


@pytest.mark.parametrize("lists_scopes", [True, False], ids=["HubSpot lists them", "each is tried"])
@pytest.mark.parametrize("kind", ["order", "cart", "deal"])
def test_every_scope_that_orders_need_is_missed_by_name(
    crm: Crm, ready: HubSpot, kind: str, lists_scopes: bool
) -> None:
    stage = "stage = 'Contract Sent'\n" if kind == "deal" else ""
    config = parse(f"[orders]\nobject = '{kind}'\n{stage}owners = ['mali@example.com']\n")
    wanted = needed_scopes(config)
    if not lists_scopes:
        crm.fault("403", path="/oauth")
    crm.settings(scopes=SCOPES)
    missing = inspect_token(ready, "pat-test", wanted).missing
    assert missing == [scope for scope in wanted if scope not in SCOPES]
    assert f"crm.objects.{kind}s.write" in missing
    assert "crm.objects.owners.read" in missing
    crm.settings(scopes=[*SCOPES, *SALES_SCOPES])
    assert inspect_token(ready, "pat-test", wanted).missing == []


def test_trying_the_scopes_changes_nothing(crm: Crm, ready: HubSpot) -> None:
    crm.fault("403", path="/oauth")
    before = {name: dict(table.properties) for name, table in crm.portal.tables.items()}
    inspect_token(ready, "pat-test", needed_scopes(parse("[orders]")))
    assert {name: dict(table.properties) for name, table in crm.portal.tables.items()} == before
    assert not any(table.records for table in crm.portal.tables.values())


def test_a_missing_scope_is_said_of_orders_alone(crm: Crm, ready: HubSpot) -> None:
    crm.settings(scopes=[one for one in (*SCOPES, *SALES_SCOPES) if one != "crm.schemas.orders.read"])
    [(state, text)] = wrong(check(ready))
    assert (state, "crm.schemas.orders.read" in text) == ("wrong", True)


def test_the_command_checks_orders(crm: Crm, ready: HubSpot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from leadsync.cli import cli

    (tmp_path / "leadsync.toml").write_text("[orders]\n")
    environ = {
        "HUBSPOT_ACCESS_TOKEN": "pat-test",
        "HUBSPOT_BASE_URL": crm.url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "LEADSYNC_CONFIG": str(tmp_path / "leadsync.toml"),
        "LEADSYNC_KEY": "k" * 32,
        "SPOOL_DIR": str(tmp_path),
    }
    done = CliRunner().invoke(cli, ["doctor", "--json"], env=environ)
    told = {one["subject"]: one["state"] for one in json.loads(done.stdout)}
    assert (told["Orders"], told["Stages of orders"], told["Room for orders"]) == ("fine", "fine", "fine")
