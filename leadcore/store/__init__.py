"""Redis: connections, key names, Lua scripts, streams, counters, and parked leads and unsent messages."""
