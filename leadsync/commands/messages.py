"""The command that sends a message to a customer."""

import json
import secrets
from typing import TYPE_CHECKING

import click

from leadsync.commands import as_json, exit_on_outage

if TYPE_CHECKING:
    from leadcore.store.connection import Redis


@click.command()
@click.argument("customer")
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...")
@click.option("--urgent", is_flag=True, help="Send it in quiet hours too.")
@click.option("--key", help="Send it once, however often the command is repeated with this key.")
@as_json
def say(customer: str, texts: tuple[str, ...], urgent: bool, key: str | None, as_json: bool) -> None:
    """Send a message of one or more texts to a customer: it waits to be sent, and leadsync lead ID tells what became
    of it. The id is given to DealDroid as DealDroid last gave it, as a number or as a text."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.messages import OTHER, Messages
    from leadcore.store.outgoing import SAY, name_message
    from receiver.api.errors import Invalid
    from receiver.api.message_form import make_message, warn

    key = key or secrets.token_hex(16)
    settings = read()
    redis = connect(settings)
    try:
        with exit_on_outage():
            as_given = _as_given(redis, settings.key.encode(), customer)
        body = {"customer_id": as_given, "messages": list(texts), "urgent": urgent}
        message = make_message(name_message(SAY, key), body)
    except Invalid as error:
        raise click.UsageError(str(error)) from None
    with exit_on_outage():
        if Messages(redis, settings.config.inbox.shards).put(message, key) == OTHER:
            raise click.UsageError("Another message was sent with this --key.")
    warnings = warn(message)
    if as_json:
        click.echo(json.dumps({"id": message.id, "warnings": warnings}))
        return
    click.echo(f"It waits to be sent. What becomes of it: leadsync lead {message.id}")
    for warning in warnings:
        click.echo(f"leadsync: {warning}", err=True)


def _as_given(redis: "Redis", fixed_key: bytes, customer: str) -> str | int | float:
    """The customer's id as DealDroid knows it: 123 is not "123"."""
    from leadcore.event import identity
    from leadcore.store import keys
    from workers.rules.customer import unpack

    key = fixed_key or redis.get(keys.SECRET)
    if not key or not unpack(redis.get(keys.customer(keys.digest(key, customer)))).numeric:
        return customer
    try:
        number = json.loads(customer)
    except ValueError:
        return customer
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    return number if is_number and identity(number) == customer else customer
