from typing import Any

from leadcore.store import keys
from leadcore.store.orders import OrderState, Session, open_session, read_order

REF = "K73FX219"
SESSION = Session(1, 125050, "cs_1")


def test_an_order_of_which_nothing_is_stored_is_what_its_link_says(client: Any) -> None:
    assert read_order(client, REF) == OrderState()


def test_all_of_it_is_read(client: Any) -> None:
    fields = {
        "amount": "99900",
        "currency": "THB",
        "paid": "1",
        "cancelled": "1",
        "called_off": "1",
        "revision": "7",
        "session": "2 99900 cs_2",
    }
    client.hset(keys.order(REF), mapping=fields)
    assert read_order(client, REF) == OrderState(99900, "THB", True, True, True, 7, Session(2, 99900, "cs_2"))
    client.hset(keys.order(REF), mapping={"paid": "0", "cancelled": "", "called_off": "", "session": ""})
    assert read_order(client, REF) == OrderState(99900, "THB", revision=7)


def test_a_session_is_noted_only_at_the_revision_by_which_it_was_decided(client: Any) -> None:
    client.hset(keys.order(REF), mapping={"amount": "125050", "revision": "3"})
    assert not open_session(client, REF, 2, SESSION)
    assert read_order(client, REF).session is None
    assert open_session(client, REF, 3, SESSION)
    assert read_order(client, REF) == OrderState(125050, revision=4, session=SESSION)
    assert not open_session(client, REF, 3, Session(2, 125050, "cs_2"))
    assert client.ttl(keys.order(REF)) == -1


def test_another_reference_of_an_order_leads_to_that_order_and_opens_no_session_of_its_own(client: Any) -> None:
    client.hset(keys.order(REF), mapping={"amount": "125050", "revision": "3"})
    client.hset(keys.order("P2Q9GDKE"), mapping={"main": REF, "lead": "lead-2"})
    found = read_order(client, "P2Q9GDKE")
    assert (found.reference, found.units) == (REF, 125050)
    assert not open_session(client, "P2Q9GDKE", 0, SESSION)


def test_of_an_unknown_order_one_session_is_noted_and_ends_by_itself(client: Any) -> None:
    assert open_session(client, REF, 0, SESSION)
    assert not open_session(client, REF, 0, Session(1, 1, "cs_2"))
    assert read_order(client, REF) == OrderState(revision=1, session=SESSION)
    assert client.ttl(keys.order(REF)) > 40 * 86_400
