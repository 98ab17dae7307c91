#!/usr/bin/env bash
# price-parser makes one sum of a product's number and the price behind it.
#
# price-parser 0.5.1
# Guess: "iPhone 15 25,900 บาท" is 15, the first number, or 25900, which has the shape of a price; with "฿" the number
#        beside the sign is the price.
# Seen:  it is 1525900: blanks, line ends and commas between digits count as separators of thousands, whatever the
#        groups' lengths, with currency_hint and decimal_separator too. "iPhone 15 ฿25,900" is 15, and its currency is
#        "฿". With a colon between the two the first number stands alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check price-parser==0.5.1
"$folder/venv/bin/python" - <<'PYTHON'
from price_parser import Price

EXPECTED = {
    "iPhone 15 25,900 บาท": ("1525900", None),
    "iPhone 15, 25,900 บาท": ("1525900", None),
    "iPhone 15\n25,900 บาท": ("1525900", None),
    "A4 80 1,250.50 THB": ("4801250.50", "THB"),
    "iPhone 15 ฿25,900": ("15", "฿"),
    "iPhone 15: 25,900 บาท": ("15", None),
}
seen = {}
for text in EXPECTED:
    price = Price.fromstring(text)
    seen[text] = (str(price.amount), price.currency)
    print(repr(text), "->", *seen[text])
hinted = Price.fromstring("iPhone 15 25,900 บาท", currency_hint="THB", decimal_separator=".").amount
print("with both hints:", hinted)
if seen != EXPECTED or hinted != 1525900:
    raise SystemExit("this has changed")
PYTHON
