#!/usr/bin/env bash
# svix' Webhook.verify gives back the parsed payload up to 1.99.1, and None from 2.0.0 on, for the same valid webhook.
#
# svix 1.99.1, 2.0.0, 2.9.1; standardwebhooks 1.1.0 still gives the payload
# Guess: verify() returns the payload, as the library on which it is built does, or raises.
# Seen:  1.99.1 {'order': 7}; 2.0.0 None; 2.9.1 None. A receiver that goes on with the answer fails on each valid
#        webhook, and one that tests it ("if not wh.verify(...)") takes each of them for forged.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 1.99.1 2.0.0 2.9.1; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install -q --disable-pip-version-check "svix==$version" standardwebhooks==1.1.0
    "$folder/$version/bin/python" - "$version" <<'PYTHON'
import base64
import sys
from datetime import datetime, timezone

import standardwebhooks
import svix.webhooks

secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
body, now = '{"order": 7}', datetime.now(timezone.utc)
signature = svix.webhooks.Webhook(secret).sign("msg_1", now, body)


def headers(prefix):
    stamp = str(int(now.timestamp()))
    return {f"{prefix}-id": "msg_1", f"{prefix}-timestamp": stamp, f"{prefix}-signature": signature}


answer = svix.webhooks.Webhook(secret).verify(body, headers("svix"))
print("svix", sys.argv[1], answer)
assert answer == ({"order": 7} if sys.argv[1].startswith("1.") else None), answer
answer = standardwebhooks.Webhook(secret).verify(body, headers("webhook"))
assert answer == {"order": 7}, answer
PYTHON
done
