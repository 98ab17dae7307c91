#!/usr/bin/env bash
# With urllib3 2.6.0 HubSpot's client creates a contact and then fails, so that a job that tries again makes a second.
#
# hubspot-api-client 12.0.0, urllib3 2.6.0 and 2.6.1
# Guess: a minor version of urllib3 2 works with what worked before, and pip picks no version that the client cannot use;
#        where it does not, the call fails before anything is sent.
# Seen:  2.6.0 took HTTPResponse.getheader away and 2.6.1 brought it back. The client asks for urllib3 >= 1.15, so 2.6.0
#        installs without a word; its AttributeError comes while the answer is read, after HubSpot has answered 201.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cat >"$folder/create.py" <<'PYTHON'
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import urllib3
from hubspot import HubSpot
from hubspot.crm.contacts import SimplePublicObjectInputForCreate

created = []


class HubSpots(BaseHTTPRequestHandler):
    def do_POST(self):
        created.append(self.rfile.read(int(self.headers["Content-Length"])))
        time = "2026-01-01T00:00:00Z"
        answer = f'{{"id": "1", "properties": {{}}, "createdAt": "{time}", "updatedAt": "{time}"}}'.encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), HubSpots)
threading.Thread(target=server.serve_forever, daemon=True).start()
api = HubSpot(access_token="pat-1").crm.contacts.basic_api
api.api_client.configuration.host = f"http://127.0.0.1:{server.server_port}"
given = SimplePublicObjectInputForCreate(properties={})
try:
    outcome = "id " + api.create(simple_public_object_input_for_create=given).id
except Exception as error:
    outcome = type(error).__name__
print(f"urllib3 {urllib3.__version__}: {outcome}, created {len(created)}")
PYTHON
for version in 2.6.0 2.6.1; do
  "$folder/venv/bin/pip" install -q --disable-pip-version-check hubspot-api-client==12.0.0 "urllib3==$version"
  "$folder/venv/bin/pip" check --disable-pip-version-check -q
  "$folder/venv/bin/python" -W ignore "$folder/create.py" | tee -a "$folder/seen"
done
diff "$folder/seen" - <<'TEXT' || { echo "this has changed"; exit 1; }
urllib3 2.6.0: AttributeError, created 1
urllib3 2.6.1: id 1, created 1
TEXT
