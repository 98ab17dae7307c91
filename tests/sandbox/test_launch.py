import json
import shlex
import subprocess
from pathlib import Path

import pytest

from leadcore.config import load
from leadcore.settings import read_promptpay_id
from sandbox import launch
from sandbox.launch import (
    EXAMPLE,
    INTENT_PATH,
    NOBODY,
    PORTS,
    choose_ports,
    describe,
    extend,
    list_parts,
    refuse,
    tell,
    wish_ports,
    write_curl,
)

HOME = Path("data")
OWN = {"DEALDROID_SECRET": "made-up", "CONSOLE_PASSWORD": "made-up-too", "REDIS_URL": "redis://127.0.0.1:6399/0"}
FULL = {
    "REDIS_URL": "rediss://user:hunter2@redis.example:6380/0",
    "HUBSPOT_ACCESS_TOKEN": "pat-eu1-hunter2",
    "DEALDROID_WEBHOOK_URL": "https://dealdroid.example/hunter2",
    "DEALDROID_SECRET": "hunter2",
    "CONSOLE_PASSWORD": "hunter2",
}


def names(environ: dict[str, str]) -> list[str]:
    return [part.name for part in list_parts(environ, PORTS, "s", HOME)]


@pytest.mark.parametrize(
    ("environ", "parts"),
    [
        ({}, ["hubspot", "dealdroid", "setup", "web", "worker", "page"]),
        ({"HUBSPOT_ACCESS_TOKEN": ""}, ["hubspot", "dealdroid", "setup", "web", "worker", "page"]),
        ({"HUBSPOT_ACCESS_TOKEN": "pat"}, ["dealdroid", "setup", "web", "worker"]),
        ({"DEALDROID_WEBHOOK_URL": "https://x"}, ["hubspot", "setup", "web", "worker"]),
        (FULL, ["setup", "web", "worker"]),
    ],
)
def test_a_stand_in_runs_only_for_what_the_environment_does_not_name(environ: dict[str, str], parts: list[str]) -> None:
    assert names(environ) == parts


def test_each_part_is_a_command_that_exists_and_a_sign_that_it_works() -> None:
    parts = {part.name: part for part in list_parts({}, PORTS, "-begins-with-a-dash", HOME, "redis://r")}
    assert {name: (shlex.join(part.argv), part.ready) for name, part in parts.items()} == {
        "hubspot": ("-m sandbox.hubspot --port 8002 --state=data/hubspot.json", "http://127.0.0.1:8002/"),
        "dealdroid": ("-m sandbox.dealdroid --port 8003 --state=data/dealdroid.json", "http://127.0.0.1:8003/"),
        "setup": ("-m leadsync setup", ""),
        "web": ("-m leadsync web", "http://127.0.0.1:8000/healthz"),
        "worker": ("-m leadsync worker --count 2", "http://127.0.0.1:8000/readyz"),
        "page": (
            "-m sandbox.page --port 8001 --receiver http://127.0.0.1:8000 --hubspot http://127.0.0.1:8002 "
            "--dealdroid http://127.0.0.1:8003 --secret=-begins-with-a-dash --redis=redis://r",
            "http://127.0.0.1:8001/",
        ),
    }


def test_on_a_bare_machine_every_part_is_led_to_the_stand_ins() -> None:
    environ = extend({"HOME": "/root", "HUBSPOT_BASE_URL": "https://api.hubapi.com"}, PORTS, OWN)
    assert (
        environ.items()
        >= {
            **OWN,
            "HOME": "/root",
            "HUBSPOT_ACCESS_TOKEN": "sandbox",
            "HUBSPOT_BASE_URL": "http://127.0.0.1:8002",
            "DEALDROID_WEBHOOK_URL": "http://127.0.0.1:8003/api/provider/webhook/",
            "PORT": "8000",
            "NO_PROXY": "127.0.0.1",
        }.items()
    )


def test_what_the_user_has_set_stays_as_it_is() -> None:
    environ = extend({**FULL, "no_proxy": "intranet"}, PORTS, OWN)
    assert environ.items() >= FULL.items()
    assert "HUBSPOT_BASE_URL" not in environ
    assert environ["no_proxy"] == "intranet,127.0.0.1"


def test_another_terminal_is_told_what_was_made_and_only_the_names_of_what_the_user_has_set() -> None:
    own = {**OWN, "LEADSYNC_KEY": "k", "SPOOL_DIR": "/spool"}
    made, given = tell({}, extend({}, PORTS, own))
    assert made.items() >= {"HUBSPOT_ACCESS_TOKEN": "sandbox", "REDIS_URL": OWN["REDIS_URL"], "PORT": "8000"}.items()
    assert ("CONSOLE_PASSWORD" in made, given) == (False, {})
    made, given = tell(FULL, extend(FULL, PORTS, own))
    assert "hunter2" not in json.dumps(made)
    assert given == {name: value for name, value in FULL.items() if name != "CONSOLE_PASSWORD"}


def test_another_terminal_is_told_what_is_no_secret_also_where_the_user_has_set_it() -> None:
    environ = FULL | {"PORT": "9000", "HOST": "::1", "LEADSYNC_CONFIG": "shop.toml", "DRY_RUN": "1"}
    environ |= {"LEADSYNC_TIMEZONE": "Asia/Tokyo", "HUBSPOT_API_VERSION": "v3", "SPOOL_DIR": "spool"}
    made, _ = tell(environ, extend(environ, PORTS | {"receiver": 9000}, OWN))
    assert made == {name: value for name, value in environ.items() if name not in FULL}


@pytest.mark.parametrize("platform", ["DYNO", "RENDER", "RAILWAY_ENVIRONMENT", "RAILWAY_SOMETHING_NEW"])
@pytest.mark.parametrize("missing", ["REDIS_URL", "HUBSPOT_ACCESS_TOKEN", "DEALDROID_WEBHOOK_URL"])
def test_a_hosting_platform_gets_no_stand_in(platform: str, missing: str) -> None:
    reason = refuse({**FULL, platform: "web.1", missing: ""})
    assert platform in reason
    assert missing in reason


@pytest.mark.parametrize("environ", [{}, {**FULL, "DYNO": "web.1"}, FULL])
def test_nothing_else_is_refused(environ: dict[str, str]) -> None:
    assert refuse(environ) == ""


@pytest.mark.parametrize(
    ("environ", "taken", "expected"),
    [
        ({}, set(), PORTS),
        ({"PORT": "9000"}, set(), {**PORTS, "receiver": 9000}),
        ({"PORT": "none"}, set(), PORTS),
        ({"PORT": "0"}, set(), {**PORTS, "receiver": 50000}),
        ({}, {8000, 6399}, {**PORTS, "receiver": 50000, "redis": 50002}),
        ({"PORT": "8002"}, set(), {**PORTS, "receiver": 8002, "hubspot": 50000}),
    ],
)
def test_a_port_that_is_taken_is_replaced_by_a_free_one(
    environ: dict[str, str], taken: set[int], expected: dict[str, int]
) -> None:
    found = iter([50000, 8001, 50002])
    assert choose_ports(wish_ports(environ), lambda port: port not in taken, lambda: next(found)) == expected


def test_a_moved_port_is_said_and_others_are_not() -> None:
    text = describe({}, {**PORTS, "receiver": 50000}, OWN, "here", HOME)
    assert "Port 8000 is taken: receiver is on 50000." in text
    assert text.count("is taken") == 1
    assert f"http://127.0.0.1:50000{INTENT_PATH}" in text


def test_any_port_is_no_taken_one() -> None:
    assert "is taken" not in describe({"PORT": "0"}, {**PORTS, "receiver": 50000}, OWN, "here", HOME)


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - what a user may ask for
        ("::", "http://127.0.0.1:8000"),
        ("[::1]", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
        ("192.168.1.7", "http://192.168.1.7:8000"),
    ],
)
def test_the_receivers_address_is_the_one_that_it_listens_on(host: str, place: str) -> None:
    environ = {"HOST": host}
    text = describe(environ, PORTS, OWN, "here", HOME)
    assert f"Receiver      {place}{INTENT_PATH}" in text
    assert f"{place}/console/" in text
    assert f"curl {place}{INTENT_PATH}" in text
    parts = {part.name: part for part in list_parts(environ, PORTS, "s", HOME)}
    assert parts["web"].ready == f"{place}/healthz"
    assert parts["worker"].ready == f"{place}/readyz"
    assert place in parts["page"].argv


def test_the_consoles_address_user_and_password_are_said() -> None:
    assert "http://127.0.0.1:8000/console/  (user leadsync, password made-up-too)" in describe(
        {}, PORTS, OWN, "here", HOME
    )


@pytest.mark.parametrize(("environ", "secret"), [({}, "made-up"), ({"DEALDROID_SECRET": "a, b"}, "a, b")])
def test_a_shell_makes_the_curl_command_post_the_example_with_the_right_secret(
    environ: dict[str, str], secret: str
) -> None:
    script = "curl() { printf '%s\\n' \"$@\"; }\n" + write_curl(environ, PORTS, OWN)
    posted = subprocess.run(["/bin/sh", "-c", script], env=environ, capture_output=True, text=True, check=True).stdout
    target, option, header, data, body = posted.splitlines()
    assert target == f"http://127.0.0.1:8000{INTENT_PATH}"
    assert (option, header, data) == ("-H", "Content-Type: application/json", "-d")
    assert json.loads(body) == {**EXAMPLE, "secret": secret}


def test_no_secret_of_the_users_is_shown() -> None:
    text = describe(FULL, PORTS, OWN, "", HOME)
    assert "hunter2" not in text
    assert "redis.example" in text
    assert "your portal" in text


def test_nobody_gets_the_money_of_the_codes_that_a_trial_shows() -> None:
    assert read_promptpay_id(NOBODY) == "0" * 15


def test_the_shop_that_is_tried_answers_purchases_with_a_payment_link() -> None:
    config = load(str(Path(launch.__file__).with_name("leadsync.toml")))
    assert config.payment
    assert config.payment.provider == "promptpay"
    for text in config.intent("Purchase").reply_texts:
        assert "{{ pay_url }}" in text


def test_payment_links_lead_to_this_machines_receiver_unless_something_is_real() -> None:
    assert extend({}, PORTS, OWN)["PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert extend({"PUBLIC_URL": "https://a.example"}, PORTS, OWN)["PUBLIC_URL"] == "https://a.example"
    assert "PUBLIC_URL" not in extend({"DEALDROID_WEBHOOK_URL": "https://x"}, PORTS, OWN)
