"""A line whose Redis was emptied while HubSpot has its customers: what that costs, until they are known again."""

import json
from collections.abc import Callable

from click.testing import CliRunner

from leadcore.store import keys
from leadcore.store.restoring import INTACT, RESTORED
from leadsync.cli import cli
from tests.conftest import PATIENT, Line, eventually, lead, same_shard
from tests.stand_ins import key_of
from workers.rules.customer import pack
from workers.sync.background_restore import find_customers

OLD, NEW = 250, 1000
HOME = {"street_address": "1 Silom Road", "city": "Bangkok", "postal_code": "10500", "country": "Thailand"}


def begin_now(line: Line) -> None:
    """As if the minute after the loss was over."""
    eventually(lambda: line.redis.hexists(keys.RESTORE, "since_ms"))
    line.redis.hset(keys.RESTORE, "since_ms", 0)


def test_after_a_loss_of_redis_a_new_lead_costs_a_hundredth_of_a_call_again(spare_line: Callable[..., Line]) -> None:
    line = spare_line(WEB_CONCURRENCY="1")
    line.crm.settings(search_lag=0)
    old = [f"old-{number}" for number in range(OLD)]
    for one in old:
        line.crm.create(dealdroid_customer_id=one, firstname="Ann", lastname="Lee")
    line.start("worker", "--count", "2")
    line.start("web", **PATIENT)
    line.await_web()
    line.await_workers(2)
    line.sync(lead(old[0], name="Ann Lee", phone="0812345678"))
    assert line.redis.get(keys.STORE) == RESTORED.encode()
    shown = CliRunner().invoke(cli, ["status", "--json"], env=line.environ)
    assert json.loads(shown.stdout)["restoring"] is not None
    begin_now(line)
    meanwhile = [*old[::25], "new-0", "new-1"]
    line.send(*(lead(one, name="Ann Lee", phone="0812345679") for one in meanwhile))
    eventually(lambda: line.redis.get(keys.STORE) == INTACT.encode())
    line.settle()
    new = same_shard("later", NEW)
    before = line.crm.calls("")
    with line.hold():
        line.storm([lead(one, name="Bob Lee", phone="0812345670") for one in new])
    line.settle()
    assert line.crm.calls("") - before <= 0.0105 * NEW
    line.sync(lead(old[1], name="Ann Lee", phone="0812345671"))
    assert line.crm.contact(old[1])["phone"] == "+66812345671"
    assert sorted(map(key_of, line.crm.contacts())) == sorted([*old, "new-0", "new-1", *new])


def test_an_address_is_written_beside_one_from_before_the_loss_as_it_always_was(line: Line) -> None:
    """A postcode is added to a street; another place replaces the whole address: as where the customer is looked up."""
    news = {"postcode": {"postal_code": "81000"}, "move": {"city": "Chiang Mai", "postal_code": "50000"}}
    found: dict[str, dict[str, dict[str, str]]] = {}
    for way in ("looked up", "brought back"):
        line.reset()
        line.crm.settings(search_lag=0)
        for name, address in news.items():
            contact_id = line.crm.create(
                dealdroid_customer_id=name, lastname="Lee", address="1 Silom Road", state="กระบี่"
            )
            contact = {"id": contact_id, "properties": {"dealdroid_customer_id": name}}
            if way == "brought back":
                line.redis.set(keys.SECRET, b"k" * 64, nx=True)
                key = line.redis.get(keys.SECRET)
                [customer] = find_customers([contact]).values()
                line.redis.set(keys.customer(keys.digest(key, name)), pack(customer))
            else:
                line.redis.set(keys.STORE, RESTORED)
            line.sync(lead(name, name="Ann Lee", address=address))
        found[way] = {
            name: {part: line.crm.contact(name).get(part, "") for part in ("address", "city", "state", "zip")}
            for name in news
        }
    assert found["brought back"] == found["looked up"]
    assert found["looked up"]["postcode"]["address"] == "1 Silom Road"
    assert found["looked up"]["postcode"]["zip"] == "81000"


def test_only_an_address_makes_the_workers_read_a_contact_that_was_brought_back(line: Line) -> None:
    contact_id = line.crm.create(dealdroid_customer_id="c", lastname="Lee")
    line.redis.set(keys.SECRET, key := b"k" * 64)
    [customer] = find_customers([{"id": contact_id, "properties": {"dealdroid_customer_id": "c"}}]).values()
    line.redis.set(keys.customer(keys.digest(key, "c")), pack(customer))
    line.sync(lead("c", phone="0812345678"))
    assert line.crm.calls("/batch/read") == 0
    line.sync(lead("c", address=HOME), lead("c", address={**HOME, "postal_code": "10110"}))
    assert line.crm.calls("/batch/read") == 1
