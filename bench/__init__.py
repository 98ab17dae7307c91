"""What `make bench` and `make chaos` run: real processes on this machine, measured from outside."""
