#!/usr/bin/env bash
# HubSpot's client with its README's `retry` repeats neither a search, a batch nor an update.
#
# hubspot-api-client 12.0.0, urllib3 2.8.0
# Guess: with HubSpot(retry=Retry(total=..., status_forcelist=(429,))), as the client's README shows it, each call that
#        is answered 429 is sent again, and what is still refused then raises the client's ApiException.
# Seen:  only GET, PUT and DELETE are repeated, by urllib3's default of allowed_methods. Searches, creates and all
#        batches are POST and updates are PATCH: one 429 ends them. A GET that stays refused raises urllib3's
#        MaxRetryError, which is no ApiException and carries no status.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check hubspot-api-client==12.0.0 urllib3==2.8.0
"$folder/venv/bin/python" - <<'PYTHON'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hubspot import HubSpot
from hubspot.crm.contacts import ApiException, PublicObjectSearchRequest, SimplePublicObjectInput
from urllib3.util.retry import Retry

answered = []


class Busy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answered.append(self.command)
        self.send_response(429)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PATCH = answer

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
threading.Thread(target=server.serve_forever, daemon=True).start()
contacts = HubSpot(access_token="none", retry=Retry(total=5, status_forcelist=(429,))).crm.contacts
calls = {
    "read": (contacts.basic_api, lambda api: api.get_by_id("1")),
    "search": (contacts.search_api, lambda api: api.do_search(PublicObjectSearchRequest(limit=1))),
    "update": (contacts.basic_api, lambda api: api.update("1", SimplePublicObjectInput(properties={"city": "Trang"}))),
}
seen = {}
for name, (api, call) in calls.items():
    api.api_client.configuration.host = f"http://127.0.0.1:{server.server_port}"
    answered.clear()
    try:
        call(api)
    except Exception as error:
        seen[name] = (len(answered), answered[0], type(error).__name__, isinstance(error, ApiException))
        print(name, *seen[name])
expected = {
    "read": (6, "GET", "MaxRetryError", False),
    "search": (1, "POST", "ApiException", True),
    "update": (1, "PATCH", "ApiException", True),
}
if seen != expected:
    raise SystemExit("this has changed")
PYTHON
