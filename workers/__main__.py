"""The command's former name: `python -m workers` runs `python -m leadsync`, and says so once."""

import runpy
import sys

print("leadsync: `python -m workers` is now `python -m leadsync`; the old name keeps working.", file=sys.stderr)
runpy.run_module("leadsync", run_name="__main__", alter_sys=True)
