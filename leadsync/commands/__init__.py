"""The commands of `leadsync`, and what they share.

The commands import what they need when they run: `leadsync --help` and `leadsync web` start without the rest."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@contextmanager
def exit_on_outage() -> Iterator[None]:
    """Report an outage of Redis or HubSpot, or busy workers, in one line and exit with code 1."""
    import redis

    from workers.flow.errors import Busy, LineDown, LostLease, SetupError

    try:
        yield
    except redis.RedisError as error:
        from leadcore.settings import read
        from leadcore.store.connection import describe_error

        hint = (
            "Check REDIS_URL; leadsync doctor says more."
            if os.environ.get("REDIS_URL")
            else "REDIS_URL is not set and no `leadsync run` works in this folder, so that is the default."
        )
        where = read().redis_address
        if isinstance(error, redis.ResponseError):
            said = f"leadsync: Redis at {where} answers, but refuses this ({describe_error(error)}). "
            click.echo(f"{said}leadsync doctor says more.", err=True)
            sys.exit(1)
        click.echo(f"leadsync: Redis does not answer at {where} ({describe_error(error)}). {hint}", err=True)
        sys.exit(1)
    except (Busy, LostLease):
        click.echo("leadsync: the workers are busy with these leads. Repeat the command.", err=True)
        sys.exit(1)
    except (LineDown, SetupError) as error:
        click.echo(f"leadsync: {error}", err=True)
        sys.exit(1)


def current_user() -> str:
    """Who runs the command, for the list of actions."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container the user may have no name
        return f"user {os.getuid()}"
