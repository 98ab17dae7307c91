"""What is left out of a write where HubSpot refuses a value."""

import pytest

from workers.rules.orders.property_names import LINE_NAMES, NAMES
from workers.rules.orders.salvage import KEPT, KEPT_OF_LINES, find_dropped

ORDER = NAMES["orders"]


@pytest.mark.parametrize("name", sorted(KEPT & ORDER.keys()))
def test_what_an_order_is_never_written_without_is_not_left_out_with_others_either(name: str) -> None:
    assert not find_dropped({*KEPT, "phone"}, {ORDER[name], ORDER["phone"]}, ORDER, KEPT)


@pytest.mark.parametrize("name", sorted(KEPT_OF_LINES))
def test_what_a_line_is_never_written_without_is_not_left_out(name: str) -> None:
    assert not find_dropped({*KEPT_OF_LINES, "name"}, {LINE_NAMES[name]}, LINE_NAMES, KEPT_OF_LINES)


def test_only_what_is_named_is_left_out() -> None:
    assert find_dropped({*KEPT, "phone", "street"}, {ORDER["phone"]}, ORDER, KEPT) == {"phone"}


def test_where_nothing_that_was_sent_is_named_the_name_goes_last_and_then_nothing_helps() -> None:
    sent = frozenset({*KEPT, "phone", "customer", "references", "name"})
    first = find_dropped(sent, {"something_else"}, ORDER, KEPT)
    second = find_dropped(sent - first, (), ORDER, KEPT)
    assert (first, second) == ({"phone"}, {"name"})
    assert not find_dropped(sent - first - second, (), ORDER, KEPT)
