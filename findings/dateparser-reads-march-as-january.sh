#!/usr/bin/env bash
# dateparser reads the Thai short form of March as January, in silence.
#
# dateparser 1.5.0
# Guess: (put down after the run) of the twelve short forms, as on every Thai calendar and receipt, each is its month or,
#        if unknown, None.
# Seen:  eleven are right, and "มี.ค." (March) is January, as only a vowel sign above the line tells it from "ม.ค.". By
#        default the text and the words known are stripped of such signs first, and then the two are one. The full
#        name, or settings={"NORMALIZE": False}, gives March. "13 มี.ค." moves a delivery by two months.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check dateparser==1.5.0
"$folder/venv/bin/python" - <<'PYTHON'
import dateparser

SHORT = "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค.".split()


def month(word, **settings):
    return dateparser.parse(f"13 {word} 2026", languages=["th"], settings=settings).month


seen = [month(word) for word in SHORT]
whole = [month(word, NORMALIZE=False) for word in SHORT]
print("as it comes:    ", *seen)
print("NORMALIZE=False:", *whole)
print("the full name:  ", month("มีนาคม"))
if seen != [1, 2, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12] or whole != list(range(1, 13)) or month("มีนาคม") != 3:
    raise SystemExit("this has changed")
PYTHON
