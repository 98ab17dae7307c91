"""The web process: takes posts, keeps them in Redis or on disk, and shows the lead console."""
