#!/usr/bin/env bash
# phonenumbers calls the numbers invalid by which WhatsApp knows people of Mexico and Brazil.
#
# phonenumbers 9.0.43
# Guess: a WhatsApp id with a plus before it is a valid E.164 number: WhatsApp verified it with a message.
# Seen:  WhatsApp keeps the form of a number's first days (help pages of Zoho and Gupshup): Mexico with the 1 after 52
#        that was dropped in 2019, Brazil outside its largest cities without the 9 that mobile numbers got until 2016.
#        The first is "not even possible" and keeps its 1, the second is possible and not valid; Argentina's 9, which
#        looks the same, is valid. A check of a chat's phone throws away good numbers, and as text they equal no number
#        of the CRM. (The numbers are invented.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check phonenumbers==9.0.43
"$folder/venv/bin/python" - <<'PYTHON'
import phonenumbers

expected = {
    "+5215512345678": ("+5215512345678", False, False),
    "+525512345678": ("+525512345678", True, True),
    "+553188887777": ("+553188887777", True, False),
    "+5531988887777": ("+5531988887777", True, True),
    "+5491123456789": ("+5491123456789", True, True),
}
seen = {}
for given in expected:
    number = phonenumbers.parse(given)
    seen[given] = (
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.is_possible_number(number),
        phonenumbers.is_valid_number(number),
    )
    print(given, "formatted, possible, valid:", *seen[given])
if seen != expected:
    raise SystemExit("this has changed")
PYTHON
