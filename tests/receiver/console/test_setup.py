"""The setup page, over a real Redis."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest

from leadcore import trial_lead
from leadcore.store import keys
from leadcore.store.posts import local_date
from leadcore.store.survey import FRESH_MS, Survey, claim_survey, read_survey, store_survey
from receiver.console.setup import DONE, TODO, UNKNOWN, list_ticks
from receiver.intake.view import PATH
from tests.conftest import BANGKOK, PATIENT, Line, eventually, lead, open_line
from tests.receiver.console.conftest import PASSWORD, ConsoleUser
from tests.receiver.console.test_views import TH, add_worker, text_of

FINE = Survey(1, token="service key")


@pytest.fixture
def newcomer(user: ConsoleUser) -> ConsoleUser:
    """At a console to which DealDroid has never posted."""
    user.redis.flushdb()
    return user


@pytest.fixture(scope="module")
def public_line(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    environ = {"CONSOLE_PASSWORD": PASSWORD, "PUBLIC_URL": "https://leads.example.com/", "WEB_CONCURRENCY": "1"}
    with open_line(tmp_path_factory.mktemp("public"), next(databases), **environ) as line:
        line.start("web", **PATIENT)
        line.await_web()
        yield line


def ticks_of(page: str) -> dict[str, str]:
    """The name of each tick -> its state."""
    return dict(re.findall(r'id="tick-(\w+)" class="(\w+)"', page))


def survey(user: ConsoleUser, found: Survey) -> None:
    store_survey(user.redis, replace(found, at_ms=int(time.time() * 1000)))


def test_the_page_stands_in_place_of_the_overview_until_the_first_post(newcomer: ConsoleUser) -> None:
    page = newcomer.read()
    assert "Paste this URL into DealDroid" in page
    assert "Last post from DealDroid: never" in text_of(page)
    assert "นำ URL นี้ไปใส่ใน DealDroid" in newcomer.read(**TH)
    for text in (text_of(page), text_of(newcomer.read(**TH))):
        assert '"Allow bot to send messages from provider URL"' in text, "without it customers get no message"
    assert newcomer.line.post(lead("c-1")).status_code == 200
    eventually(lambda: 'id="figures"' in newcomer.read())
    assert 'href="/console/setup"' in newcomer.read()
    assert ticks_of(newcomer.read("setup"))["post"] == DONE
    # The process that took it notes it within a second, else in the next test's Redis.
    eventually(lambda: newcomer.redis.exists(keys.LAST_POST))


def test_what_only_the_overview_says_is_never_hidden(newcomer: ConsoleUser) -> None:
    newcomer.park("lead-1")
    assert 'id="causes"' in newcomer.read()


@pytest.mark.parametrize("headers", [{}, {"Host": "evil.example.com"}, {"X-Forwarded-Host": "evil.example.com"}])
def test_without_a_public_url_only_the_path_is_shown(newcomer: ConsoleUser, headers: dict[str, str]) -> None:
    page = newcomer.read(**headers)
    assert f'<code id="intent-url" class="id">{PATH}</code>' in page
    assert 'id="host"' in page
    assert "evil" not in page


def test_with_a_public_url_the_whole_url_is_shown(public_line: Line) -> None:
    public_line.redis.flushdb()
    user = ConsoleUser(public_line)
    with user.session:
        page = user.read(Host="evil.example.com")
    assert f'<code id="intent-url" class="id">https://leads.example.com{PATH}</code>' in page
    assert 'id="host"' not in page
    assert "evil" not in page


def test_the_state_of_secret_and_worker_is_told(newcomer: ConsoleUser) -> None:
    assert ticks_of(newcomer.read()) == {
        "secret": DONE,
        "worker": TODO,
        "token": UNKNOWN,
        "scopes": UNKNOWN,
        "properties": UNKNOWN,
        "test": TODO,
        "post": TODO,
    }
    assert "A worker finds out once it is alive." in text_of(newcomer.read())
    add_worker(newcomer)
    page = newcomer.read()
    assert ticks_of(page)["worker"] == DONE
    assert "1 worker is alive." in text_of(page)
    assert "A worker is asking HubSpot." in text_of(page)


@pytest.mark.parametrize(
    ("found", "states", "said"),
    [
        (FINE, (DONE, DONE, DONE), "it is a Service Key"),
        (Survey(1, token="legacy private app"), (DONE, DONE, DONE), "it is a legacy private app's"),
        (Survey(1), (DONE, DONE, DONE), "HubSpot does not say which kind"),
        (
            replace(FINE, scopes=["crm.objects.contacts.write"]),
            (DONE, TODO, DONE),
            "Missing: crm.objects.contacts.write.",
        ),
        (replace(FINE, scopes=["crm.schemas.contacts.read"]), (DONE, TODO, UNKNOWN), "Known once no scope is missing."),
        (
            replace(FINE, properties=["dealdroid_intent"]),
            (DONE, DONE, TODO),
            "Missing: dealdroid_intent. Run: leadsync setup",
        ),
        (Survey(1, code="token", reason="token_refused"), (TODO, UNKNOWN, UNKNOWN), "Known once the token works."),
    ],
)
def test_what_a_worker_found_out_is_told(
    newcomer: ConsoleUser, found: Survey, states: tuple[str, ...], said: str
) -> None:
    survey(newcomer, found)
    for headers in ({}, TH):
        ticks = ticks_of(newcomer.read(**headers))
        assert (ticks["token"], ticks["scopes"], ticks["properties"]) == states
    assert said in text_of(newcomer.read())


def test_without_a_secret_that_is_to_be_done() -> None:
    status: Any = type("AStatus", (), {"workers": 1})
    assert [one.state for one in list_ticks(status, FINE, has_secret=False)] == [TODO, DONE, DONE, DONE, DONE]


def test_posts_refused_for_their_secret_are_told(newcomer: ConsoleUser) -> None:
    assert 'id="refused"' not in newcomer.read()
    newcomer.redis.hset(keys.REFUSED, local_date(newcomer.redis.time()[0] * 1000, BANGKOK).isoformat(), 2)
    assert "2 posts refused today: the secret of an intent is not the one set here." in text_of(newcomer.read())
    assert "วันนี้ปฏิเสธ 2 คำขอ" in text_of(newcomer.read(**TH))


def test_a_worker_is_asked_only_where_something_is_not_known_or_not_well(newcomer: ConsoleUser) -> None:
    newcomer.read()
    assert claim_survey(newcomer.redis)
    newcomer.read()
    assert not claim_survey(newcomer.redis), "it was asked twice within seconds"
    newcomer.redis.delete(keys.SURVEY_ASKED)
    survey(newcomer, FINE)
    newcomer.read()
    assert not claim_survey(newcomer.redis)
    store_survey(newcomer.redis, replace(FINE, at_ms=int(time.time() * 1000) - FRESH_MS - 60_000))
    newcomer.read()
    assert claim_survey(newcomer.redis)


def test_a_test_lead_goes_into_the_inbox_and_is_no_post_of_dealdroids(newcomer: ConsoleUser) -> None:
    for _ in range(2):
        answer = newcomer.submit("setup/test")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/console/setup")
    waiting = [row for shard in range(4) for row in newcomer.redis.xrange(keys.entries(keys.INBOX, shard))]
    bodies = [json.loads(fields[b"b"]) for _, fields in waiting]
    assert [(one["customer_id"], one["contact_info"]["name"]) for one in bodies] == [
        (trial_lead.CUSTOMER, trial_lead.NAME)
    ] * 2
    assert "secret" not in bodies[0]
    page = newcomer.read()
    assert "Last post from DealDroid: never" in text_of(page)
    assert "Waiting" in text_of(page)
    [newest, _] = newcomer.redis.zrevrange(keys.TEST_LEADS, 0, -1)
    assert f"/console/leads/{newest.decode()}" in page


def test_a_test_lead_that_is_written_is_ticked_off_and_can_be_opened(newcomer: ConsoleUser) -> None:
    newcomer.submit("setup/test")
    [one] = newcomer.redis.zrange(keys.TEST_LEADS, 0, -1)
    newcomer.redis.hset(keys.PORTAL, mapping={"id": "77", "domain": "app.hubspot.com"})
    newcomer.redis.hset(keys.receipt(one.decode()), mapping={"s": "created", "h": "901"})
    page = newcomer.read()
    assert ticks_of(page)["test"] == DONE
    assert "https://app.hubspot.com/contacts/77/record/0-1/901" in page


def test_a_lead_of_an_older_version_still_says_when_the_last_post_was(newcomer: ConsoleUser) -> None:
    newcomer.add_lead("lead-1", customer_id="c-1", state="created")
    newcomer.submit("setup/test")
    assert 'id="figures"' in newcomer.read()


def test_a_form_that_is_not_the_consoles_sends_no_test_lead(newcomer: ConsoleUser) -> None:
    assert newcomer.submit("setup/test", token="forged").status_code == 403
    assert not newcomer.redis.exists(keys.LEADS)


def test_a_survey_is_stored_whole(newcomer: ConsoleUser) -> None:
    one = Survey(5, "service key", ["a.b"], ["p"], "token", "token_refused")
    assert read_survey(newcomer.redis) is None
    store_survey(newcomer.redis, one)
    assert read_survey(newcomer.redis) == one


def test_a_survey_of_a_newer_version_is_read_without_what_it_has_added(newcomer: ConsoleUser) -> None:
    newcomer.redis.set(keys.SURVEY, json.dumps({**asdict(FINE), "more": 1}))
    assert read_survey(newcomer.redis) == FINE
