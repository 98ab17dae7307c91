"""What people are told of leads, messages and the system's state: one file per language, with the same keys."""
