#!/usr/bin/env bash
# `except redis.RedisError` does not catch all of redis-py's own errors.
#
# redis 8.1.0
# Guess: every exception in redis.exceptions is a RedisError.
# Seen:  six are not: what a cluster's client raises for an uncovered slot or a transaction over two slots, a broken
#        pipeline stack, a wrong policy, and the one for a lock that a fork left held.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check redis==8.1.0
"$folder/venv/bin/python" - <<'PYTHON'
from redis import exceptions

own = [each for each in vars(exceptions).values() if isinstance(each, type) and issubclass(each, Exception)]
strangers = sorted(each.__name__ for each in own if not issubclass(each, exceptions.RedisError))
print("no RedisError:", *strangers)
if strangers != [
    "ChildDeadlockedError",
    "CrossSlotTransactionError",
    "IncorrectPolicyType",
    "InvalidPipelineStack",
    "RedisClusterException",
    "SlotNotCoveredError",
]:
    raise SystemExit("this has changed")
PYTHON
