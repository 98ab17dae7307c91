"""What is found when all is over."""

import pytest

from bench.chaos.expected import Answer, Post
from bench.chaos.report import Row
from bench.chaos.script import Lead
from bench.simulation.evidence import excuse_silence

ROWS = [Row("acknowledged", "0 of 1", True), Row("messages", "0", True), Row("lost", "1", True)]


@pytest.mark.parametrize(
    ("answer", "broken"), [("refused", ["lost"]), ("unanswered", ["acknowledged", "messages", "lost"])]
)
def test_a_storm_in_which_nobody_listened_has_nothing_to_acknowledge_or_to_tell(
    answer: Answer, broken: list[str]
) -> None:
    posts = [Post(Lead(1, 0.0, "a", {}, "", {}), answer, 1.0, 1.0)]
    assert [row.name for row in excuse_silence(ROWS, posts) if row.broken] == broken
