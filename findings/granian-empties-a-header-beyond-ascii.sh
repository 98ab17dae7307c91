#!/usr/bin/env bash
# granian hands a WSGI application an empty header where its value is not all ASCII.
#
# granian 2.8.9
# Guess: the value arrives as PEP 3333 says, its bytes read as Latin-1; or the request is refused with 400.
# Seen:  the application is called, the header is there and its value is "": UTF-8, Latin-1, or one such letter among
#        ASCII, all the same. What checks a header sees "empty" and not "wrong": a shop that typed its name into a
#        custom header is told that it sent none.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check granian==2.8.9
cat >"$folder/shown.py" <<'PYTHON'
def app(environ, start_response):
    body = repr(environ.get("HTTP_X_SHOP")).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
PYTHON
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(cd "$folder" && exec venv/bin/granian --interface wsgi --port "$port" shown:app >log 2>&1) &
server=$!
"$folder/venv/bin/python" - "$port" <<'PYTHON'
import socket
import sys
import time

PORT = int(sys.argv[1])


def ask(value):
    request = b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nX-Shop: " + value + b"\r\n\r\n"
    with socket.create_connection(("127.0.0.1", PORT), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    return answer.split(b"\r\n")[0].decode(), answer.partition(b"\r\n\r\n")[2].decode()


deadline = time.monotonic() + 30
while True:
    try:
        ask(b"up")
        break
    except OSError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.1)
values = {
    "ASCII": b"Cafe",
    "Latin-1": "Caf\u00e9".encode("latin-1"),
    "UTF-8": "\u0e23\u0e49\u0e32\u0e19".encode(),
}
seen = {name: ask(value) for name, value in values.items()}
for name, answer in seen.items():
    print(name, *answer)
ok = "HTTP/1.1 200 OK"
if seen != {"ASCII": (ok, "'Cafe'"), "Latin-1": (ok, "''"), "UTF-8": (ok, "''")}:
    raise SystemExit("this has changed")
PYTHON
