"""The commands about the line as a whole, and about leads that need a person: status, parked, retry, discard."""

import json
import os
import sys
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import click

from leadsync.commands import as_json, current_user, exit_on_outage
from leadsync.wording import count

if TYPE_CHECKING:
    from leadcore.reasons import Reason
    from leadcore.settings import Settings
    from leadcore.store.connection import Redis
    from leadcore.store.parked import Parked

NONE_FITS, NONE_HELD = "No parked lead fits.", "No lead is held back."


@click.command()
@as_json
def status(as_json: bool) -> None:
    """Show whether the line works and what is waiting. The exit code is 1 if leads do not get through."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.status import read_status
    from leadcore.verdict import assess, is_bad
    from leadsync.doctor.machine import assess_disk
    from leadsync.terminal import print_status

    settings = read()
    connection = connect(settings)
    with exit_on_outage():
        found = read_status(connection, settings.config.inbox.shards, settings.timezone)
        disk = assess_disk(settings, connection)
    problems = assess(found, **disk)
    print_status(found, problems, settings.timezone, as_json=as_json)
    sys.exit(int(is_bad(problems)))


@click.command()
@as_json
def parked(as_json: bool) -> None:
    """Show the leads and messages that need a person, by cause, with the fix."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.parked import Parked, causes
    from leadsync.terminal import print_causes

    settings = read()
    with exit_on_outage():
        print_causes(causes(Parked(connect(settings), settings.config.inbox).receipts()), as_json=as_json)


@click.command()
@click.argument("ids", nargs=-1, metavar="[LEAD]...")
@click.option("--reason", help="All parked leads whose reason contains this text.")
@click.option("--all", "every", is_flag=True, help="All parked leads.")
@click.option("--held", is_flag=True, help="All leads that a dry run held back.")
@as_json
def retry(ids: tuple[str, ...], reason: str | None, every: bool, held: bool, as_json: bool) -> None:
    """Try parked leads again, or write what a dry run held back. Newer values of the customer are kept, and no message
    is sent to them. If a lead is written and only its message failed, the message is sent; with --all not where sending
    was interrupted, because the customer may have the message. LEAD: an id, a customer's id, or the beginning of an id,
    of 6 characters at least."""
    store, chosen = _select(ids, reason, every, held, as_json, but="interrupted: ")
    _explain_none(chosen, reason)
    if held:
        _refuse_while_dry(store.redis)
    _apply_to_each(store.retry, chosen, "retried", NONE_HELD if held else NONE_FITS, as_json)


@click.command()
@click.argument("ids", nargs=-1, metavar="[LEAD]...")
@click.option("--reason", help="All parked leads whose reason contains this text.")
@click.option("--all", "every", is_flag=True, help="All parked leads.")
@click.option("--held", is_flag=True, help="All leads that a dry run held back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def discard(ids: tuple[str, ...], reason: str | None, every: bool, held: bool, yes: bool, as_json: bool) -> None:
    """Give up parked or held leads: their data is deleted for good, their receipts stay. LEAD: as for `retry`."""
    store, chosen = _select(ids, reason, every, held, as_json)
    _explain_none(chosen, reason)
    if chosen and not yes:
        click.confirm(f"Delete the data of {count(len(chosen), 'lead')} for good?", abort=True, err=True)
    none = NONE_HELD if held else "Nothing is parked." if every else NONE_FITS
    _apply_to_each(store.discard, chosen, "discarded", none, as_json)


def _select(
    ids: tuple[str, ...], reason: str | None, every: bool, held: bool, as_json: bool, but: str | None = None
) -> tuple["Parked", dict[str, Collection[str]]]:
    """The store of parked and held leads, and the selected ids, each with the names of what of it is meant; `every`
    skips reasons that begin with `but`. Exits with code 1 if one of `ids` names several leads; raises
    `click.UsageError`."""
    from leadcore.reasons import english
    from leadcore.settings import read
    from leadcore.store import lines
    from leadcore.store.connection import connect
    from leadcore.store.parked import EVERYTHING, Parked, find_kept

    if bool(ids) + bool(reason) + every + held != 1:
        raise click.UsageError("Select leads by id, by --reason TEXT, by --all or by --held.")
    settings = read()
    store = Parked(connect(settings), settings.config.inbox)
    if ids:
        return store, dict.fromkeys(_name(store, ids, settings, as_json), EVERYTHING)
    with exit_on_outage():
        if held:
            return store, dict.fromkeys(store.held(), frozenset((lines.HELD.name,)))
        found = store.receipts()
    if every:
        fit = [one for one in found if not but or not one.reason.startswith(but)]
    else:
        fit = [one for one in found if (reason or "").lower() in english(one.reason).lower()]
    chosen: dict[str, Collection[str]] = {}
    for one in fit:
        chosen[one.lead] = {*chosen.get(one.lead, ()), find_kept(one)}
    return store, chosen


def _explain_none(chosen: Collection[str], reason: str | None) -> None:
    if reason and not chosen:
        click.echo(f"leadsync: no reason contains {reason!r}; `leadsync parked` shows what waits, and why.", err=True)


def _name(store: "Parked", names: tuple[str, ...], settings: "Settings", as_json: bool) -> list[str]:
    """The ids of the leads that the names mean. A name of none stays as it is; if one means several, they are shown,
    and the command exits with code 1 before anything is done."""
    from leadsync.lead_search import find_waiting
    from leadsync.terminal import print_leads

    with exit_on_outage():
        found = find_waiting(store, names)
    for name, meant in found.items():
        if len(meant) > 1:
            click.echo(
                f"leadsync: nothing was done: {len(meant)} leads that wait fit {name}; name them by their ids:",
                err=True,
            )
            print_leads(meant, settings.timezone, as_json=as_json)
            sys.exit(1)
    for name, meant in found.items():
        if meant and meant[0].lead != name:
            click.echo(f"{name} is lead {meant[0].lead}.", err=True)
    return list(dict.fromkeys(found[name][0].lead if found[name] else name for name in names))


def _refuse_while_dry(connection: "Redis") -> None:
    """Exit with code 1 if a dry run would hold everything back again: by the workers that are alive; if none is, by
    this command's own environment."""
    from leadcore.reasons import english
    from leadcore.settings import flag
    from leadcore.store.parked import STILL_DRY
    from leadcore.store.status import are_workers_dry

    with exit_on_outage():
        is_dry = are_workers_dry(connection)
    if flag(os.environ, "DRY_RUN", default=False) if is_dry is None else is_dry:
        click.echo(f"leadsync: nothing was retried: {english(STILL_DRY)}.", err=True)
        sys.exit(1)


def _apply_to_each(
    action: Callable[[str, str, Collection[str]], "Reason"],
    chosen: Mapping[str, Collection[str]],
    done: str,
    none: str,
    as_json: bool,
) -> None:
    """Apply `action` to what is meant of each lead and report; exit code 1 if one was refused. `done`: its past
    participle; `none`: what to say where no lead was chosen."""
    from leadcore.reasons import english
    from leadsync.terminal import track

    refused: dict[str, str] = {}
    user = current_user()
    with exit_on_outage():
        for one in track(chosen, done.capitalize()):
            why = action(one, user, chosen[one])
            if why:
                refused[one] = english(why)
    if as_json:
        click.echo(json.dumps({done: [one for one in chosen if one not in refused], "refused": refused}))
    else:
        click.echo(f"{count(len(chosen) - len(refused), 'lead')} {done}." if chosen else none)
        for one, text in refused.items():
            click.echo(f"{one}: {text}", err=True)
    sys.exit(1 if refused else 0)
