#!/usr/bin/env bash
# phonenumbers reads "00" and a country code as another country's number, where "00" alone is no way to dial abroad.
#
# phonenumbers 9.0.43
# Guess: "00" at the start means the same as "+" anywhere but in America and some of Asia, where such a number is
#        refused.
# Seen:  in Thailand, Singapore and Hong Kong one dials 00 and a digit for the carrier, and that digit is taken from the
#        country code: 0066 81 ... is parsed as +68 1 ... Of the library's own examples of every country's numbers,
#        written as people write them, Thailand gets not one right, and 59 become valid numbers of another country, so
#        that no check notices (a Venezuelan mobile turns Vietnamese, a Japanese one American).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check phonenumbers==9.0.43
"$folder/venv/bin/python" - <<'PYTHON'
from collections import Counter

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType


def judge(written, meant, home):
    try:
        number = phonenumbers.parse(written, home)
    except phonenumbers.NumberParseException:
        return "refused"
    if phonenumbers.format_number(number, PhoneNumberFormat.E164) == meant:
        return "right"
    return "another, valid" if phonenumbers.is_valid_number(number) else "another, not valid"


expected = {
    "TH": {"another, not valid": 383, "another, valid": 59, "refused": 47},
    "SG": {"another, not valid": 383, "another, valid": 59, "refused": 47},
    "HK": {"another, not valid": 292, "right": 118, "another, valid": 45, "refused": 34},
}
seen = {}
for home in expected:
    found = Counter()
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE):
            example = phonenumbers.example_number_for_type(region, kind)
            if example:
                meant = phonenumbers.format_number(example, PhoneNumberFormat.E164)
                found[judge("00" + meant[1:], meant, home)] += 1
    seen[home] = dict(found)
    print(home, seen[home])
if seen != expected:
    raise SystemExit("this has changed")
PYTHON
