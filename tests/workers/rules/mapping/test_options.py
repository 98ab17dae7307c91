"""Dropdown values find their option."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.mapping.options import Option, find, index

COUNTRIES = (Option("TH", "Thailand"), Option("united_kingdom", "United Kingdom"), Option("", "None of these"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TH", "TH"),
        ("th", "TH"),
        (" Thailand ", "TH"),
        ("THAILAND", "TH"),
        ("United kingdom", "united_kingdom"),
        ("Thai", None),
        ("", None),
        ("  ", None),
    ],
)
def test_matches_value_or_label_ignoring_case_and_surrounding_space(text: str, expected: str | None) -> None:
    assert find((text,), index(COUNTRIES)) == expected


def test_a_value_comes_before_another_options_label() -> None:
    assert find(("b",), index((Option("a", "B"), Option("b", "A")))) == "b"


def test_the_first_candidate_that_matches_wins() -> None:
    assert find(("ไทย", "United Kingdom", "TH"), index(COUNTRIES)) == "united_kingdom"


def test_no_candidate_no_option() -> None:
    assert find(("ไทย", "Siam"), index(COUNTRIES)) is None
    assert find((), index(COUNTRIES)) is None
    assert find(("TH",), index(())) is None


def test_an_option_with_an_empty_value_can_still_be_matched_by_label() -> None:
    assert find(("none of these", "TH"), index(COUNTRIES)) == ""


@given(st.text(), st.lists(st.builds(Option, st.text(), st.text())))
def test_answers_with_a_value_of_an_option_or_none(text: str, options: list[Option]) -> None:
    assert find((text,), index(options)) in {None, *(option.value for option in options)}
