"""Payment links: what a customer pays by, and who says that something is paid."""
