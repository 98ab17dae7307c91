"""Postcodes outside Thailand."""

import pytest

from workers.rules.mapping.postcodes import is_only_zeros, restore_zeros


@pytest.mark.parametrize(
    ("text", "country", "postcode"),
    [
        ("79903", "SG", "079903"),
        ("2134", "US", "02134"),
        ("501", "US", "00501"),
        ("1067", "DE", "01067"),
        ("5400", "MY", "05400"),
        ("800", "AU", "0800"),
        ("600000", "JP", "0600000"),
        ("079903", "SG", "079903"),
        ("90210", "US", "90210"),
        ("12", "US", "12"),
        ("79903", "VN", "79903"),
        ("NW1", "GB", "NW1"),
        ("79903", "", "79903"),
    ],
)
def test_a_postcode_gets_the_zeros_back_that_a_number_does_not_keep(text: str, country: str, postcode: str) -> None:
    assert restore_zeros(text, country) == postcode


@pytest.mark.parametrize(
    ("text", "nothing"),
    [("0", True), ("00000", True), ("000000", True), ("000-0000", True), ("10110", False), ("00501", False)],
)
def test_a_postcode_of_zeros_is_only_zeros(text: str, nothing: bool) -> None:
    assert is_only_zeros(text) is nothing
