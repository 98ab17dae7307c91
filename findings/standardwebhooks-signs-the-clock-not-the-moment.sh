#!/usr/bin/env bash
# standardwebhooks signs what the clock shows in a time's own zone, as if that were UTC.
#
# standardwebhooks 1.1.0
# Guess: a datetime that knows its zone is one moment, so noon in UTC and 19:00 in Bangkok give one signature.
# Seen:  the zone is replaced and not converted: 19:00 in Bangkok is signed as 19:00 UTC, 7 hours ahead. A header with
#        the right seconds beside it never matches; a time in UTC alone signs what is meant.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check standardwebhooks==1.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import base64
from datetime import UTC, datetime, timedelta, timezone

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

webhook = Webhook("whsec_" + base64.b64encode(bytes(range(24))).decode())
BANGKOK = timezone(timedelta(hours=7))
now = datetime.now(UTC).replace(microsecond=0)
seconds = str(int(now.timestamp()))


def check(at):
    assert at.timestamp() == now.timestamp()
    headers = {"webhook-id": "one", "webhook-timestamp": seconds, "webhook-signature": webhook.sign("one", at, "{}")}
    try:
        webhook.verify("{}", headers)
    except WebhookVerificationError as error:
        return str(error)
    return "verified"


seen = {"UTC": check(now), "Bangkok": check(now.astimezone(BANGKOK))}
ahead = webhook.sign("one", now + timedelta(hours=7), "{}") == webhook.sign("one", now.astimezone(BANGKOK), "{}")
for zone, said in seen.items():
    print(f"this moment, written in {zone}: {said}")
print("signed in its place: seven hours later" if ahead else "signed in its place: something else")
if seen != {"UTC": "verified", "Bangkok": "No matching signature found"} or not ahead:
    raise SystemExit("this has changed")
PYTHON
