#!/usr/bin/env bash
# HubSpot's client answers None where a batch of associations succeeded in part.
#
# hubspot-api-client 12.0.0
# Guess: an answer 207 is read like a 200, into an object with `results` and `errors`, as the batches of objects do.
# Seen:  associations' create_default has a model for 200 alone: a 207 raises nothing and returns None, so which pairs
#        were refused is lost, and `answer.errors` fails with AttributeError. The batch upsert of contacts reads its 207.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check hubspot-api-client==12.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import hubspot
from hubspot.crm.associations.v4 import BatchInputPublicDefaultAssociationMultiPost
from hubspot.crm.contacts import BatchInputSimplePublicObjectBatchInputUpsert

ANSWER = {
    "status": "COMPLETE",
    "results": [],
    "numErrors": 1,
    "errors": [{"status": "error", "category": "OBJECT_NOT_FOUND", "message": "gone", "context": {}, "links": {}}],
    "startedAt": "2026-01-01T00:00:00Z",
    "completedAt": "2026-01-01T00:00:00Z",
}


class InPart(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(ANSWER).encode()
        self.send_response(207)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), InPart)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = hubspot.Client.create(access_token="none")
links, contacts = client.crm.associations.v4.batch_api, client.crm.contacts.batch_api
for each in (links, contacts):
    each.api_client.configuration.host = f"http://127.0.0.1:{server.server_port}"
pairs = BatchInputPublicDefaultAssociationMultiPost(inputs=[{"from": {"id": "1"}, "to": {"id": "2"}}])
linked = links.create_default("orders", "contacts", batch_input_public_default_association_multi_post=pairs)
upserted = contacts.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=[]))
print("associations, 207:", linked)
print("contacts, 207:", type(upserted).__name__, "with", len(upserted.errors), "error")
if linked is not None or len(upserted.errors) != 1:
    raise SystemExit("this has changed")
PYTHON
