"""`python -m workers` is `leadsync`, where only the requirements were installed."""

from workers.cli import main

main()
