#!/usr/bin/env bash
# fakeredis' TCP server closes the connection after each error reply.
#
# fakeredis 2.40.0, redis-py 8.1.0
# Guess: an error reply (NOSCRIPT, WRONGTYPE) leaves the connection open, as Redis does, so SCRIPT LOAD can follow on it.
# Seen:  after the error has arrived the server hangs up; the next command of that connection gets "Connection closed by
#        server". redis-py's pool hides it, because it reconnects for the next command. Whoever holds a connection
#        notices, and so does a pipeline: what stands behind the failing command is never answered.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check 'fakeredis[lua]==2.40.0' redis==8.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import threading

import redis
from fakeredis import TcpFakeServer
from redis.backoff import NoBackoff
from redis.retry import Retry

server = TcpFakeServer(("127.0.0.1", 0), server_version=(7, 0))
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
client = redis.Redis(port=server.server_address[1], retry=Retry(NoBackoff(), 0))
connection = client.connection_pool.make_connection()
connection.connect()
connection.send_command("EVALSHA", "0" * 40, 0)
try:
    connection.read_response()
except redis.exceptions.NoScriptError as error:
    print("NoScriptError:", error)
connection.send_command("PING")
try:
    print("this has changed:", connection.read_response())
    raise SystemExit(1)
except redis.ConnectionError as error:
    print("ConnectionError:", error)
pipe = client.pipeline(transaction=False)
pipe.set("text", "a")
pipe.lpush("text", "b")
pipe.get("text")
try:
    pipe.execute(raise_on_error=False)
    raise SystemExit("this has changed: the pipeline is answered")
except redis.ConnectionError as error:
    print("ConnectionError in a pipeline:", error)
print("The pool reconnects:", client.get("text"))
PYTHON
