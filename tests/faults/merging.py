"""Customers whose contacts a salesperson merges."""

from typing import Any

import pytest

from leadcore.store import keys
from tests.conftest import lead, one_per_shard, same_shard
from tests.faults.conftest import Scene
from workers.rules.customer import Customer, unpack

ANN, BOB, CAT = same_shard("merged", 3)
FAR_ANN, FAR_BOB, *_ = one_per_shard("apart")
OTHERS = "dealdroid_other_customer_ids"
SALES = "sales"
EVERY_WRITE = pytest.mark.parametrize("writes", ["routed", "refused"])
PAIRS = pytest.mark.parametrize(("one", "two"), [(ANN, BOB), (FAR_ANN, FAR_BOB)], ids=["one shard", "two shards"])
BANGKOK = {"street_address": "2/7 Sukhumvit Road", "city": "Bangkok", "state": "Bangkok", "country": "Thailand"}
HOME = {"street_address": "1 Baker Street", "city": "London", "postal_code": "NW1 6XE", "country": "United Kingdom"}


def set_up(scene: Scene, *customers: str, writes: str, **settings: Any) -> None:
    """Each customer has a contact of their own."""
    scene.clear()
    # No moment is spent on reading them; else whoever overtakes would wait for the one that is frozen while it reads.
    scene.line.list_properties()
    scene.line.crm.settings(merged_writes=writes, search_lag=0, **settings)
    scene.sync(*(lead(one, name=f"Name {one}", phone=f"081000000{at}") for at, one in enumerate(customers)))
    assert len(scene.line.crm.contacts()) == len(customers)


def merge(scene: Scene, primary: str, other: str) -> str:
    """Merge the contacts that these customers have now; the id of the new one."""
    ids = [contact_of(scene, one) for one in (primary, other)]
    answer = scene.line.crm.control("POST", "merges", {"primary": ids[0], "other": ids[1]})
    return str(answer["id"])


def contact_of(scene: Scene, customer: str) -> str:
    return customer.removeprefix(SALES) if customer.startswith(SALES) else record(scene, customer).contact_id


def record(scene: Scene, customer: str) -> Customer:
    return unpack(scene.redis.get(keys.customer(keys.digest(scene.redis.get(keys.SECRET), customer))))


def shard_of(scene: Scene, customer: str) -> int:
    return keys.shard_of(customer, scene.config.inbox.shards)


def the_contact(scene: Scene, number: int = 1) -> dict[str, str]:
    """The properties of the newest contact; asserts that there are so many."""
    contacts = scene.line.crm.contacts()
    assert len(contacts) == number, [each["properties"] for each in contacts]
    return dict(contacts[-1]["properties"])


def listed(contact: dict[str, str]) -> set[str]:
    return {one for one in contact.get(OTHERS, "").split("\n") if one}
