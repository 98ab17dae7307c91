"""The command that sends a message to a customer."""

import json
import secrets

import click

from leadsync.commands import as_json, exit_on_outage


@click.command()
@click.argument("customer")
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...")
@click.option("--urgent", is_flag=True, help="Send it in quiet hours too.")
@click.option("--key", help="Send it once, however often the command is repeated with this key.")
@as_json
def say(customer: str, texts: tuple[str, ...], urgent: bool, key: str | None, as_json: bool) -> None:
    """Send a message of one or more texts to a customer: it waits to be sent, and leadsync lead ID tells what became
    of it."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.messages import OTHER, Messages
    from leadcore.store.outgoing import SAY, name_message
    from receiver.api.errors import Invalid
    from receiver.api.message_form import make_message, warn

    key = key or secrets.token_hex(16)
    settings = read()
    try:
        body = {"customer_id": customer, "messages": list(texts), "urgent": urgent}
        message = make_message(name_message(SAY, key), body)
    except Invalid as error:
        raise click.UsageError(str(error)) from None
    with exit_on_outage():
        if Messages(connect(settings), settings.config.inbox.shards).put(message, key) == OTHER:
            raise click.UsageError("Another message was sent with this --key.")
    warnings = warn(message)
    if as_json:
        click.echo(json.dumps({"id": message.id, "warnings": warnings}))
        return
    click.echo(f"It waits to be sent. What becomes of it: leadsync lead {message.id}")
    for warning in warnings:
        click.echo(f"leadsync: {warning}", err=True)
