"""`leadsync doctor --send-test`, over the whole line."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from leadcore import trial_lead
from leadcore.store import keys
from leadcore.store.posts import LAST
from leadsync.cli import cli
from leadsync.doctor.trial import SUBJECT, send_test
from tests.conftest import PATIENT, Line, open_line, own_port


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    with open_line(tmp_path_factory.mktemp("trial"), next(databases), WEB_CONCURRENCY="1") as line:
        line.start("worker", "--count", "1")
        line.start("web", **PATIENT)
        line.await_web()
        line.await_workers(1)
        yield line


def call(line: Line, *words: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(cli, ["doctor", "--json", *words], env=line.environ)
    return [one for one in json.loads(done.stdout) if one["subject"] == SUBJECT]


def test_a_test_lead_is_followed_into_hubspot_gets_no_message_and_leaves_one_contact(shop: Line) -> None:
    shop.reset()
    for _ in range(2):
        [found] = call(shop, "--send-test")
        assert found["state"] == "fine", found
        assert "It is in HubSpot (LeadSync Test, contact " in found["text"]
    [contact] = shop.crm.contacts()
    assert contact["properties"]["dealdroid_customer_id"] == trial_lead.CUSTOMER
    assert shop.receipt(trial_lead.CUSTOMER).message.startswith("silent:")
    assert shop.chat.told() == []
    assert shop.redis.zscore(keys.LAST_POST, LAST) is None, "a test is no post of DealDroid's"


def test_without_the_option_nothing_is_sent(shop: Line) -> None:
    shop.reset()
    assert call(shop) == []
    assert not shop.redis.exists(keys.TEST_LEADS)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"DEALDROID_SECRET": "another-secret-than-the-receiver-has"}, "refuses this secret"),
        ({"PUBLIC_URL": f"http://127.0.0.1:{own_port()}"}, "does not answer at http://127.0.0.1:"),
        ({"PUBLIC_URL": "nonsense"}, "PUBLIC_URL"),
    ],
)
def test_what_keeps_a_test_lead_from_the_receiver_is_named(shop: Line, environ: dict[str, str], words: str) -> None:
    found = send_test({**shop.environ, **environ})
    assert found.state == "wrong"
    assert words in found.text
    assert shop.environ["DEALDROID_SECRET"] not in found.text + found.fix


def test_a_public_url_that_leads_elsewhere_is_named(shop: Line) -> None:
    found = send_test({**shop.environ, "PUBLIC_URL": f"{shop.url}/elsewhere"})
    assert (found.state, "answers 404 instead of 200" in found.text) == ("wrong", True)


def test_a_test_lead_that_hubspot_refuses_is_named_with_its_reason(shop: Line) -> None:
    shop.reset()
    shop.crm.fault("row_refused", rows=100)
    found = send_test(shop.environ)
    shop.crm.control("DELETE", "faults")
    assert (found.state, "It was not written: " in found.text) == ("wrong", True)


def test_a_test_lead_that_waits_is_said_to_wait(shop: Line) -> None:
    shop.reset()
    shop.crm.fault("401", count=1000)
    found = send_test(shop.environ, longest_seconds=1.0)
    shop.crm.control("DELETE", "faults")
    assert (found.state, "still waits" in found.text) == ("wrong", True)
