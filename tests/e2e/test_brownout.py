"""A share of the calls to HubSpot and to DealDroid fails, and several workers go on."""

from tests.conftest import Line, lead, one_per_shard
from tests.stand_ins import key_of


def test_workers_write_and_confirm_every_lead_once_while_half_of_the_calls_fail(line: Line) -> None:
    customers = [f"{one}-{number}" for number in range(40) for one in one_per_shard("brown")]
    line.crm.fault("brownout", probability=0.5, seed=4)
    line.chat.fault("500", probability=0.5, seed=4)
    with line.hold():
        line.send(*(lead(one, name="Nok Jaidee") for one in customers))
    line.settle(120, hasten=True)
    assert sorted(key_of(contact) for contact in line.crm.contacts()) == sorted(customers)
    assert {(one.state, one.tries, one.message) for one in line.receipts()} == {("created", 0, "sent")}
    assert sorted(map(len, map(line.chat.told, customers))) == [1] * len(customers)
