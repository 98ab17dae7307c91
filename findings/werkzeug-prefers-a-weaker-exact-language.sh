#!/usr/bin/env bash
# werkzeug answers a Thai browser in English although Thai is offered and asked for first.
#
# werkzeug 3.1.9
# Guess: for "th-TH,en;q=0.8" the best of "en" and "th" is "th": the header puts Thai first, and Flask's documents say
#        that languages fall back to their primary tag.
# Seen:  the fallback is tried only if nothing matches as it stands. Any exact match wins, however low its quality, so
#        "en" is answered; only a header that also names plain "th" gets Thai.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check werkzeug==3.1.9
"$folder/venv/bin/python" - <<'PYTHON'
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

headers = ["th-TH", "th-TH,en;q=0.8", "th-TH,en;q=0.1", "th-TH,th;q=0.9,en;q=0.8"]
seen = {header: parse_accept_header(header, LanguageAccept).best_match(["en", "th"]) for header in headers}
for header, language in seen.items():
    print(f"{header}: {language}")
if list(seen.values()) != ["th", "en", "en", "th"]:
    raise SystemExit("this has changed")
PYTHON
