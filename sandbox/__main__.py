"""`python -m sandbox`: all of it on this machine, with stand-ins for what the environment does not name."""

import argparse
import os
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from leadcore import local_run
from leadcore.config import DEFAULT_FILE
from leadcore.local_run import DATA
from leadcore.settings import split_secrets
from sandbox import launch, redis
from sandbox.data_folder import DataFolder
from sandbox.ports import PortReservations
from sandbox.processes import EndedError, Processes, listen


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
    home = DataFolder(folder / ("sandbox" if needs.hubspot else "portal"))
    reservations = stack.enter_context(PortReservations())
    ports = launch.choose_ports(launch.wish_ports(os.environ), reservations.take, redis.free_port)
    own = {
        **home.keep_secrets(),
        "SPOOL_DIR": str(home.spool.absolute()),
    }
    if needs.hubspot and not Path(DEFAULT_FILE).is_file():
        own |= {"LEADSYNC_CONFIG": str(Path(__file__).with_name("leadsync.toml")), "PROMPTPAY_ID": launch.NOBODY}
    said = ""
    if needs.redis:
        # What the stand-in for HubSpot knows and what Redis knows go together: a Redis that remembers what it told an
        # empty portal would tell it nothing again.
        running = stack.enter_context(redis.start(home.redis, ports["redis"], before=partial(_match, home, needs)))
        own["REDIS_URL"] = running.url
        said = f"{running.url}  (embedded {redis.identify_file(running.server)})" if running.server else ""
        said = said or f"{running.url}  (fakeredis: keeps no data)"
        if needs.hubspot and not running.server:
            home.clear_states()
    elif needs.hubspot:
        home.clear_states()
    environ = launch.extend(os.environ, ports, own)
    secret = next(iter(split_secrets(environ["DEALDROID_SECRET"])), "")
    processes = stack.enter_context(Processes(environ, signals, show))
    for part in launch.list_parts(os.environ, ports, secret, home.path, own.get("REDIS_URL", "")):
        processes.start(part)
    is_announced = stack.enter_context(local_run.announce(Path(DATA), *launch.tell(os.environ, environ)))
    show(launch.describe(os.environ, ports, own, said, home.path if folder == Path(DATA) else None))
    if not is_announced:
        show("Commands in this folder mean the `leadsync run` that was started here before.\n")
    processes.watch()


def _match(home: DataFolder, needs: launch.Needs) -> None:
    """Before Redis starts, with its folder locked: empty both sides, unless both can go on."""
    if needs.hubspot and not home.is_whole():
        home.clear()


def show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
