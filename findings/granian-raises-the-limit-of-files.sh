#!/usr/bin/env bash
# Importing granian changes the process's limit of open files.
#
# granian 2.8.7, Linux
# Guess: importing a web server's package changes nothing outside of it; a soft limit stays until the server starts.
# Seen:  the import of its server module alone raises RLIMIT_NOFILE's soft limit to the hard one, and so in every child
#        that is started later: code that asks for the limit, or tests that lower it before the import, see another.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check granian==2.8.7
ulimit -S -n 256
"$folder/venv/bin/python" - <<'PYTHON'
import resource

before = resource.getrlimit(resource.RLIMIT_NOFILE)
from granian.server import Server  # noqa: E402, F401

after = resource.getrlimit(resource.RLIMIT_NOFILE)
print("soft limit before the import:", before[0])
print("soft limit after the import: the hard one" if after[0] == after[1] else f"soft limit after: {after[0]}")
if not (before[0] == 256 and after[0] == after[1] != 256):
    raise SystemExit("this has changed")
PYTHON
