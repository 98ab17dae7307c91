#!/usr/bin/env bash
# granian's limit for reading headers is its limit for idle connections too.
#
# granian 2.8.7
# Guess: header_read_timeout guards against clients that send their headers slowly; a connection that was answered stays
#        open until the client closes it, or for a keep-alive time of its own.
# Seen:  the clock starts again after each answer: a connection that is kept open is closed after that time without a
#        next request. A client or proxy that keeps connections for longer meets a closed one with its next POST.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check granian==2.8.7
cat >"$folder/view.py" <<'PYTHON'
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
PYTHON
cat >"$folder/serve.py" <<'PYTHON'
import sys

from granian import Granian
from granian.http import HTTP1Settings

settings = HTTP1Settings(header_read_timeout=2000)
Granian("view:app", address="127.0.0.1", port=int(sys.argv[1]), interface="wsgi", http1_settings=settings).serve()
PYTHON
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
(cd "$folder" && exec venv/bin/python serve.py "$port" >/dev/null 2>&1) &
python3 - "$port" <<'PYTHON'
import socket
import sys
import time

for _ in range(600):
    try:
        client = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30)
        break
    except OSError:
        time.sleep(0.1)
client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
print("answered:", client.recv(1000).split(b"\r\n")[0].decode())
answered = time.monotonic()
try:
    rest = client.recv(1)
except TimeoutError:
    raise SystemExit("this has changed: still open after 30 s") from None
idle = time.monotonic() - answered
print("closed while idle, after the 2 s of the header's limit" if not rest and 1.5 < idle < 10 else f"{rest} {idle}")
if rest or not 1.5 < idle < 10:
    raise SystemExit("this has changed")
PYTHON
