#!/usr/bin/env bash
# A signature header that is wrong raises more than the error that stands for a wrong signature.
#
# standardwebhooks 1.1.0, stripe 16.1.0
# Guess: whatever stands in the headers, a check that fails raises WebhookVerificationError, or Stripe's
#        SignatureVerificationError, as their documents promise, so one `except` answers 400.
# Seen:  standardwebhooks raises ValueError for a signature without a comma or with two. Stripe raises TypeError for
#        letters beyond ASCII. A view that catches the one error answers 500 to what it should refuse.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check standardwebhooks==1.1.0 stripe==16.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import time

import stripe
from standardwebhooks.webhooks import Webhook

NOW = str(int(time.time()))


def standard(signature):
    headers = {"webhook-id": "one", "webhook-timestamp": NOW, "webhook-signature": signature}
    Webhook(b"a secret").verify("{}", headers)


def of_stripe(signature):
    stripe.WebhookSignature.verify_header("{}", f"t={NOW},v1={signature}", "a secret", 300)


seen = {}
for name, check, signature in (
    ("standardwebhooks, another signature", standard, "v1,AAAA"),
    ("standardwebhooks, no comma", standard, "AAAA"),
    ("standardwebhooks, two commas", standard, "v1,AAAA,AAAA"),
    ("stripe, another signature", of_stripe, "0000"),
    ("stripe, beyond ASCII", of_stripe, "\u0e01"),
):
    try:
        check(signature)
        seen[name] = "no error"
    except Exception as error:
        seen[name] = type(error).__name__
    print(f"{name}: {seen[name]}")
if list(seen.values()) != [
    "WebhookVerificationError",
    "ValueError",
    "ValueError",
    "SignatureVerificationError",
    "TypeError",
]:
    raise SystemExit("this has changed")
PYTHON
