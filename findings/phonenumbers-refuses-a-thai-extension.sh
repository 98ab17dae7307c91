#!/usr/bin/env bash
# phonenumbers knows the word for an extension in many languages, but not in Thai, and then refuses the whole number.
#
# phonenumbers 9.0.43
# Guess: a word that it does not know ends the number, and what stands before it is read, as with a word in English that
#        is no extension.
# Seen:  behind an English, Spanish or Russian word the extension is told apart. A Thai word ("ต่อ", as on nearly every
#        Thai business card) makes parse() raise NumberParseException for a number that is right, while
#        PhoneNumberMatcher finds it in the same text, without its extension.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check phonenumbers==9.0.43
"$folder/venv/bin/python" - <<'PYTHON'
import phonenumbers


def read(text):
    try:
        number = phonenumbers.parse(text, "TH")
    except phonenumbers.NumberParseException as error:
        return f"error {error.error_type}"
    return f"+{number.country_code}{number.national_number} extension {number.extension}"


def find(text):
    found = [match.number for match in phonenumbers.PhoneNumberMatcher(text, "TH")]
    return [f"+{one.country_code}{one.national_number} extension {one.extension}" for one in found]


words = {"English": "ext.", "Spanish": "anexo", "Russian": "доб.", "Thai": "ต่อ"}
seen = {name: read(f"02-123-4567 {word} 89") for name, word in words.items()}
matched = find("02-123-4567 ต่อ 89")
for name, said in seen.items():
    print(f"{name}: {said}")
print("found in the Thai text:", *matched)
right = "+6621234567 extension 89"
if seen != {"English": right, "Spanish": right, "Russian": right, "Thai": "error 1"}:
    raise SystemExit("this has changed")
if matched != ["+6621234567 extension None"]:
    raise SystemExit("this has changed")
PYTHON
