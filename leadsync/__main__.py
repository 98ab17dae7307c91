"""`python -m leadsync` is `leadsync`, where only the requirements were installed."""

from leadsync.cli import main

main()
