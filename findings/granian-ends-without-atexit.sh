#!/usr/bin/env bash
# What an application registers with atexit does not run under granian, also when it ends in peace.
#
# granian 2.8.7
# Guess: at SIGTERM a worker answers its last requests and ends as a Python program does, so atexit's functions run, as
#        under gunicorn.
# Seen:  workers are processes of multiprocessing, which leaves them through its own exit: functions of atexit are
#        dropped without a word, and only multiprocessing.util.Finalize with an exitpriority is called. A buffer that is
#        flushed in atexit is lost at each deploy, with exit code 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check granian==2.8.7
cat >"$folder/shop.py" <<'PYTHON'
import atexit
import os
from multiprocessing.util import Finalize


def note(what):
    with open(os.environ["SEEN"], "a") as file:
        print(what, file=file)


atexit.register(note, "atexit")
Finalize(None, note, args=("multiprocessing's finalizer",), exitpriority=1)


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"answer"]
PYTHON
export SEEN="$folder/seen" FOLDER="$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

folder = os.environ["FOLDER"]
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
command = [f"{folder}/venv/bin/granian", "--interface", "wsgi", "--port", str(port), "--log-level", "error"]
server = subprocess.Popen([*command, "shop:application"], cwd=folder)
deadline = time.monotonic() + 20
while True:
    try:
        answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
        break
    except urllib.error.URLError:
        if time.monotonic() > deadline:
            raise
server.send_signal(signal.SIGTERM)
code = server.wait(20)
seen = Path(os.environ["SEEN"]).read_text().splitlines()
print("answered:", answer, "exit code:", code, "ran at the end:", seen)
if (answer, code, seen) != (b"answer", 0, ["multiprocessing's finalizer"]):
    raise SystemExit("this has changed")
PYTHON
