"""Orders and the day's calls of HubSpot."""

from leadcore.store import keys
from tests.workers.orders.conftest import NOW, OrderLine
from tests.workers.rules.orders.events import product
from workers.hubspot.budget import Budget
from workers.rules.pacer import DAY_SECONDS, Day


def test_orders_leave_contacts_their_part_of_the_days_calls(line: OrderLine) -> None:
    budget = line.hubspot.budget
    assert isinstance(budget, Budget)
    line.know("c-1")
    budget.day = Day(250_000, 60_000, DAY_SECONDS, told=True)
    line.redis.hset(keys.DAY, mapping={"ends": NOW + 86_400_000, "calls": 190_000, "limit": 250_000})
    budget.release([budget.reserve()[0]])
    while budget.reserve("partial", yields=True)[0]:
        pass
    line.add(product("A"))
    line.run()
    assert line.left() == 1
    assert budget.reserve("full")[0]
    line.redis.hdel(keys.DAY, "due_after")
    line.run()
    assert line.left() == 0


def test_a_batch_that_needs_no_call_gives_its_part_of_the_days_calls_back(line: OrderLine) -> None:
    line.know("c-1")
    line.add(product("A"))
    line.run()
    before = int(line.redis.hget(keys.DAY, "calls"))
    line.add(product("A"), at=NOW + 1000)
    line.run()
    assert int(line.redis.hget(keys.DAY, "calls")) == before
