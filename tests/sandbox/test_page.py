"""The sandbox page's own calls, against running stand-ins and a receiver that notes what it is sent."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from flask import Flask, Response, request

from leadcore.event import encode, read, unusable
from sandbox import dealdroid, hubspot, page
from sandbox.http_server import running
from tests.chromium import open_chromium
from tests.conftest import eventually


@pytest.fixture
def play() -> Iterator[Any]:
    received: list[bytes] = []
    receiver = Flask("receiver")

    ready: dict[str, Any] = {"status": "ok", "dry_run": False}

    @receiver.get(page.READY_PATH)
    def readyz() -> dict[str, Any]:
        return ready

    @receiver.post(page.INTENT_PATH)
    def intent() -> Response:
        received.append(request.get_data())
        return Response('["สักครู่"]', content_type="application/json")

    @receiver.post(page.PAYMENTS_PATH)
    def payment() -> tuple[dict[str, str], int]:
        if request.headers.get("Authorization") != "Bearer the token":
            return {"error": "no"}, 401
        received.append(request.get_data())
        return {}, 202

    with (
        running(receiver) as web,
        running(hubspot.create_app(hubspot.Portal())) as portal,
        running(dealdroid.create_app(dealdroid.Chats())) as bot,
    ):
        app = page.create_app(web.url, "the secret", portal.url, bot.url, token="the token")
        yield SimpleNamespace(app=app, client=app.test_client(), received=received, ready=ready, portal=portal.url)


def test_the_page_is_one_file_that_calls_no_other_host(play: Any) -> None:
    text = play.client.get("/").text
    assert "Leadsync sandbox" in text
    assert "http" not in text.split("</head>")[1]


def test_the_money_of_an_order_comes_as_the_shops_own_system_says_it(play: Any) -> None:
    said = {"reference": "K73FX219", "amount": "1230"}
    assert play.client.post("/paid", json=said).status_code == 202
    assert [json.loads(one) for one in play.received] == [said]


def test_every_example_is_a_usable_event(play: Any) -> None:
    payloads = play.client.get("/examples").json["payloads"]
    assert len(payloads) >= 6
    for each in payloads:
        body = json.loads(each["body"])
        assert unusable(body) == []
        assert read(encode(body)).intent


def test_every_fault_has_words(play: Any) -> None:
    faults = play.client.get("/examples").json["faults"]
    assert all(each["label"] for system in ("hubspot", "dealdroid") for each in faults[system])


def test_the_page_knows_where_the_lead_console_is(play: Any) -> None:
    assert play.client.get("/examples").json["console"].endswith("/console/")


def test_the_page_knows_of_a_dry_run(play: Any) -> None:
    assert play.client.get("/state").json["dry_run"] is False
    play.ready["dry_run"] = True
    assert play.client.get("/state").json["dry_run"] is True


def test_sending_fills_in_the_secret_and_shows_the_instant_answer(play: Any) -> None:
    body = json.dumps({"customer_id": "ก", "secret": page.PLACEHOLDER})
    told = play.client.post("/send", data=body).json
    assert (told["status"], told["body"]) == (200, '["สักครู่"]')
    assert json.loads(play.received[0]) == {"customer_id": "ก", "secret": "the secret"}


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"secret": "a wrong one"}', b'{"secret": ""}'])
def test_a_wrong_secret_and_broken_json_can_be_tried(raw: bytes) -> None:
    assert page.fill_secret(raw, "the secret") == raw


@pytest.mark.parametrize(("system", "kind"), [("hubspot", "503"), ("dealdroid", "lost_answer")])
def test_faults_are_switched_on_and_off(play: Any, system: str, kind: str) -> None:
    assert play.client.put(f"/faults/{system}/{kind}").status_code == 204
    assert play.client.get("/state").json["faults"][system] == [kind]
    assert play.client.delete(f"/faults/{system}/{kind}").status_code == 204
    assert play.client.get("/state").json["faults"][system] == []


def test_a_brownout_fails_a_share_of_the_calls(play: Any) -> None:
    assert play.client.put("/faults/hubspot/brownout").status_code == 204
    [fault] = requests.get(f"{play.portal}/_sandbox/faults", timeout=5).json()
    assert (fault["kind"], fault["probability"]) == ("brownout", 0.3)


@pytest.mark.parametrize("name", list(page.SWITCHES))
def test_the_portals_switches_go_on_and_off(play: Any, name: str) -> None:
    def settings() -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{play.portal}/_sandbox/state", timeout=5).json()["settings"]
        return found

    before = settings()
    assert name in [each["kind"] for each in play.client.get("/examples").json["switches"]]
    assert play.client.put(f"/switches/{name}").status_code == 204
    assert play.client.get("/state").json["switches"] == [name]
    assert settings() != before
    assert play.client.delete(f"/switches/{name}").status_code == 204
    assert (play.client.get("/state").json["switches"], settings()) == ([], before)
    play.client.put(f"/switches/{name}")
    play.client.post("/reset")
    assert (play.client.get("/state").json["switches"], settings()) == ([], before)
    assert play.client.put("/switches/nope").status_code == 404


def test_two_contacts_are_merged(play: Any) -> None:
    made = [
        requests.post(f"{play.portal}/_sandbox/contacts", json={"properties": {"firstname": name}}, timeout=5).json()[
            "id"
        ]
        for name in ("A", "B")
    ]
    body = json.dumps({"primary": made[0], "other": made[1]})
    assert play.client.post("/merge", data=body).status_code == 204
    [contact] = play.client.get("/state").json["contacts"]
    assert (contact["properties"]["firstname"], contact["id"] in made) == ("A", False)
    assert play.client.post("/merge", data=body).status_code == 400


def ask(play: Any, method: str, path: str, body: Any = None) -> Any:
    """A call of the stand-in's control API."""
    answer = requests.request(method, f"{play.portal}/_sandbox/{path}", json=body, timeout=5)
    answer.raise_for_status()
    return answer.json() if answer.content else None


@pytest.fixture
def order(play: Any) -> Any:
    """The id of an order of a contact's with one line."""
    contact = ask(play, "POST", "contacts", {"properties": {"firstname": "Nok"}})["id"]
    values = {"hs_order_name": "Shirts", "hs_total_price": "500", "hs_currency_code": "THB"}
    given = {"properties": values, "associations": {"contacts": [contact]}}
    made = ask(play, "POST", "orders", given)["id"]
    line = {"properties": {"name": "Shirt", "price": "250", "quantity": "2"}, "associations": {"orders": [made]}}
    ask(play, "POST", "line_items", line)
    return made


def test_an_order_is_shown_with_its_lines_stage_and_customer(play: Any, order: str) -> None:
    [sale] = play.client.get("/state").json["sales"]
    [contact] = play.client.get("/state").json["contacts"]
    assert (sale["id"], sale["name"], sale["total"]) == (order, "Shirts", "500 THB")
    assert sale["lines"] == [{"name": "Shirt", "price": "2 × 250 = 500"}]
    assert sale["contacts"] == [contact["id"]]
    assert sale["stages"][sale["stage_id"]] == "Open"


def test_a_salesperson_moves_an_order_marks_it_paid_and_deletes_it(play: Any, order: str) -> None:
    [sale] = play.client.get("/state").json["sales"]
    [shipped] = [own for own, label in sale["stages"].items() if label == "Shipped"]
    path = f"/sales/orders/{order}"
    for properties in ({sale["stage"]: shipped}, {"hs_payment_status": "paid"}):
        assert play.client.patch(path, json={"properties": properties}).status_code == 204
    assert play.client.patch(path, json={"properties": {"nope": "1"}}).status_code == 400
    history = ask(play, "GET", f"orders/{order}")["history"]
    assert [each["by"] for each in history["hs_pipeline_stage"]][-1] == "CRM_UI"
    [sale] = play.client.get("/state").json["sales"]
    assert (sale["stage_id"], sale["details"]["Payment status"]) == (shipped, "paid")
    assert play.client.delete(path).status_code == 204
    assert play.client.get("/state").json["sales"] == []
    assert play.client.delete(path).status_code == 404


@pytest.mark.parametrize("kind", ["carts", "deals"])
def test_carts_and_deals_are_shown_as_orders_are(play: Any, kind: str) -> None:
    stages = ask(play, "GET", "state")["pipelines"]["deals"]
    own = {"dealname": "A", "pipeline": next(iter(stages)).rpartition("-")[0], "dealstage": next(iter(stages))}
    made = ask(play, "POST", kind, {"properties": {"hs_cart_name": "A"} if kind == "carts" else own})["id"]
    [sale] = play.client.get("/state").json["sales"]
    assert (sale["id"], sale["name"], bool(sale["stages"])) == (made, "A", kind == "deals")


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory, processes: None) -> Iterator[Any]:
    with open_chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def test_a_salesperson_works_on_the_page(play: Any, order: str, driver: Any) -> None:
    """In a real browser: the stage, the tracking number and its address, the payment, the deletion."""

    def find(selector: str) -> Any:
        return driver.find_element("css selector", selector)

    def click(words: str) -> None:
        # In one step: the page draws the orders anew whenever one has changed.
        driver.execute_script(
            "const all = [...document.querySelectorAll('.sale button')];"
            "const found = all.find((one) => one.innerText === arguments[0]);"
            "found.focus(); found.click()",
            words,
        )

    def values() -> dict[str, str]:
        found: dict[str, str] = ask(play, "GET", f"orders/{order}")["properties"]
        return found

    def shown() -> str:
        return str(driver.execute_script("return document.querySelector('#sales').innerText"))

    with running(play.app) as server:
        driver.get(server.url)
        eventually(lambda: all(words in shown() for words in ("Shirts", "500 THB", "2 × 250 = 500", "Open")))
        driver.execute_script("document.querySelector('#contacts details').open = false")
        find(".sale a").click()
        assert find("#contacts details").get_attribute("open")
        driver.execute_script(
            "const select = document.querySelector('.sale select');"
            "select.value = [...select.options].find(({text}) => text === 'Shipped').value;"
            "select.dispatchEvent(new Event('change'))"
        )
        eventually(lambda: "Shipped" in shown().split("Total")[0])
        find(".sale input[placeholder='Tracking number']").send_keys("TH1")
        find(".sale input[placeholder='Tracking URL']").send_keys("https://example.com/TH1")
        # Another write meanwhile does not take away what is being typed.
        ask(play, "PATCH", f"orders/{order}", {"properties": {"hs_order_name": "Two shirts"}})
        driver.execute_async_script("refresh().then(arguments[0])")
        click("Set tracking")
        eventually(lambda: values().get("hs_shipping_tracking_number") == "TH1")
        eventually(lambda: find("#status").text == "Set tracking: done.")
        assert values()["hs_shipping_status_url"] == "https://example.com/TH1"
        eventually(lambda: "Two shirts" in shown())
        click("Set payment status to paid")
        eventually(lambda: "paid" in shown())
        click("Delete")
        eventually(lambda: "No orders yet." in shown())
        assert [each["message"] for each in driver.get_log("browser")] == []


def test_the_page_tells_the_version_that_is_called(play: Any) -> None:
    own = {"Authorization": "Bearer t"}
    assert play.client.get("/state").json["versions"] == []
    requests.get(f"{play.portal}/crm/objects/2026-09/contacts", headers=own, timeout=5)
    requests.get(f"{play.portal}/crm/properties/2026-03/contacts", headers=own, timeout=5)
    requests.get(f"{play.portal}/crm/v3/objects/contacts", headers=own, timeout=5)
    assert play.client.get("/state").json["versions"] == ["2026-09", "v3"]


def test_an_unknown_system_or_fault_is_refused(play: Any) -> None:
    assert play.client.put("/faults/nobody/503").status_code == 404
    assert play.client.put("/faults/hubspot/nope").status_code == 400


def test_a_service_that_is_away_is_named(unused_tcp_port: int) -> None:
    away = f"http://127.0.0.1:{unused_tcp_port}"
    client = page.create_app(away, "s", away, away).test_client()
    answer = client.get("/state")
    assert answer.status_code == 502
    assert away in answer.json["error"]


@pytest.fixture
def unused_tcp_port() -> int:
    with running(Flask("short")) as server:
        return int(server.server_address[1])


def test_the_payload_files_hold_no_real_secret() -> None:
    for file in (Path(page.__file__).parent / "payloads").glob("*.json"):
        assert json.loads(file.read_text(encoding="utf-8"))["secret"] == page.PLACEHOLDER
