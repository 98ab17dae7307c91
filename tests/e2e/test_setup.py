"""`leadsync setup` against portals of every kind."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import redis
import requests
from click.testing import CliRunner, Result

from leadcore.machine import Machine
from leadcore.settings import HUBSPOT_VERSIONS
from leadsync.cli import cli
from sandbox import redis as embedded
from sandbox.http_server import running
from sandbox.hubspot import Portal, Settings, create_app
from sandbox.hubspot.settings import SCOPES
from tests.conftest import SECRET, own_port
from tests.restarts import Restartable
from tests.stand_ins import Crm
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_store import PortalStore
from workers.hubspot.properties import DEFINITIONS

KEY = "dealdroid_customer_id"
CORE = [one.name for one in DEFINITIONS if one.core]
REST = [one.name for one in DEFINITIONS if not one.core]


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


def run_setup(crm: Crm, *options: str, **environ: str) -> Result:
    own = {
        "HUBSPOT_ACCESS_TOKEN": "pat-test",
        "HUBSPOT_BASE_URL": crm.url,
        "REDIS_URL": f"redis://127.0.0.1:{own_port()}/0",
        "DEALDROID_SECRET": SECRET,
    }
    return CliRunner().invoke(cli, ["setup", *options], env={**own, **environ})


def definitions(crm: Crm) -> dict[str, Any]:
    return {name: one for name, one in crm.portal.contacts.properties.items() if name.startswith("dealdroid_")}


def test_a_fresh_portal_gets_the_group_and_every_property(crm: Crm) -> None:
    done = run_setup(crm)
    assert (done.exit_code, done.stderr) == (0, "")
    created = definitions(crm)
    assert sorted(created) == sorted(CORE + REST)
    assert crm.portal.contacts.groups["dealdroid"] == "DealDroid"
    assert {one.group_name for one in created.values()} == {"dealdroid"}
    assert [name for name, one in created.items() if one.has_unique_value] == [KEY]
    options = [option.value for option in created["dealdroid_payment_method"].options]
    assert options == ["bank_transfer", "cash_on_delivery", "credit_card", "other"]


def test_repeating_it_changes_nothing(crm: Crm) -> None:
    run_setup(crm)
    before = definitions(crm)
    done = run_setup(crm, "--json")
    report = json.loads(done.stdout)
    assert (done.exit_code, report["created"], len(report["present"])) == (0, [], len(DEFINITIONS))
    assert definitions(crm) == before


def test_it_creates_what_is_missing(crm: Crm) -> None:
    run_setup(crm)
    with crm.portal.lock:
        del crm.portal.contacts.properties["dealdroid_cart"]
        crm.portal.derive_rules()
    assert json.loads(run_setup(crm, "--json").stdout)["created"] == ["dealdroid_cart"]


def test_an_archived_core_property_is_an_error_that_says_how_to_restore_it(crm: Crm) -> None:
    run_setup(crm)
    archive(crm, KEY, REST[0])
    done = run_setup(crm)
    assert done.exit_code == 1
    assert f"has archived {KEY}. Restore" in done.stderr
    assert "Settings > Properties > Archived" in done.stderr


def test_another_archived_property_is_left_out(crm: Crm) -> None:
    run_setup(crm)
    archive(crm, REST[0])
    report = json.loads(run_setup(crm, "--json").stdout)
    assert (report["created"], report["left_out"], REST[0] in report["present"]) == ([], [REST[0]], False)


def test_a_full_portal_gets_the_core_properties_and_the_output_says_so(crm: Crm) -> None:
    crm.settings(max_properties=len(CORE) + 1)
    done = run_setup(crm)
    assert done.exit_code == 0
    assert sorted(definitions(crm)) == sorted([*CORE, REST[0]])
    assert all(name in done.stdout for name in REST[1:])
    assert "no room" in done.stdout


@pytest.mark.parametrize("room", [0, 3])
def test_a_portal_without_room_for_the_core_properties_is_an_error_in_plain_words(crm: Crm, room: int) -> None:
    crm.settings(max_properties=room)
    done = run_setup(crm)
    assert done.exit_code == 1
    assert CORE[-1] in done.stderr
    assert "no room" in done.stderr
    assert "Traceback" not in done.stderr


def test_ten_unique_properties_leave_no_room_for_the_key(crm: Crm) -> None:
    for number in range(10):
        add_property(crm, f"own_{number}", unique=True)
    done = run_setup(crm)
    assert (done.exit_code, KEY in done.stderr, "10 may be unique" in done.stderr) == (1, True, True)


def test_a_key_that_is_not_unique_is_explained(crm: Crm) -> None:
    add_property(crm, KEY, unique=False)
    done = run_setup(crm)
    assert done.exit_code == 1
    assert KEY in done.stderr
    assert "need not be unique" in done.stderr
    assert "Delete or rename it" in done.stderr
    assert list(definitions(crm)) == [KEY]


@pytest.mark.parametrize("scope", ["crm.schemas.contacts.read", "crm.schemas.contacts.write"])
def test_a_missing_scope_is_named(crm: Crm, scope: str) -> None:
    crm.settings(scopes=[one for one in SCOPES if one != scope])
    done = run_setup(crm)
    assert done.exit_code == 1
    assert f"lacks the scope {scope}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_token_is_named(crm: Crm) -> None:
    crm.settings(tokens=["another"])
    done = run_setup(crm)
    assert done.exit_code == 1
    assert "HUBSPOT_ACCESS_TOKEN" in done.stderr
    assert "pat-test" not in done.stderr + done.stdout


@pytest.mark.parametrize("fault", ["bad token", "away", "no token", "no redis", "scope", "503", "hang up"])
def test_a_release_warns_but_succeeds(crm: Crm, fault: str) -> None:
    """A leaked token can be replaced by a release, a deploy does not depend on HubSpot, and the first one comes before
    the Redis that is being created for it."""
    environ = {}
    if fault == "bad token":
        crm.settings(tokens=["another"])
    elif fault == "away":
        environ = {"HUBSPOT_BASE_URL": f"http://127.0.0.1:{own_port()}"}
    elif fault == "no token":
        environ = {"HUBSPOT_ACCESS_TOKEN": ""}
    elif fault == "no redis":
        environ = {"DYNO": "release.1", "REDIS_URL": ""}
    elif fault == "scope":
        crm.settings(scopes=[])
    else:
        crm.fault("503" if fault == "503" else "reset")
    done = run_setup(crm, "--release", **environ)
    assert done.exit_code == 0
    assert done.stderr.startswith("leadsync: ")
    assert done.stderr.count("leadsync: ") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("secret", "said"), [(SECRET, ""), ("", "DEALDROID_SECRET is not set.")])
def test_a_release_sets_up_a_portal_that_works(secret: str, said: str, crm: Crm) -> None:
    """The first one may come before the secret; web says so, too."""
    done = run_setup(crm, "--release", DEALDROID_SECRET=secret)
    assert done.exit_code == 0
    assert said in done.stderr
    assert bool(done.stderr) == bool(said)
    assert sorted(definitions(crm)) == sorted(CORE + REST)


def test_a_portal_is_set_up_also_while_redis_takes_no_writes(crm: Crm, restartable: Restartable) -> None:
    """As without a Redis: the calls are then not counted with those of the workers."""
    with closing(redis.Redis(port=restartable.port)) as server:
        server.replicaof("127.0.0.1", "1")
    done = run_setup(crm, "--release", REDIS_URL=restartable.running.url)
    assert (done.exit_code, done.stderr, done.exception) == (0, "", None)
    assert sorted(definitions(crm)) == sorted(CORE + REST)


def test_a_portal_starts_with_the_default_settings(crm: Crm) -> None:
    """The other tests rely on it."""
    assert crm.portal.settings == Settings()


def test_workers_that_start_after_setup_see_what_it_created(
    crm: Crm, version: str, client: Any, server: embedded.Running
) -> None:
    store = PortalStore(client, HubSpot("pat-test", crm.url, NoBudget(Machine()), version=version), {}, ())
    store.save(store.now_ms(), [{"name": "email"}])
    assert run_setup(crm, REDIS_URL=server.url).exit_code == 0
    assert store.load() == (0, None)


def archive(crm: Crm, *names: str) -> None:
    for name in names:
        url, headers = f"{crm.url}/crm/v3/properties/contacts/{name}", {"Authorization": "Bearer pat-test"}
        requests.delete(url, headers=headers, timeout=5).raise_for_status()


def add_property(crm: Crm, name: str, *, unique: bool) -> None:
    from sandbox.hubspot.properties import Property

    with crm.portal.lock:
        crm.portal.contacts.add_property(
            Property(name, name, "string", "text", "contactinformation", has_unique_value=unique)
        )
