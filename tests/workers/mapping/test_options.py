"""Dropdown values find their option."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.mapping.options import Option, match, match_any

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
    assert match(text, COUNTRIES) == expected


def test_a_value_comes_before_another_options_label() -> None:
    assert match("b", (Option("a", "B"), Option("b", "A"))) == "b"


def test_the_first_candidate_that_matches_wins() -> None:
    assert match_any(("ไทย", "United Kingdom", "TH"), COUNTRIES) == "united_kingdom"


def test_no_candidate_no_option() -> None:
    assert match_any(("ไทย", "Siam"), COUNTRIES) is None
    assert match_any((), COUNTRIES) is None
    assert match_any(("TH",), ()) is None


def test_an_option_with_an_empty_value_can_still_be_matched_by_label() -> None:
    assert match_any(("none of these", "TH"), COUNTRIES) == ""


@given(st.text(), st.lists(st.builds(Option, st.text(), st.text())))
def test_answers_with_a_value_of_an_option_or_none(text: str, options: list[Option]) -> None:
    assert match(text, options) in {None, *(option.value for option in options)}
