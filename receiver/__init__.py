"""The web process, and what both processes share: the event, the inbox and the receipts."""
