"""A portal at its limit of records: the line pauses and says so, and no lead is parked or lost."""

import pytest

from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene

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
