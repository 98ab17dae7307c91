"""What a loss of Redis excuses, and nothing beside it."""

import pytest

from bench.chaos.expected import Merge
from bench.chaos.found import Contact
from bench.simulation.losses import Loss, find_known, find_unsaid

LOSS = Loss(100.0, {"a", "b", "c"})
MERGE = Merge(98.0, "a", "b")
LISTED = {"dealdroid_other_customer_ids": [(99.0, "b")]}
WRITTEN = {"phone": [(104.0, "+66810000001")]}


def contact(customer: str, born: float, **history: list[tuple[float, str]]) -> Contact:
    return Contact(
        customer, {"dealdroid_customer_id": customer}, {"dealdroid_customer_id": [(born, customer)], **history}
    )


def test_only_merged_customers_whose_message_waited_may_stay_untold() -> None:
    assert find_unsaid(LOSS, ["x"], [MERGE, Merge(98.0, "d", "e")]) == {"a", "b"}
    assert find_unsaid(LOSS, ["b"], [MERGE]) == {"a"}
    assert find_unsaid(Loss(), [], [MERGE]) == set()


def test_a_merge_that_nothing_could_tell_of_is_excused() -> None:
    assert find_known(LOSS, [MERGE], [contact("a", 90.0, **WRITTEN), contact("b", 103.0)], 3.0) == []


@pytest.mark.parametrize(
    ("at", "history", "born"),
    [
        (96.0, {}, 103.0),
        (101.0, {}, 103.0),
        (98.0, LISTED, 103.0),
        (98.0, WRITTEN, 105.0),
        (98.0, {}, 99.0),
        (98.0, {}, 161.0),
    ],
    ids=[
        "search shows it",
        "after the loss",
        "spoke since",
        "primary spoke first",
        "before the loss",
        "a minute later",
    ],
)
def test_no_other_merge_is(at: float, history: dict[str, list[tuple[float, str]]], born: float) -> None:
    merge = Merge(at, "a", "b")
    assert find_known(LOSS, [merge], [contact("a", 90.0, **history), contact("b", born)], 3.0) == [merge]


def test_without_a_loss_every_merge_counts() -> None:
    assert find_known(Loss(), [MERGE], [contact("a", 90.0), contact("b", 103.0)], 3.0) == [MERGE]
