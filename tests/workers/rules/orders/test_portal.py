import pytest

from workers.rules.orders.portal import OrderPortal, Stage, find_named

PORTAL = OrderPortal(
    "orders",
    frozenset({"hs_order_name"}),
    frozenset(),
    stages=(Stage("a1", "Open", False), Stage("b2", "a1", False), Stage("c3", " Cancelled ", True)),
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("Open", "a1"), ("open ", "a1"), ("a1", "a1"), ("b2", "b2"), ("CANCELLED", "c3"), ("Shipped", None), ("", None)],
)
def test_a_stage_is_found_by_its_id_else_by_its_label(wanted: str, expected: str | None) -> None:
    found = PORTAL.find_stage(wanted)
    assert (found.id if found else None) == expected


def test_a_blank_label_means_nothing() -> None:
    assert find_named({"1": ("", "x")}, " ") is None


def test_the_portal_says_what_an_order_can_hold() -> None:
    assert [PORTAL.has(name) for name in ("hs_order_name", "hs_total_price")] == [True, False]
