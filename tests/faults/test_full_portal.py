"""A portal at its limit of records: the line pauses and says so, and no lead is parked or lost."""

from typing import Any

import pytest

from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene
from tests.faults.interception import intercepting_worker

NAME = "Nok Jaidee"
FIRST, SECOND, THIRD = same_shard("room", 3)


@pytest.mark.parametrize("status", [400, 402, 403])
@pytest.mark.parametrize("room", [0, 1])
def test_a_full_portal_pauses_the_line_until_there_is_room(scene: Scene, status: int, room: int) -> None:
    scene.line.crm.settings(max_records=room, limit_status=status)
    scene.accept(*(lead(one, name=NAME) for one in (FIRST, SECOND, THIRD)))
    scene.steady.work()
    assert len(scene.contacts()) == room
    pause = scene.status().pause
    assert pause["code"] == "no_room"
    assert "no room for new contacts" in pause["reason"]
    assert all(receipt.tries == 0 for receipt in scene.line.receipts())
    scene.line.crm.settings(max_records=None)
    scene.recover(30)
    assert set(scene.contacts()) == {FIRST, SECOND, THIRD}
    scene.assert_done()


def test_a_limit_that_one_known_contact_meets_stops_nobody_else(scene: Scene) -> None:
    """It makes no new contact, so it is not the portal that is full."""
    scene.sync(lead(FIRST, name=NAME, email="nok@siam-shop.co.th"), lead(SECOND, name=NAME))

    def refuse(body: dict[str, Any]) -> str:
        taken = any("email" in row["properties"] for row in body["inputs"])
        return "The maximum number of additional emails of this contact is reached." if taken else ""

    with intercepting_worker(scene, refuse, "/batch/update") as worker:
        scene.accept(lead(FIRST, email="other@siam-shop.co.th"), lead(SECOND, phone="0831111111"))
        worker.work()
    assert scene.status().pause == {}
    assert scene.contacts()[SECOND]["phone"] == "+66831111111"
    assert "other@siam-shop.co.th" in scene.contacts()[FIRST]["dealdroid_unsaved"]
    scene.assert_done()
