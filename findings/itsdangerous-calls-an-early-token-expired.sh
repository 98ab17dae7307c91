#!/usr/bin/env bash
# A timed token from a machine whose clock is a second ahead is "expired".
#
# itsdangerous 2.2.0
# Guess: a token that was signed in what is the future here is taken, as its age is below the limit, or is called bad.
# Seen:  SignatureExpired, "Signature age -1 < 0 seconds": whoever shows "this link has expired" tells that to a
#        customer who opens a fresh link at once, where two machines sign and check.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check itsdangerous==2.2.0
"$folder/venv/bin/python" - <<'PYTHON'
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer


class Ahead(TimestampSigner):
    def get_timestamp(self):
        return super().get_timestamp() + 5


token = URLSafeTimedSerializer("key", signer=Ahead).dumps("order")
try:
    URLSafeTimedSerializer("key").loads(token, max_age=3600)
except SignatureExpired as error:
    print("SignatureExpired:", str(error).split(" age ")[0], "age below 0")
    if " < 0 " not in str(error):
        raise SystemExit("this has changed") from None
else:
    raise SystemExit("this has changed")
PYTHON
