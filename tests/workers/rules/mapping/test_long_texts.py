"""Texts of the greatest length that repeat what a pattern looks for are read as fast as any other."""

import time

import pytest

from leadcore.text import MAX_TEXT
from tests.workers.rules.mapping.payloads import read

# Of processor time, on a slow machine; what grows with the square of the length takes several times as long.
MOST_SECONDS = 0.4


@pytest.fixture(scope="module", autouse=True)
def _load_tables() -> None:
    read_field("address_parsing", "street_address", "9 ต.สีลม อ.บางรัก 10500")
    read_field("address_parsing", "country", "Nowhereland, x")


def read_field(part: str, name: str, text: str) -> None:
    read({"mid": "m", "customer_id": "c", "intent": "Purchase", part: {name: text}})


@pytest.mark.parametrize(
    "unit", ["| ", ", ", "/ ", "C. ", " จ.", "จ.ก ", "A.B ", "C.a ", "เขต", "ครับ", "และ ", '"', "a, ", "[a_b]"]
)
@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("contact_info", "name"),
        ("contact_info", "phone"),
        ("contact_info", "address"),
        ("address_parsing", "street_address"),
        ("address_parsing", "district"),
        ("address_parsing", "state"),
        ("address_parsing", "country"),
    ],
)
def test_no_text_takes_time_by_the_square_of_its_length(part: str, name: str, unit: str) -> None:
    for begin, end in (("", ""), ("99/1 ถ.สีลม 0812345678 ", " x"), ("(", "กทม 10110")):
        text = begin + (unit * MAX_TEXT)[: MAX_TEXT - len(begin) - len(end)] + end
        start = time.process_time()
        read_field(part, name, text)
        assert time.process_time() - start < MOST_SECONDS
