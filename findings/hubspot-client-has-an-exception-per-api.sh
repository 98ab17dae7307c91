#!/usr/bin/env bash
# HubSpot's client has an ApiException for each of its APIs, and they have no parent but Exception.
#
# hubspot-api-client 12.0.0
# Guess: the ApiException that its README imports from hubspot.crm.contacts is one class for the whole client, or has a
#        common parent.
# Seen:  each package of the CRM brings a class of its own under that name. `except ApiException` around a call for
#        objects or associations lets the error of that call pass, though it looks the same in the log. (Its calls go to
#        a server of this script that refuses them.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check hubspot-api-client==12.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import importlib
import pkgutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import hubspot.crm
from hubspot import HubSpot
from hubspot.crm.contacts import ApiException


class Refusing(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = b'{"status": "error", "category": "OBJECT_NOT_FOUND"}'
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Refusing)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = HubSpot(access_token="pat-1")
caught = {}
for name, api in {"contacts": client.crm.contacts.basic_api, "objects": client.crm.objects.basic_api}.items():
    api.api_client.configuration.host = f"http://127.0.0.1:{server.server_port}"
    more = () if name == "contacts" else ("contacts",)
    try:
        api.get_by_id(*more, "1")
    except Exception as error:
        caught[name] = type(error).__name__, error.status, isinstance(error, ApiException)
        print(name, *caught[name])
classes = set()
for found in pkgutil.iter_modules(hubspot.crm.__path__):
    package = importlib.import_module(f"hubspot.crm.{found.name}")
    if hasattr(package, "ApiException"):
        classes.add(package.ApiException)
parents = set.intersection(*(set(one.__mro__) for one in classes)) - {Exception, BaseException, object}
print(len(classes), "classes of that name, parents they share:", sorted(one.__name__ for one in parents))
if caught != {"contacts": ("NotFoundException", 404, True), "objects": ("NotFoundException", 404, False)}:
    raise SystemExit("this has changed")
if parents or len(classes) < 10:
    raise SystemExit("this has changed")
PYTHON
