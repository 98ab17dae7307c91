#!/usr/bin/env bash
# phonenumbers' matcher finds no number with only a space between it and a date with slashes.
#
# phonenumbers 9.0.43
# Guess: the matcher passes over the date and finds the number before or behind it, as it does for 12-05-2026 and 14:30.
# Seen:  a candidate that contains a date like 12/05/2026 is dropped as a whole, and the number in it with it, on either
#        side; a comma, a newline or a plus before the number makes it another candidate, which is found. In a chat
#        "12/05/2026 0812345678" is how people say when to deliver and whom to call.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check phonenumbers==9.0.43
"$folder/venv/bin/python" - <<'PYTHON'
from phonenumbers import PhoneNumberMatcher


def found(text, region="TH"):
    return [match.raw_string for match in PhoneNumberMatcher(text, region)]


NUMBER = "0812345678"
for text, expected in {
    NUMBER: [NUMBER],
    f"12-05-2026 {NUMBER}": [NUMBER],
    f"14:30 {NUMBER}": [NUMBER],
    f"12/05/2026, {NUMBER}": [NUMBER],
    f"12/05/2026\n{NUMBER}": [NUMBER],
    "12/05/2026 +66812345678": ["+66812345678"],
    f"12/05/2026 {NUMBER}": [],
    f"{NUMBER} 12/05/2026": [],
    f"5/12/26 {NUMBER}": [],
}.items():
    assert found(text) == expected, (text, found(text))
    print(repr(text), found(text))
assert found("12/05/2026 650-253-0000", "US") == []
assert found("12/05/2026, 650-253-0000", "US") == ["650-253-0000"]
PYTHON
