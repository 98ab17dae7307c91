"""`python -m sandbox`: all of it on this machine, with stand-ins for what the environment does not name."""

import argparse
import os
import secrets
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from leadcore.config import DEFAULT_FILE
from leadcore.errors import SettingsError
from leadcore.settings import split_secrets
from receiver import listener
from sandbox import launch, redis
from sandbox.processes import EndedError, Processes, listen

DATA = ".leadsync"


def main(arguments: list[str] | None = None) -> int:
    """Runs until Ctrl-C or SIGTERM; the exit code: 0 then, 1 if something ends by itself, 2 if it is refused here."""
    parser = argparse.ArgumentParser(prog="leadsync run", description=__doc__)
    parser.add_argument("--ephemeral", action="store_true", help=f"keep the data in a temporary folder, not in {DATA}")
    given = parser.parse_args(arguments)
    reason = launch.refuse(os.environ)
    if reason:
        print(reason, file=sys.stderr)
        return 2
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(TemporaryDirectory(prefix="leadsync-")) if given.ephemeral else DATA
            run(Path(folder), stack)
    except EndedError as end:
        print(f"\n{end}", file=sys.stderr)
        return end.code
    except redis.StartError as error:
        print(f"{error}. To run beside another `leadsync run`, or without old data, use --ephemeral.", file=sys.stderr)
        return 1
    return 0


def run(folder: Path, stack: ExitStack) -> None:
    """Starts everything on `stack` and waits for the end, which is an `EndedError`. Raises `redis.StartError`."""
    signals = listen()
    needs = launch.find_needs(os.environ)
    # What has been said to the stand-in must not count as said to the portal.
    home = folder / ("sandbox" if needs.hubspot else "portal")
    ports = launch.choose_ports(launch.wish_ports(os.environ), is_free, redis.free_port)
    own = {
        "DEALDROID_SECRET": secrets.token_urlsafe(24),
        "CONSOLE_PASSWORD": secrets.token_urlsafe(12),
        "SPOOL_DIR": str((home / "spool").absolute()),
        "LEADSYNC_KEY": secrets.token_urlsafe(24),
    }
    if needs.hubspot and not Path(DEFAULT_FILE).is_file():
        own["LEADSYNC_CONFIG"] = str(Path(__file__).with_name("leadsync.toml"))
    said = ""
    if needs.redis:
        # The stand-in for HubSpot begins empty; a Redis that remembers what it was told would tell it nothing again.
        running = stack.enter_context(redis.start(home / "redis", ports["redis"], empty=needs.hubspot))
        own["REDIS_URL"] = running.url
        said = (
            f"{running.url}  (embedded {redis.identify_file(running.server)}, data in {home})"
            if running.server
            else f"{running.url}  (fakeredis: keeps no data)"
        )
    environ = launch.extend(os.environ, ports, own)
    processes = stack.enter_context(Processes(environ, signals, show))
    for part in launch.list_parts(os.environ, ports, next(iter(split_secrets(environ["DEALDROID_SECRET"])), "")):
        processes.start(part)
    show(launch.describe(os.environ, ports, own, said))
    processes.watch()


def is_free(port: int) -> bool:
    try:
        listener.listen("127.0.0.1", port, wait_seconds=0).close()
    except SettingsError:
        return False
    return True


def show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
