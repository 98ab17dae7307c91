#!/usr/bin/env bash
# RQ runs a job again that succeeded, if its success callback raises.
#
# RQ 3.0.0, redis 8.1.0, fakeredis 2.41.0
# Guess: (put down after the run) `retry` repeats a job that raised. One that returned is done: an error of on_success is
#        logged, or marks the job failed and no more.
# Seen:  the error counts as the job's own. With Retry(max=2) the job runs three times, each time to its end, on_failure
#        is called after each on_success, and the job ends as failed without its result. A notice that cannot be sent
#        makes a job that charges or writes to a customer do so three times.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check rq==3.0.0 redis==8.1.0 'fakeredis[lua]==2.41.0'
cat >"$folder/work.py" <<'PYTHON'
done = []


def charge(order):
    done.append("charged")
    return order


def tell(job, connection, result):
    done.append("on_success")
    raise ConnectionError("no mail today")


def mourn(job, connection, kind, error, trace):
    done.append(f"on_failure({kind.__name__})")
PYTHON
cd "$folder"
PYTHONPATH=. "$folder/venv/bin/python" - <<'PYTHON'
import logging

import fakeredis
import work
from rq import Callback, Queue, Retry, SimpleWorker

logging.disable(logging.CRITICAL)
connection = fakeredis.FakeRedis(server_version=(7, 0))
queue = Queue(connection=connection)


def run(**options):
    work.done.clear()
    job = queue.enqueue(work.charge, 7, on_failure=Callback(work.mourn), **options)
    SimpleWorker([queue], connection=connection).work(burst=True)
    return list(work.done), job.get_status(refresh=True).value, job.return_value()


ROUND = ["charged", "on_success", "on_failure(ConnectionError)"]
seen = {
    "no callback": run(retry=Retry(max=2)),
    "no retry": run(on_success=Callback(work.tell)),
    "two retries": run(on_success=Callback(work.tell), retry=Retry(max=2)),
}
for name, (done, status, result) in seen.items():
    print(f"{name}: {', '.join(done)}; {status}, result {result}")
if seen != {
    "no callback": (["charged"], "finished", 7),
    "no retry": (ROUND, "failed", None),
    "two retries": (ROUND * 3, "failed", None),
}:
    raise SystemExit("this has changed")
PYTHON
