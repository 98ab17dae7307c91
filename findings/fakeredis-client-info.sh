#!/usr/bin/env bash
# fakeredis' TCP server keeps RQ's workers from starting.
#
# fakeredis 2.40.0, redis-py 8.1.0, RQ 3.0.0
# Guess: a worker starts against fakeredis' TcpFakeServer; where CLIENT INFO is unknown RQ says "unknown" and goes on.
# Seen:  CLIENT INFO is answered, but with addr as Python prints a tuple: addr=('127.0.0.1', 50356). The blank in it ends
#        the field, so redis-py's client_info() raises ValueError. RQ 3 asks client_info() when a worker is made and
#        catches ResponseError alone. client_list() of the same connection works, because its parser takes blanks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check fakeredis==2.40.0 redis==8.1.0 rq==3.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import threading

import redis
from fakeredis import TcpFakeServer
from rq import SimpleWorker

server = TcpFakeServer(("127.0.0.1", 0), server_version=(7, 0))
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
client = redis.Redis(port=server.server_address[1])
connection = client.connection_pool.get_connection()
connection.send_command("CLIENT", "INFO")
raw = connection.read_response().decode()
client.connection_pool.release(connection)
print(raw.split(" laddr")[0])
assert raw.startswith("addr=('127.0.0.1', "), raw
assert client.client_list()[0]["addr"].startswith("('127.0.0.1', ")
for attempt in (client.client_info, lambda: SimpleWorker(["default"], connection=client)):
    try:
        attempt()
    except ValueError as error:
        print("ValueError:", error)
        assert str(error) == "not enough values to unpack (expected 2, got 1)"
    else:
        raise SystemExit("this has changed: it works")
PYTHON
