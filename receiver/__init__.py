"""The web process: accepts posts, stores them in Redis or on disk, and serves the lead console."""
