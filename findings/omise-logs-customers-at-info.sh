#!/usr/bin/env bash
# omise sets up the root logger where it is imported, and logs each answer at INFO with the customer's details.
#
# omise 0.16.0
# Guess: a library leaves the root logger alone, and logs what it sends and receives at DEBUG if at all.
# Seen:  after "import omise" the root logger has a handler to stderr, so that the application's own
#        logging.basicConfig(level=INFO, filename=...) does nothing: the file is never made. Once the level is INFO, the
#        lines "Received HTTP response: {...}" hold the whole answer, with the customer's email and description;
#        what was sent is logged at DEBUG alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check omise==0.16.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import io
import json
import logging
import pathlib
import threading

assert not logging.getLogger().handlers
import omise  # noqa: E402

[handler] = logging.getLogger().handlers
logging.basicConfig(level=logging.INFO, filename="application.log")
assert logging.getLogger().level == logging.WARNING and not pathlib.Path("application.log").exists()
print("basicConfig after the import: still", handler)


class Omise(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = {"object": "customer", "email": "customer@example.com", "description": "2 Example Road"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Omise)
threading.Thread(target=server.serve_forever, daemon=True).start()
logging.getLogger().setLevel(logging.INFO)
handler.setStream(written := io.StringIO())
omise.api_secret, omise.api_main = "skey_test", f"http://127.0.0.1:{server.server_port}"
omise.Customer.retrieve("cust_1")
print(written.getvalue())
line = next(line for line in written.getvalue().splitlines() if "Received HTTP response" in line)
assert line.startswith("INFO:") and "customer@example.com" in line and "2 Example Road" in line, line
server.shutdown()
PYTHON
