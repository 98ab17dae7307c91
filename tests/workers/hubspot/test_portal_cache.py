from typing import Any

import pytest

from leadcore.machine import Machine
from workers.flow.errors import LineDown
from workers.hubspot.portal_cache import FRESH_SECONDS, PortalCache

KEY = {"name": "dealdroid_customer_id", "type": "string", "hasUniqueValue": True}
TARGETS: dict[str, Any] = {"phone": "shop_phone", "company": False}


class Reader:
    """Stands in for HubSpot: answers, or raises, what it was given."""

    def __init__(self, answer: list[dict[str, Any]] | LineDown) -> None:
        self.answer, self.asked = answer, 0
        self.machine = Machine()

    def properties(self) -> list[dict[str, Any]]:
        self.asked += 1
        if isinstance(self.answer, LineDown):
            raise self.answer
        return self.answer


def portal_cache(reader: Reader) -> PortalCache:
    return PortalCache(reader, TARGETS)  # type: ignore[arg-type]  # it needs little of HubSpot


def test_the_portal_is_read_once_an_hour_and_after_it_was_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, now = Reader([KEY]), [100.0]
    monkeypatch.setattr(reader.machine, "monotonic", lambda: now[0])
    known = portal_cache(reader)
    assert known.current() is known.current()
    assert reader.asked == 1
    now[0] += FRESH_SECONDS + 1
    known.current()
    assert reader.asked == 2
    known.invalidate()
    known.current()
    assert reader.asked == 3


@pytest.mark.parametrize("answer", [LineDown("forbidden", "no scope"), []])
def test_if_properties_cannot_be_read_all_are_taken_to_exist(answer: Any) -> None:
    portal = portal_cache(Reader(answer)).current()
    assert portal.names is None
    assert portal.target("phone") == "shop_phone"


def test_a_hubspot_that_is_away_is_not_a_portal_without_properties() -> None:
    known = portal_cache(Reader(LineDown("unavailable", "away")))
    with pytest.raises(LineDown):
        known.current()


def test_on_refresh_is_called_after_a_read_and_not_for_the_cached_portal() -> None:
    times: list[str] = []
    known = PortalCache(Reader([KEY]), TARGETS, on_refresh=lambda: times.append("now"))  # type: ignore[arg-type]  # as above
    known.current()
    known.current()
    assert times == ["now"]
