#!/usr/bin/env bash
# apprise counts a message as delivered that a redirect threw away.
#
# apprise 2.3.0, requests 2.34.2
# Guess: a notification is posted to the address as given; what answers 302 is a failure, or the post is repeated there.
# Seen:  redirects are followed, a 302 turns the POST into a GET without a body, and the new address' 200 makes notify()
#        say that the message was delivered. An address whose host was moved swallows every message.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check apprise==2.3.0 requests==2.34.2
"$folder/venv/bin/python" - <<'PYTHON'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import apprise

requests = []


class Moved(BaseHTTPRequestHandler):
    def answer(self):
        size = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        requests.append((self.command, self.path, "with a body" if size else "without a body"))
        if self.path == "/old":
            self.send_response(302)
            self.send_header("Location", "/new")
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Moved)
threading.Thread(target=server.serve_forever, daemon=True).start()
notifier = apprise.Apprise()
notifier.add(f"json://127.0.0.1:{server.server_port}/old")
delivered = bool(notifier.notify(title="Order", body="2 bags"))
print("notify() says:", delivered)
for each in requests:
    print(*each)
if not delivered or requests != [("POST", "/old", "with a body"), ("GET", "/new", "without a body")]:
    raise SystemExit("this has changed")
PYTHON
