"""What is said in Thai, by whatever part: one word has one meaning, and one thing one word."""

import re

import pytest

from tests.conftest import ROOT

FILES = (
    *(ROOT / "leadcore/texts").glob("th.py"),
    *(ROOT / "receiver/console").glob("*.py"),
    *(ROOT / "docs/th").glob("*.md"),
    ROOT / "receiver/pay/texts.py",
    ROOT / "sandbox/page_texts.py",
    ROOT / "sandbox/leadsync.toml",
    ROOT / "workers/rules/texts.py",
    ROOT / "workers/rules/orders/thanks.py",
    ROOT / "leadsync.toml.example",
    ROOT / "README.md",
)
INSTEAD = {
    "คำสั่งซื้อ": "ออเดอร์",
    "โปรด": "กรุณา",
    "ถ้า": "หาก",
    "แชท": "แชต",
    "อีเมล์": "อีเมล",
    "เบอร์โทร(?!ศัพท์)": "เบอร์โทรศัพท์",
    "บันทึก(?=นี้|ที่รอ)": "โน้ต",
    "ผู้ดูแล(?!ระบบ)": "ผู้ดูแลระบบ",
}


@pytest.mark.parametrize("word", INSTEAD)
def test_one_thing_has_one_word(word: str) -> None:
    found = [
        f"{file.name}: {line}"
        for file in FILES
        for line in file.read_text("utf-8").splitlines()
        if re.search(word, line)
    ]
    assert not found, f"say {INSTEAD[word]}"
