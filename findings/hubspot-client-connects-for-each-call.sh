#!/usr/bin/env bash
# HubSpot's client opens a connection for each call, although one client is kept.
#
# hubspot-api-client 12.0.0, urllib3 2.8.0
# Guess: one HubSpot() kept by the program keeps its connections: `client.crm.contacts.basic_api...` twice over a server
#        that keeps connections alive uses one.
# Seen:  `basic_api` is a property that makes a new API with a pool of its own each time it is read, so each such call
#        connects anew (and shakes hands for TLS). Held in a variable, the same API sends all its calls over one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check hubspot-api-client==12.0.0 urllib3==2.8.0
"$folder/venv/bin/python" - <<'PYTHON'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import hubspot

connections = []


class Portal(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        connections.append(self.client_address)
        super().setup()

    def do_DELETE(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = hubspot.HubSpot(access_token="none", host=f"http://127.0.0.1:{server.server_port}")
for number in range(5):
    client.crm.contacts.basic_api.archive(str(number))
each = len(connections)
connections.clear()
held = client.crm.contacts.basic_api
for number in range(5):
    held.archive(str(number))
print("five calls as client.crm.contacts.basic_api.archive():", each, "connections")
print("five calls of one basic_api that is held:", len(connections), "connection")
if (each, len(connections)) != (5, 1):
    raise SystemExit("this has changed")
PYTHON
