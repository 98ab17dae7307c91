"""`python -m leadsync`: the `leadsync` command where only the requirements are installed."""

from leadsync.cli import main

main()
