#!/usr/bin/env bash
# RQ calls a job finished that ran out of its time, and gives it no second limit.
#
# RQ 3.0.0, redis 8.1.0, fakeredis 2.41.0
# Guess: job_timeout ends a job, and the job then counts as failed, whatever the job itself catches; or what was caught
#        is raised again.
# Seen:  the limit is an ordinary Exception, raised once by an alarm. A job that catches errors for each of its items
#        takes it for an error of the item in hand and goes on past its limit; the job is "finished". (SimpleWorker,
#        which has no parent that would end it later.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check rq==3.0.0 redis==8.1.0 'fakeredis[lua]==2.41.0'
cat >"$folder/work.py" <<'PYTHON'
import time


def run_each(seconds):
    seen = []
    for item in seconds:
        try:
            time.sleep(item)
            seen.append("done")
        except Exception as error:
            seen.append(type(error).__name__)
    return seen


def run_once(seconds):
    time.sleep(seconds)
PYTHON
cd "$folder"
PYTHONPATH=. "$folder/venv/bin/python" - <<'PYTHON'
import logging

import fakeredis
import work
from rq import Queue, SimpleWorker

logging.disable(logging.CRITICAL)
connection = fakeredis.FakeRedis(server_version=(7, 0))
queue = Queue(connection=connection)
plain = queue.enqueue(work.run_once, 30, job_timeout=1)
careful = queue.enqueue(work.run_each, [30, 2, 2], job_timeout=1)
SimpleWorker([queue], connection=connection).work(burst=True)
seen = {"no except": plain.get_status().value, "except Exception": careful.get_status().value}
for name, status in seen.items():
    print(f"{name}: {status}")
print("its items:", careful.return_value())
if seen != {"no except": "failed", "except Exception": "finished"}:
    raise SystemExit("this has changed")
if careful.return_value() != ["JobTimeoutException", "done", "done"]:
    raise SystemExit("this has changed")
PYTHON
