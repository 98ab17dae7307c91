"""The command that says that an order is paid."""

import json
import sys

import click

from leadsync.commands import as_json, current_user, exit_on_outage

_WORDS = {
    "recorded": "It is noted: HubSpot and the customer are told within seconds.",
    "called_off": "It is noted. The order was cancelled in HubSpot: unless it was moved back, the payment waits for a "
    "person: leadsync parked.",
    "differs": "It is noted. As far as is known here, the order costs another amount: the payment waits for a person: "
    "leadsync parked.",
    "asked": "It is noted. Nothing is known of this order here: if HubSpot has it, HubSpot and the customer are told "
    "within seconds; if not, the payment comes to wait for a person: leadsync parked.",
    "waits": "It is noted, but nothing follows from it: leadsync.toml has no table [orders].",
    "repeated": "That was said before.",
    "paid": "The order is paid already.",
    "cancelled": "The order was cancelled. If it is to be delivered, move it in HubSpot.",
    "unknown": "Nothing is known of what this order costs. Say what was paid with --amount.",
}


@click.command()
@click.argument("reference", metavar="REF")
@click.option("--amount", help="What was paid, if it is not known here what the order costs.")
@as_json
def paid(reference: str, amount: str | None, as_json: bool) -> None:
    """Say that the order REF is paid, as nobody else does with PromptPay or a bank transfer. Another amount than the
    order's waits for a person: leadsync parked."""
    from leadcore.orders.money import from_units, read_amount, to_units
    from leadcore.orders.reference import read_reference
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.orders import read_order
    from leadcore.store.payments import MOST_UNITS, say_paid

    settings = read()
    currency, read_ref = settings.config.currency, read_reference(reference)
    if not read_ref:
        raise click.UsageError("REF must be an order's reference, 8 letters and digits.")
    sum_ = None if amount is None else read_amount(amount, currency)
    units = to_units(sum_, currency) if sum_ else None
    if amount is not None and not 0 < (units or 0) < MOST_UNITS:
        raise click.UsageError(f"--amount must be a sum in {currency}, such as 1250.50.")
    with exit_on_outage():
        redis, shards = connect(settings), settings.config.inbox.shards
        order = read_order(redis, read_ref)
        if units is None:
            units, currency = order.units, order.currency
        said = say_paid(redis, shards, read_ref, current_user(), units=units, currency=currency)
    is_recorded = said in ("recorded", "called_off")
    amount_paid = f"{from_units(units, currency):,}" if units and is_recorded else ""
    if as_json:
        shown = {"amount": amount_paid, "currency": currency} if amount_paid else {}
        click.echo(json.dumps({"reference": read_ref, "outcome": said, **shown}))
    else:
        if amount_paid:
            click.echo(f"{amount_paid} {currency} are paid for {read_ref}.")
        word: str = said
        if said == "recorded":
            is_known, is_same = order.units is not None, (units, currency) == (order.units, order.currency)
            word = "asked" if not is_known else said if is_same else "differs"
            word = "waits" if settings.config.orders is None else word
        click.echo(_WORDS[word], err=not is_recorded)
    if not is_recorded and said not in ("repeated", "paid"):
        sys.exit(1)
