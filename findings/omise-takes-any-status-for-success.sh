#!/usr/bin/env bash
# omise never looks at the status of an answer: a 500 or 429 with JSON that is no "error" object raises nothing.
#
# omise 0.16.0, requests 2.32.5
# Guess: an answer other than 2xx raises an error of omise.errors, whatever its body.
# Seen:  Charge.retrieve() gives an omise.Base for 500 and 429 with {"message": "..."}, as gateways and load balancers
#        write it: no charge, no id, no error. A 502 with HTML raises requests' JSONDecodeError, which "except
#        omise.errors.BaseError" does not catch. Only a body with "object": "error" raises an error of omise's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check omise==0.16.0 requests==2.32.5
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import threading

import omise
import requests

ANSWERS = {
    "chrg_500": (500, b'{"message": "Internal Server Error"}'),
    "chrg_429": (429, b'{"message": "Too Many Requests"}'),
    "chrg_502": (502, b"<html>Bad Gateway</html>"),
    "chrg_404": (404, b'{"object": "error", "code": "not_found", "message": "charge chrg_404 was not found"}'),
}


class Gateway(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = ANSWERS[self.path.rsplit("/", 1)[1]]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
threading.Thread(target=server.serve_forever, daemon=True).start()
omise.api_secret, omise.api_main = "skey_test", f"http://127.0.0.1:{server.server_port}"
seen = {}
for charge, (status, _) in ANSWERS.items():
    try:
        seen[status] = type(omise.Charge.retrieve(charge))
    except Exception as error:
        seen[status] = type(error)
print(seen)
assert seen[500] is seen[429] is omise.Base, seen
assert seen[502] is requests.exceptions.JSONDecodeError and not issubclass(seen[502], omise.errors.BaseError), seen
assert seen[404] is omise.errors.NotFoundError, seen
server.shutdown()
PYTHON
