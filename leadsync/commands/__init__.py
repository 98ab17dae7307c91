"""The commands of `leadsync`, and what they share."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@contextmanager
def told() -> Iterator[None]:
    """TimeSlice the faults of the outside world into one plain line and exit code 1."""
    import redis

    from workers.flow.errors import Busy, LineDown, LostLease
    from workers.hubspot.setup import SetupError

    try:
        yield
    except redis.RedisError as error:
        click.echo(f"leadsync: Redis does not answer ({type(error).__name__}). Check REDIS_URL.", err=True)
        sys.exit(1)
    except (Busy, LostLease):
        click.echo("leadsync: the workers are busy with these leads. Repeat the command.", err=True)
        sys.exit(1)
    except (LineDown, SetupError) as error:
        click.echo(f"leadsync: {error}", err=True)
        sys.exit(1)


def user() -> str:
    """Who calls, for the record of what people did."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"
