"""The sandbox's servers answer programs and their own pages, and no other page in the developer's browser."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask

from sandbox import dealdroid, hubspot, page, stripe
from sandbox.http_server import Server, running
from tests.chromium import open_chromium

CONTACT = {"properties": {"firstname": "Ann", "email": "ann@example.com"}}
CONTACTS, AS_APP = "/crm/v3/objects/contacts", {"Authorization": "Bearer sandbox"}


@pytest.fixture(scope="module")
def portal() -> Iterator[Server]:
    with running(hubspot.create_app(hubspot.Portal())) as server:
        yield server


@pytest.fixture(scope="module")
def servers(portal: Server) -> Iterator[dict[str, Server]]:
    with (
        running(dealdroid.create_app(dealdroid.Chats())) as bot,
        running(stripe.create_app(stripe.Account())) as bank,
        running(page.create_app(portal.url, "s", portal.url, bot.url)) as shown,
    ):
        yield {"hubspot": portal, "dealdroid": bot, "stripe": bank, "page": shown}


def ask(server: Server, method: str, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    with_host = {"Host": f"127.0.0.1:{server.server_address[1]}"} | {
        name.replace("_", "-"): value.format(port=server.server_address[1]) for name, value in headers.items()
    }
    try:
        connection.request(method, path, headers=with_host)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost:{port}"},
        {"Host": "[::1]:{port}"},
        {"Host": "192.0.2.7:{port}"},
        {"Origin": "http://127.0.0.1:{port}"},
        {"Host": "localhost:{port}", "Origin": "http://localhost:{port}"},
        {"Origin": "http://127.0.0.1:{port}", "Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "same-origin"},
    ],
)
@pytest.mark.parametrize("name", ["hubspot", "dealdroid", "page"])
def test_programs_and_the_servers_own_page_are_answered(
    servers: dict[str, Server], name: str, headers: dict[str, str]
) -> None:
    path = "/reset" if name == "page" else "/_sandbox/reset"
    assert ask(servers[name], "POST", path, **headers) in (200, 204)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://localhost:{port}"},
        {"Origin": "http://127.0.0.1.evil.example:{port}"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", ["hubspot", "dealdroid", "stripe", "page"])
def test_another_sites_page_changes_nothing(
    servers: dict[str, Server], name: str, method: str, headers: dict[str, str]
) -> None:
    assert ask(servers[name], method, "/reset", **headers) == 403


@pytest.mark.parametrize(
    "host", ["evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "[::1", "0.0.0.0:{port}"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ["hubspot", "dealdroid", "stripe", "page"])
def test_a_name_that_is_not_this_machines_reads_nothing_either(
    servers: dict[str, Server], name: str, method: str, host: str
) -> None:
    assert ask(servers[name], method, "/", Host=host) == 403


def test_a_link_from_another_site_opens_the_page(servers: dict[str, Server]) -> None:
    assert ask(servers["page"], "GET", "/", Sec_Fetch_Site="cross-site") == 200


@pytest.mark.processes
def test_a_page_in_the_browser_does_not_empty_its_readers_sandbox(portal: Server, tmp_path: Path) -> None:
    evil = Flask("evil")

    @evil.get("/")
    def shown() -> str:
        return "<!doctype html><title>Kittens</title>"

    url = f"{portal.url}{CONTACTS}"
    written = requests.post(url, json=CONTACT, headers=AS_APP, timeout=5)
    with running(evil) as site, open_chromium(tmp_path) as driver:
        driver.get(site.url)
        driver.execute_async_script(
            "fetch(arguments[0], {method: 'POST', mode: 'no-cors', body: '{}'}).finally(arguments[1])",
            f"{portal.url}/_sandbox/reset",
        )
    kept = requests.get(f"{url}/{written.json()['id']}", headers=AS_APP, timeout=5)
    assert (written.status_code, kept.status_code) == (201, 200)
