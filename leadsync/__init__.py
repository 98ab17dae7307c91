"""The `leadsync` command, above the processes that it starts and looks into."""
