"""The `leadsync` command: starts the processes, inspects them and repairs."""
