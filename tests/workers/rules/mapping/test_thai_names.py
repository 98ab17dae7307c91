"""All names of a corpus of Thai first and family names, see tests/data/README.md."""

import lzma
from pathlib import Path

import pytest

from workers.rules.mapping import name
from workers.rules.mapping.name import Name

FILE = Path(__file__).parents[3] / "data" / "thai_names.txt.xz"
FIRST, FAMILY = (names.split("\n") for names in lzma.decompress(FILE.read_bytes()).decode().strip().split("\n\n"))
# Both readings are names: "นาย ณัฐ" and "นายณัฐ". "ครูมานิตย์" and "ทนายเสือธนพล" have the title within.
ALONE = {"ครูมานิตย์", "คุณกร", "คุณภัทร", "คุณเดช", "ทนายเสือธนพล", "นาย", "นายณัฐ"}
AMBIGUOUS = {
    "": ALONE,
    "คุณ": {"ครูมานิตย์", "ครูเอี๊ยด", "ทนายเสือธนพล", "นาย", "นายณัฐ", "หมอนชัย"},
    "คุณ ": {"ครูมานิตย์", "ทนายเสือธนพล", "นาย", "นายณัฐ"},
    "นาง": {"นาย", "สาวดี", "สาวตา", "สาวนูรอนีย์"},
    "อาจารย์": {"ทนายเสือธนพล", "นาย", "ใหญ่"},
    **dict.fromkeys(("นาย", "นาย ", "นาง ", "นางสาว", "นางสาว ", "น.ส.", "น.ส. ", "ด.ญ.", "Mr. "), frozenset({"นาย"})),
    **dict.fromkeys(
        (
            "ร.ต.อ.",
            "พ.ต.ท.หญิง ",
            "พลเอก",
            "พลเอก ",
            "พันตำรวจโทหญิง",
            "ดร.",
            "ผศ.ดร.",
            "นพ. ",
            "หมอ",
            "ม.ล.",
            "ว่าที่ ร.ต.",
            "อาจารย์ ",
        ),
        frozenset({"ทนายเสือธนพล", "นาย"}),
    ),
}


@pytest.mark.parametrize("title", AMBIGUOUS)
def test_every_first_name_comes_out_whole_from_behind_a_title(title: str) -> None:
    damaged = {first for first in FIRST if name.parse(f"{title}{first} ใจดี") != Name(first, "ใจดี")}
    assert damaged == AMBIGUOUS[title]


def test_every_first_name_alone_comes_out_whole() -> None:
    assert {first for first in FIRST if name.parse(first) != Name(first)} == ALONE


@pytest.mark.parametrize("first", ["สมชาย", "คุณสมชาย", "ร.ต.อ. สมชาย"])
def test_every_family_name_comes_out_whole(first: str) -> None:
    assert [family for family in FAMILY if name.parse(f"{first} {family}") != Name("สมชาย", family)] == []
