"""Who may work and for how long: leases, pauses, deadlines, and the errors that stop work."""
