"""The `leadsync` command: starts the processes, inspects them and repairs."""

__version__ = "0.1.0"
