#!/usr/bin/env bash
# stripe leaves a None out of a dictionary, so that it unsets nothing, and sends it from a list as the text "None".
#
# stripe 16.1.0
# Guess: None is sent as an empty value, by which Stripe's API unsets a key of the metadata; in a list it is left out or
#        refused.
# Seen:  {"metadata": {"a": None}} sends no parameter at all and the key keeps its value; only "" unsets it. [None, 1]
#        arrives as l[0]=None, a set as its repr in one value. Nothing of it raises an error. (Sent to a server of this
#        script.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check stripe==16.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

from stripe import StripeClient

bodies = []


class Stripe(BaseHTTPRequestHandler):
    def do_POST(self):
        bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        answer = b'{"id": "cs_1", "object": "checkout.session"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Stripe)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = StripeClient("sk_test_1", base_addresses={"api": f"http://127.0.0.1:{server.server_port}"})
given = [
    {"metadata": {"a": None}},
    {"metadata": {"a": ""}},
    {"payment_method_types": [None, "card"]},
    {"payment_method_types": {"card"}},
]
for params in given:
    client.v1.checkout.sessions.create(params=params)
seen = [urllib.parse.unquote_plus(body) for body in bodies]
for params, body in zip(given, seen):
    print(params, "sends", repr(body))
if seen != [
    "",
    "metadata[a]=",
    "payment_method_types[0]=None&payment_method_types[1]=card",
    "payment_method_types={'card'}",
]:
    raise SystemExit("this has changed")
PYTHON
