"""Access to the console, and protection against forged forms."""

import json
import re
from collections.abc import Callable

import pytest
import requests
from flask import Flask, request

from leadcore.store import keys
from receiver.console import auth as auth_module
from receiver.console.auth import FORM_SECONDS, ConsoleAuth
from receiver.throttle import ALLOWED, ALLOWED_IN_ALL
from tests.conftest import PATIENT, Line, eventually, lead
from tests.receiver.console.conftest import PASSWORD, ConsoleUser

PATHS = ("", "leads", "leads/any", "actions", "discard", "static/console.css", "no/such/page")


@pytest.mark.parametrize("path", [*PATHS, "retry"])
def test_without_a_configured_password_there_is_no_console(receiver: Line, path: str) -> None:
    unknown = requests.get(receiver.url + "/no-such-page", timeout=5)
    for method in ("GET", "POST"):
        answer = requests.request(method, f"{receiver.url}/console/{path}", auth=("leadsync", ""), timeout=5)
        assert (answer.status_code, answer.text, dict(answer.headers).keys()) == (
            404,
            unknown.text,
            dict(unknown.headers).keys(),
        )


@pytest.mark.parametrize("path", PATHS)
def test_a_request_without_a_password_is_asked_for_it(user: ConsoleUser, path: str) -> None:
    answer = requests.get(f"{user.line.url}/console/{path}", timeout=5)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Basic realm="leadsync"')
    assert "<html" not in answer.text


@pytest.mark.parametrize("path", ["retry", "discard"])
def test_nothing_is_done_without_the_password(user: ConsoleUser, path: str) -> None:
    user.park("lead-1")
    answer = requests.post(
        f"{user.line.url}/console/{path}", {"lead": "lead-1", "token": user.auth.form_token()}, timeout=5
    )
    assert (answer.status_code, user.state("lead-1")) == (401, "parked")


@pytest.mark.parametrize(
    "wrong",
    [
        ("leadsync", "wrong"),
        ("leadsync", ""),
        ("someone", PASSWORD.encode()),
        ("leadsync", PASSWORD.encode()[:-1]),
        ("leadsync", PASSWORD.encode() + b" "),
        ("leadsync", b"\xff\xfe"),
    ],
)
def test_a_wrong_user_or_password_is_refused(user: ConsoleUser, wrong: tuple[str, str]) -> None:
    headers = {"X-Forwarded-For": f"10.1.{len(wrong[1])}.1"}
    assert requests.get(user.line.url + "/console/", auth=wrong, headers=headers, timeout=5).status_code == 401


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic bGVhZHN5bmM=", "Bearer x", "Digest a=b", "\x00"])
def test_no_authorization_header_causes_an_error(user: ConsoleUser, header: str) -> None:
    headers = {"Authorization": header, "X-Forwarded-For": "10.2.0.1"}
    assert requests.get(user.line.url + "/console/", headers=headers, timeout=5).status_code in (400, 401)


def test_only_a_sender_of_many_wrong_passwords_must_wait(user: ConsoleUser) -> None:
    def guess(address: str, password: str) -> requests.Response:
        headers = {"X-Forwarded-For": f"10.0.0.1, {address}"}
        given = ("leadsync", password.encode())
        return requests.get(user.line.url + "/console/", auth=given, headers=headers, timeout=5)  # type: ignore[arg-type]  # bytes go as they are

    answers = [guess("203.0.113.9", f"guess-{number}") for number in range(ALLOWED + 3)]
    assert [answer.status_code for answer in answers] == [401] * (ALLOWED + 1) + [429] * 2
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert guess("203.0.113.9", PASSWORD).status_code == 429, "a guesser would learn that this is the right one"
    assert guess("203.0.113.10", PASSWORD).status_code == 200
    logs = user.line.logs()
    assert logs.count("203.0.113.0/24") == 1
    assert "203.0.113.9" not in logs
    assert "guess-" not in logs


def test_a_spread_attack_must_wait_and_who_was_inside_before_need_not(spare_line: Callable[..., Line]) -> None:
    line = spare_line(CONSOLE_PASSWORD=PASSWORD, TRUSTED_PROXIES="1", WEB_CONCURRENCY="1")
    line.start("web", **PATIENT)
    line.await_web()

    def enter(address: str, password: str) -> requests.Response:
        headers = {"X-Forwarded-For": address}
        given = ("leadsync", password.encode())
        return requests.get(line.url + "/console/", auth=given, headers=headers, timeout=5)  # type: ignore[arg-type]  # bytes go as they are

    assert enter("203.0.113.1", PASSWORD).status_code == 200
    answers = [enter(f"198.51.{number}.1", f"guess-{number}") for number in range(ALLOWED_IN_ALL + 20)]
    assert [answer.status_code for answer in answers] == [401] * (ALLOWED_IN_ALL + 1) + [429] * 19
    assert enter("203.0.113.2", PASSWORD).status_code == 429, "a guesser would learn that this is the right one"
    assert enter("203.0.113.1", PASSWORD).status_code == 200
    assert line.post(lead("c-1")).status_code == 200
    assert line.logs().count("console.many_wrong_passwords") == 1


@pytest.mark.parametrize("path", [*PATHS, "leads?q=x"])
@pytest.mark.parametrize("known", [True, False])
def test_every_answer_has_restrictive_security_headers(user: ConsoleUser, path: str, known: bool) -> None:
    answer = user.get(path) if known else requests.get(f"{user.line.url}/console/{path}", timeout=5)
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {policy[name] for name in ("style-src", "script-src", "form-action", "connect-src")} == {"'self'"}
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    is_static = path.startswith("static") and known
    assert answer.headers["Cache-Control"] == ("no-cache" if is_static else "no-store")


@pytest.mark.parametrize("path", ["", "leads", "leads/lead-1", "actions", "discard?lead=lead-1"])
def test_no_page_has_inline_style_or_script(user: ConsoleUser, path: str) -> None:
    user.park("lead-1")
    text = user.read(path)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?! src=)", text)


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"token": ""}, {}),
        ({"token": "0" * 64}, {}),
        ({"token": "ก"}, {}),
        ({}, {"Origin": "https://evil.example"}),
        ({}, {"Origin": "null"}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Sec-Fetch-Site": "same-site"}),
        ({}, {"Sec-Fetch-Site": "none"}),
    ],
)
@pytest.mark.parametrize("path", ["retry", "discard"])
def test_a_forged_form_does_nothing(
    user: ConsoleUser, path: str, form: dict[str, str], headers: dict[str, str]
) -> None:
    user.park("lead-1")
    answer = user.submit(path, headers, lead="lead-1", **form)
    assert (answer.status_code, user.state("lead-1")) == (403, "parked")
    assert "Nothing was done" in answer.text


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}])
def test_the_consoles_own_form_is_accepted(user: ConsoleUser, headers: dict[str, str]) -> None:
    user.park("lead-1")
    own = {"Origin": user.line.url, **headers}
    assert user.submit("retry", own, lead="lead-1").status_code == 303
    assert user.state("lead-1") == "waiting"


def test_get_requests_change_nothing(user: ConsoleUser) -> None:
    def everything() -> dict[bytes, bytes]:
        """All keys but the counters, to which the web process adds refused requests each second."""
        return {key: user.redis.dump(key) for key in user.redis.keys("*") if key != keys.FIGURES.encode()}

    user.park("lead-1")
    user.add_lead("lead-2", customer_id="c", state="created")
    # The web process gives an empty Redis this name within a second.
    eventually(lambda: user.redis.exists(keys.DATASET))
    before = everything()
    forms = ("retry?lead=lead-1", "discard?lead=lead-1", "?command=discard&lead=lead-1")
    for path in ("", "?lang=th", "leads?q=c", "leads/lead-1", "actions", "discard?code=refused", *forms):
        user.get(path)
    assert everything() == before


def test_a_form_is_valid_for_12_to_24_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100 * FORM_SECONDS + 1.0]
    monkeypatch.setattr(auth_module.time, "time", lambda: now[0])
    auth, other = ConsoleAuth("one", 0), ConsoleAuth("two", 0)

    def is_own(token: str) -> bool:
        with Flask("test").test_request_context(method="POST", data={"token": token}):
            return auth.is_own_form(request)

    token = auth.form_token()
    assert (is_own(token), is_own(other.form_token())) == (True, False)
    now[0] += FORM_SECONDS - 2
    assert auth.form_token() == token, "a refresh would replace every form"
    now[0] += 2
    assert is_own(token)
    now[0] += FORM_SECONDS
    assert not is_own(token)


def test_a_body_that_is_too_large_is_refused(user: ConsoleUser) -> None:
    answer = user.submit("retry", lead="x" * 300_000)
    assert (answer.status_code, json.loads(answer.text)["error"]) == (413, "The body is larger than 256 KiB.")
