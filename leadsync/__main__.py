"""`python -m leadsync`: the `leadsync` command where only the requirements are installed."""

from leadsync.cli import main

# A process that is spawned, as off Linux, imports this module again.
if __name__ == "__main__":
    main()
