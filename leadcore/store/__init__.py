"""All that is about Redis: connections, key names, Lua scripts, streams, counters and what waits for a person."""
