"""`leadsync doctor` in front of the stand-ins, a real Redis and faults of every kind."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from leadcore.machine import Machine
from leadcore.required import Requirement
from leadcore.settings import HUBSPOT_VERSIONS, read
from leadcore.store import keys
from leadcore.store.required import remember_required
from leadsync.cli import cli
from leadsync.doctor.machine import check_alerts, check_messages_token, check_payment, check_payments
from receiver.intake.spool import Spool
from sandbox import redis as embedded
from tests.conftest import Line, open_line
from workers.hubspot.scopes import PURPOSES
from workers.settings import read_worker

LONG = "a-secret-of-thirty-two-characters-or-more"


@pytest.fixture(scope="module")
def open_ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A system that is well: a Redis of its own that appends to disk, and a worker that is said to live."""
    folder = tmp_path_factory.mktemp("ward")
    with (
        embedded.start(folder / "redis", appendonly=True) as started,
        open_line(folder, started.url, DEALDROID_SECRET=LONG) as line,
    ):
        yield line


@pytest.fixture
def ward(open_ward: Line) -> Line:
    open_ward.reset()
    seconds, _ = open_ward.redis.time()
    open_ward.redis.zadd(keys.WORKERS, {"worker": seconds * 1000})
    return open_ward


def call(line: Line, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", *words], env={**line.environ, **environ})


def examine(line: Line, **environ: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Exit code, and by subject what is not fine."""
    done = call(line, "--json", **environ)
    assert done.exit_code in (0, 1), done.output
    found: dict[str, list[dict[str, str]]] = {}
    for one in json.loads(done.stdout):
        if one["state"] != "fine":
            assert one["fix"] or "must be" in one["text"], one
            found.setdefault(one["subject"], []).append(one)
    return done.exit_code, found


def test_a_system_that_is_well_is_fine(ward: Line) -> None:
    assert examine(ward) == (0, {})
    people = call(ward, COLUMNS="200").stdout
    assert "appendfsync everysec" in people
    for subject in (
        "Secret",
        "Redis",
        "HubSpot token",
        "HubSpot quota",
        "Clock of Redis",
        "Clock of HubSpot",
        "Workers",
    ):
        assert subject in people


@pytest.mark.parametrize(
    ("environ", "subject", "state", "words"),
    [
        ({"DEALDROID_SECRET": ""}, "Secret", "wrong", "not set"),
        ({"DEALDROID_SECRET": "", "ALLOW_UNAUTHENTICATED": "1"}, "Secret", "warning", "anybody"),
        ({"DEALDROID_SECRET": f"{LONG},short"}, "Secret", "warning", "one secret"),
        ({"DEALDROID_SECRET": f"{LONG},of-twenty-characters"}, "Secret", "warning", "shorter than 32"),
        ({"MESSAGES_TOKEN": "guessed"}, "Messages token", "warning", "shorter than 16"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "Redis", "wrong", "does not answer"),
        ({"REDIS_URL": "http://x"}, "Configuration", "wrong", "REDIS_URL"),
        ({"LEADSYNC_CONFIG": "/nowhere.toml"}, "Configuration", "wrong", "no such file"),
        ({"HUBSPOT_ACCESS_TOKEN": ""}, "HubSpot and DealDroid", "wrong", "HUBSPOT_ACCESS_TOKEN"),
        ({"HUBSPOT_BASE_URL": "http://127.0.0.1:1"}, "HubSpot", "wrong", "cannot be reached"),
        ({"DEALDROID_WEBHOOK_URL": "http://127.0.0.1:1/"}, "DealDroid", "wrong", "cannot be reached"),
        ({"DEALDROID_WEBHOOK_URL": "https://no-such-host.invalid/"}, "DealDroid", "wrong", "does not resolve"),
        ({"SPOOL_DIR": "/dev/null/spool"}, "Disk", "wrong", "cannot be written"),
        ({"SPOOL_DIR": "", "XDG_STATE_HOME": "/dev/null"}, "Disk", "warning", "state folder cannot be used"),
        ({"DYNO": "run.1"}, "Disk", "warning", "wipes the disk"),
        ({"RENDER": "true", "SPOOL_DIR": ""}, "Disk", "warning", "may wipe"),
        ({"DRY_RUN": "1"}, "DRY_RUN", "warning", "Nothing is written"),
    ],
)
def test_what_the_environment_gets_wrong_is_named(
    ward: Line, tmp_path: Path, environ: dict[str, str], subject: str, state: str, words: str
) -> None:
    code, found = examine(ward, **{"XDG_STATE_HOME": str(tmp_path), **environ})
    [finding] = found[subject]
    assert (finding["state"], words in finding["text"]) == (state, True), finding
    assert code == (state == "wrong")


def test_a_template_that_fails_is_named(ward: Line, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[messages.texts.en]\ndetails_saved = "Hello {{ nobody"\n')
    code, found = examine(ward, LEADSYNC_CONFIG=str(config))
    assert (code, found["Configuration"][0]["state"]) == (1, "wrong")


def test_leads_on_the_disk_are_counted(ward: Line, tmp_path: Path) -> None:
    spool = Spool(tmp_path, Machine())
    spool.put(b"{}", 1)
    spool.close()
    _, found = examine(ward, SPOOL_DIR=str(tmp_path))
    assert "1 lead waits on the disk" in found["Disk"][0]["text"]


def test_a_webhook_that_speaks_no_tls_is_named_and_gets_no_request(ward: Line) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        ward.stack.callback(server.close)
        code, found = examine(ward, DEALDROID_WEBHOOK_URL=url)
        assert (code, found["DealDroid"][0]["state"]) == (1, "wrong")
        with closing(server.accept()[0]) as connection:
            assert b"POST" not in connection.recv(65_536)


def test_the_webhook_gets_no_request(ward: Line) -> None:
    examine(ward)
    state = ward.chat.control("GET", "state")
    assert (state["chats"], state["calls"]) == ({}, {})


@pytest.mark.parametrize("lists_scopes", [True, False], ids=["HubSpot lists them", "each is tried"])
@pytest.mark.parametrize("scope", PURPOSES)
def test_a_missing_scope_is_named_whether_or_not_hubspot_lists_the_scopes(
    ward: Line, scope: str, lists_scopes: bool
) -> None:
    ward.crm.settings(scopes=[one for one in PURPOSES if one != scope])
    if not lists_scopes:
        ward.crm.fault("403", path="/oauth")
    code, found = examine(ward)
    [finding] = found["HubSpot scopes"]
    assert scope in finding["text"]
    assert PURPOSES[scope] in finding["text"]
    assert "Service Keys" in finding["fix"]
    assert code == (scope != "crm.schemas.contacts.write")


def test_trying_the_scopes_changes_nothing(ward: Line) -> None:
    ward.crm.create(email="a@somebody.co.th", firstname="A")
    before = ward.crm.contacts(), dict(ward.crm.portal.contacts.properties)
    ward.crm.fault("403", path="/oauth")
    _, found = examine(ward)
    assert "HubSpot scopes" not in found
    assert (ward.crm.contacts(), dict(ward.crm.portal.contacts.properties)) == before


def test_a_bad_token_is_named_and_never_shown(ward: Line) -> None:
    ward.crm.settings(tokens=["another"])
    done = call(ward)
    assert done.exit_code == 1
    assert "HUBSPOT_ACCESS_TOKEN" in done.stdout
    assert "pat-test" not in done.output
    assert LONG not in done.output


@pytest.mark.parametrize("kind", ["502", "reset", "429_daily", "html", "garbled"])
def test_when_hubspot_fails_doctor_says_so_and_ends(ward: Line, kind: str) -> None:
    ward.crm.fault(kind)
    code, found = examine(ward)
    assert (code, found["HubSpot"][0]["state"]) == (1, "wrong")


def test_a_missing_property_is_named(ward: Line) -> None:
    with ward.crm.portal.lock:
        del ward.crm.portal.contacts.properties["dealdroid_cart"]
        ward.crm.portal.derive_rules()
    code, found = examine(ward)
    [finding] = found["HubSpot properties"]
    assert (code, finding["fix"]) == (1, "Run: leadsync setup")
    assert "dealdroid_cart" in finding["text"]


def test_no_worker_is_wrong_and_a_parked_lead_is_a_warning(ward: Line) -> None:
    ward.redis.zadd(keys.PARKED, {"one": 1})
    assert examine(ward)[0] == 0
    ward.redis.delete(keys.WORKERS)
    code, found = examine(ward)
    assert (code, found["Workers"][0]["fix"]) == (1, "Start one: leadsync worker")
    assert found["Parked"][0]["state"] == "warning"


def test_where_config_is_forbidden_the_rest_is_still_known(ward: Line) -> None:
    ward.redis.acl_setuser("hosted", enabled=True, nopass=True, keys=["*"], categories=["+@all"], commands=["-config"])
    url = ward.environ["REDIS_URL"].replace("redis://", "redis://hosted:any@")
    code, found = examine(ward, REDIS_URL=url)
    assert (code, found["Redis' disk"][0]["state"]) == (0, "warning")
    assert "unknown" in found["Redis' disk"][0]["text"]


def test_a_wrong_password_of_redis_is_named_and_not_shown(ward: Line) -> None:
    ward.redis.acl_setuser("locked", enabled=True, passwords=["+right"], keys=["*"], categories=["+@all"])
    url = ward.environ["REDIS_URL"].replace("redis://", "redis://locked:wrong-one@")
    done = call(ward, "--json", REDIS_URL=url)
    assert "refuses the password" in done.stdout
    assert "wrong-one" not in done.output


@pytest.mark.parametrize(
    ("url", "state", "word"),
    [
        ("", "fine", "not set"),
        ("https://hooks.test/secret-of-it", "fine", "is set"),
        ("http://hooks.test/secret-of-it", "warning", "not https"),
        ("http://127.0.0.1:9000/secret-of-it", "fine", "is set"),
        ("http://localhost/secret-of-it", "fine", "is set"),
        ("http://127.0.0.2/secret-of-it", "fine", "is set"),
        ("http://[::1]/secret-of-it", "fine", "is set"),
        ("http://localhost.test/secret-of-it", "warning", "not https"),
        ("http://127.0.0.1.test/secret-of-it", "warning", "not https"),
    ],
)
def test_it_tells_whether_anybody_is_told_and_not_where(url: str, state: str, word: str) -> None:
    settings = read_worker({"HUBSPOT_ACCESS_TOKEN": "t", "ALERT_WEBHOOK_URL": url})
    [finding] = check_alerts(settings)
    assert (finding.state, word in finding.text) == (state, True)
    assert "secret-of-it" not in str(finding.as_dict())


def test_the_server_that_answers_is_named(ward: Line) -> None:
    binary = embedded.find_server()
    assert binary
    assert f"it is {embedded.identify_file(binary)}." in call(ward, COLUMNS="200").stdout


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
def test_a_portals_rules_and_what_it_was_found_to_require_are_told(ward: Line, version: str) -> None:
    ward.crm.settings(formats={"zip": [{"ruleType": "MAX_LENGTH", "ruleArguments": ["4"]}]})
    remember_required(ward.redis, [Requirement("company", "Company Name", "create")], [])
    _, found = examine(ward, HUBSPOT_API_VERSION=version)
    assert "zip (at most 4 characters)" in found["HubSpot's rules for values"][0]["text"]
    assert "Company Name (company)" in found["Required properties"][0]["fix"]


def test_a_hubspot_that_does_not_tell_its_rules_is_no_fault(ward: Line) -> None:
    ward.crm.fault("404", path="/0-1")
    _, found = examine(ward)
    assert "HubSpot's rules for values" not in found


@pytest.mark.parametrize(
    ("table", "environ", "state", "text"),
    [
        ("", {}, "", ""),
        ("[payment]", {"PROMPTPAY_ID": "0812345678"}, "warning", "PUBLIC_URL is not set"),
        ("[payment]", {"PUBLIC_URL": "https://a.example"}, "wrong", "PROMPTPAY_ID is not set"),
        (
            "[payment]",
            {"PUBLIC_URL": "https://a.example", "PROMPTPAY_ID": "812345678"},
            "wrong",
            "PROMPTPAY_ID must be",
        ),
        ("[payment]", {"PUBLIC_URL": "http://a.example", "PROMPTPAY_ID": "0812345678"}, "wrong", "begins with http://"),
        ("[payment]", {"PUBLIC_URL": "https://a.example", "PROMPTPAY_ID": "0812345678"}, "warning", "names no payee"),
        ("[payment]\npayee = 'Ann'", {"PUBLIC_URL": "https://a.example", "PROMPTPAY_ID": "0812345678"}, "fine", "/pay"),
        ("[payment]\nprovider = 'stripe'", {"PUBLIC_URL": "https://a.example"}, "wrong", "STRIPE_API_KEY"),
    ],
)
def test_payment_links_are_checked_where_they_are_configured(
    tmp_path: Path, table: str, environ: dict[str, str], state: str, text: str
) -> None:
    config = tmp_path / "leadsync.toml"
    config.write_text(table)
    env = {"LEADSYNC_CONFIG": str(config), "LEADSYNC_KEY": "k" * 32, **environ}
    findings = check_payment(read(env), env)
    assert [(one.state, text in one.text) for one in findings] == ([(state, True)] if state else [])


@pytest.mark.parametrize(("tables", "warns"), [("", 0), ("[payment]", 1), ("[payment]\n[orders]", 0)])
def test_payments_without_orders_are_warned_of(tmp_path: Path, tables: str, warns: int) -> None:
    config = tmp_path / "leadsync.toml"
    config.write_text(tables)
    env = {"LEADSYNC_CONFIG": str(config), "LEADSYNC_KEY": "k" * 32}
    assert [one.state for one in check_payments(read(env))] == ["warning"] * warns


def test_the_messages_token_is_spoken_of_only_where_it_is_set() -> None:
    assert check_messages_token({}) == []
    assert [one.state for one in check_messages_token({"MESSAGES_TOKEN": LONG})] == ["fine"]
