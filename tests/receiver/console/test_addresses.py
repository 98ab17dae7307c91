"""No address in an answer is made from what a client, or a proxy in front, said about the host."""

import re
import socket
from base64 import b64encode
from contextlib import closing

import pytest

from receiver.console.views import PATH as CONSOLE
from tests.conftest import Line
from tests.receiver.console.conftest import PASSWORD, ConsoleUser

CREDENTIALS = b64encode(f"leadsync:{PASSWORD}".encode()).decode()
CLAIMED = "claimed-by-the-client.example"
# What a proxy that ends TLS adds, and what a client may add to that or leave out.
CLIENTS = {
    "behind a TLS proxy": f"HTTP/1.1\r\nHost: {CLAIMED}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443",
    "with another host": f"HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-Host: {CLAIMED}",
    "RFC 7239": f"HTTP/1.1\r\nHost: shop.example\r\nForwarded: host={CLAIMED};proto=https",
    "with a port": f"HTTP/1.1\r\nHost: {CLAIMED}:8443",
    "with a host that is none": "HTTP/1.1\r\nHost: claimed-by-the-client.example/path?x=\\",
    "HTTP/1.0 without a host": "HTTP/1.0",
    "HTTP/1.0 with a host": f"HTTP/1.0\r\nHost: {CLAIMED}",
    "with an original URL": f"HTTP/1.1\r\nHost: shop.example\r\nX-Original-URL: https://{CLAIMED}/console",
}

TARGETS = (
    "/healthz", "/healthz/", "/readyz", "/metrics", "/", "/api/v1/intent-handler", "/api/v1/intent-handler/",
    "/console/", "/console/leads", "/console/leads/", "/console/leads/lead-1", "/console/actions",
    "/console/discard?lead=lead-1", "/console/retry", "/console/static/console.css", "/console/static", "/console/x/",
)  # fmt: skip


def ask(line: Line, target: str, client: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    """A raw request, with the console's password: status, headers, body."""
    head = f"{method} {target} {client}\r\nAuthorization: Basic {CREDENTIALS}\r\nConnection: close\r\n"
    with closing(socket.create_connection(("127.0.0.1", int(line.environ["PORT"])), timeout=10)) as connection:
        connection.sendall(f"{head}Content-Length: 0\r\n\r\n".encode())
        with connection.makefile("rb") as stream:
            answer = stream.read().decode("utf-8", "replace")
    first, _, rest = answer.partition("\r\n")
    fields, _, body = rest.partition("\r\n\r\n")
    headers = dict(field.lower().split(": ", 1) if ": " in field else (field, "") for field in fields.split("\r\n"))
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_console_without_its_slash_is_redirected_to_a_path(user: ConsoleUser, client: str, method: str) -> None:
    status, headers, body = ask(user.line, CONSOLE, client, method)
    assert (status, headers["location"]) == (308, "/console/")
    assert CLAIMED not in body
    assert "://" not in body


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/console?lang=th&q=a%20b", "/console/?lang=th&q=a%20b"),
        (f"http://{CLAIMED}/console", "/console/"),
        (f"https://{CLAIMED}:8443/console?x=//evil.example", "/console/?x=//evil.example"),
    ],
)
def test_a_redirect_keeps_the_query_and_nothing_else(user: ConsoleUser, target: str, location: str) -> None:
    assert ask(user.line, target, CLIENTS["behind a TLS proxy"])[1]["location"] == location


@pytest.mark.parametrize("target", ["//evil.example/console", "/\\evil.example/console", "//console", "/console//"])
def test_no_path_leads_to_another_host(user: ConsoleUser, target: str) -> None:
    _, headers, body = ask(user.line, target, CLIENTS["behind a TLS proxy"])
    assert headers.get("location", "/console/") == "/console/"
    assert "evil.example" not in body


def test_no_answer_repeats_the_host_that_was_claimed(user: ConsoleUser) -> None:
    user.park("lead-1")
    for target in TARGETS:
        for client in CLIENTS.values():
            status, headers, body = ask(user.line, target, client)
            assert CLAIMED not in str(headers) + body, (target, client, status)
            assert not headers.get("location", "").startswith(("http", "//")), (target, client)


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_after_an_action_the_browser_is_sent_to_a_path(user: ConsoleUser, client: str) -> None:
    user.park("lead-1")
    form = f"token={user.auth.form_token()}&lead=lead-1"
    head = f"POST /console/retry {client}\r\nAuthorization: Basic {CREDENTIALS}\r\nConnection: close\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", int(user.line.environ["PORT"])), timeout=10)) as connection:
        connection.sendall((head + form).encode())
        with connection.makefile("rb") as stream:
            answer = stream.read().decode()
    assert re.search(r"(?im)^location: /console/leads/lead-1\?", answer)
