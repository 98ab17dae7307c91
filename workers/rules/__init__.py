"""Pure: everything that decides. Nothing in here does I/O."""
