"""Ends processes when the one that started them is gone, however it went: SIGKILL leaves no time to clean up."""

import subprocess

# The pipe's end is the death of its only writer. A shell is a megabyte, and works wherever Redis does.
_WATCH = 'while read -r group; do groups="$groups -$group"; done; [ -z "$groups" ] || kill -s TERM -- $groups'


class ParentWatch:
    """A tiny watcher of this process; it sends SIGTERM to the process groups that were given to `hold`."""

    def __init__(self) -> None:
        # In a session of its own, so that Ctrl-C on the terminal does not end the watcher before the watched.
        self._watcher = subprocess.Popen(  # noqa: S603 - a constant command
            ["/bin/sh", "-c", _WATCH],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )

    def hold(self, group: int) -> None:
        """From now on `group` (the id of a process that leads its group) ends with this process."""
        if self._watcher.stdin:
            self._watcher.stdin.write(b"%d\n" % group)

    def release(self) -> None:
        """Lets go of all of them, without ending them."""
        self._watcher.kill()
        self._watcher.communicate()
