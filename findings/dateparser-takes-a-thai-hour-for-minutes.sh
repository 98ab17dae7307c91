#!/usr/bin/env bash
# dateparser takes a Thai time of day for a number of minutes, counted from now.
#
# dateparser 1.5.0
# Guess: (put down after the run) "14.00 น.", as times are written in Thai, is two in the afternoon, as "14:00 น." is; or
#        it is None.
# Seen:  "น." (o'clock) is known as minutes too. "14.00 น." is 14 minutes ago, and "พรุ่งนี้ 14.00 น." (tomorrow at
#        14.00) is tomorrow, 14 minutes later than it is now. With a colon the first is right and the second None;
#        behind a date ("13 พ.ค. 2026 14.00 น.") it is right as well, so a test with a date finds nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check dateparser==1.5.0
"$folder/venv/bin/python" - <<'PYTHON'
from datetime import datetime

import dateparser

NOW = datetime(2026, 5, 12, 9, 0)
EXPECTED = {
    "14.00 น.": "2026-05-12 08:46",
    "14:00 น.": "2026-05-12 14:00",
    "พรุ่งนี้ 14.00 น.": "2026-05-13 09:14",
    "พรุ่งนี้ 14:00 น.": "None",
    "พรุ่งนี้ 14:00": "2026-05-13 14:00",
    "13 พ.ค. 2026 14.00 น.": "2026-05-13 14:00",
}


def read(text):
    found = dateparser.parse(text, languages=["th"], settings={"RELATIVE_BASE": NOW})
    return found and f"{found:%Y-%m-%d %H:%M}" or "None"


seen = {text: read(text) for text in EXPECTED}
print(f"now is {NOW:%Y-%m-%d %H:%M}")
for text, said in seen.items():
    print(f"{said:16} for {text}")
if seen != EXPECTED:
    raise SystemExit("this has changed")
PYTHON
