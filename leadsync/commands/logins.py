"""The command that makes logins of the lead console."""

import secrets
import sys

import click

from leadcore.logins import HASH_METHOD, ROLES, VARIABLE, find_fault, normalize

SHORTEST = 12
"""Characters of a password. Nobody can try many: see `receiver.throttle`."""
RANDOM_BYTES = 12


@click.group()
def console() -> None:
    """Logins of the lead console for each person (CONSOLE_USERS)."""


@console.command()
@click.argument("name")
@click.option("--role", type=click.Choice([*ROLES]), required=True, help="sales: may read. admin: may act as well.")
@click.option("--random", "is_random", is_flag=True, help="Make a password and show it, once.")
def user(name: str, role: str, is_random: bool) -> None:
    """Make the entry of NAME for CONSOLE_USERS. Asks for the password, or reads it from a pipe; it is kept nowhere."""
    from werkzeug.security import generate_password_hash

    fault = find_fault(name)
    if fault:
        raise click.UsageError(f"{fault}.")
    password = normalize(secrets.token_urlsafe(RANDOM_BYTES) if is_random else _ask())
    if len(password) < SHORTEST:
        raise click.UsageError(f"the password must have at least {SHORTEST} characters; --random makes one.")
    if not password.isprintable():
        raise click.UsageError("the password must be without line breaks and other control characters.")
    if is_random:
        click.echo(f"The password of {name}, which is shown only now: {password}", err=True)
    click.echo(
        f"Add this line to {VARIABLE}, whose entries are separated by blanks or new lines, and restart `web`. In a "
        "shell quote the value '...': it has $ in it.",
        err=True,
    )
    click.echo(f"{normalize(name)}:{role}:{generate_password_hash(password, HASH_METHOD)}")


def _ask() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
