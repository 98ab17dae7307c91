"""Output of the commands: tables for people, JSON for machines."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import track as bar
from rich.table import Table
from rich.text import Text

from leadcore.receipts import Receipt
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.leads import read_newest, read_receipts
from leadcore.store.status import Status

if TYPE_CHECKING:
    from leadcore.store.parked import Cause
    from leadsync.doctor.finding import Finding
    from leadsync.preview import Preview
    from leadsync.privacy.forget import Forgotten
    from leadsync.reconcile import Found
    from leadsync.trust import Trust

T = TypeVar("T")
COLOURS = {"fine": "green", "warning": "yellow", "wrong": "bold red"}


def newest(connection: Redis, limit: int) -> list[Receipt]:
    """The newest receipts, newest first; expired ones are left out."""
    leads = [lead for _, lead in read_newest(connection, limit)]
    return [one for one in read_receipts(connection, leads) if one]


def print_status(status: Status, timezone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(status.as_dict()))
        return
    table = Table(show_header=False, box=None)
    pause = status.pause
    line = f"paused until {_time(pause['until_ms'], timezone)}: {pause['reason']}" if pause else "running"
    table.add_row("Line to HubSpot", line)
    table.add_row("Workers alive", str(status.workers))
    oldest = f" (oldest since {_time(status.oldest_ms, timezone)})" if status.oldest_ms else ""
    table.add_row("Leads waiting", f"{status.waiting}{oldest}")
    table.add_row("Messages waiting", str(sum(status.depths[keys.OUTBOX])))
    table.add_row("Leads parked", str(status.parked))
    for name, count in sorted(status.counts.items()):
        table.add_row(name.replace("_", " ").capitalize(), str(count))
    Console().print(table)


def print_leads(found: Sequence[Receipt], timezone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([receipt.as_dict() for receipt in found]))
        return
    table = Table("Lead", "Received", "Customer", "Intent", "State", "Contact", "Message")
    for one in found:
        table.add_row(
            one.lead,
            _time(one.received_ms, timezone),
            one.customer_id,
            one.intent,
            one.state,
            one.contact_id,
            one.message,
        )
    Console().print(table)


def print_receipt(receipt: Receipt, timezone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(receipt.as_dict()))
        return
    table = Table(show_header=False, box=None)
    for name, value in receipt.as_dict().items():
        if name.endswith("_ms"):
            table.add_row(name.removesuffix("_ms"), _time(value, timezone))
        elif name == "notes":
            for note in receipt.notes:
                table.add_row(note.what, f"{note.property}: {note.why}")
        elif value:
            table.add_row(name.replace("_", " "), ", ".join(value) if isinstance(value, list) else str(value))
    Console().print(table)


def print_causes(causes: Sequence["Cause"], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([cause.as_dict() for cause in causes]))
        return
    if not causes:
        print("No lead is parked.")
        return
    table = Table("Leads", "Cause", "Fix", "First lead")
    for cause in causes:
        table.add_row(str(len(cause.leads)), cause.reason, cause.fix, cause.leads[0])
    Console().print(table)
    print("leadsync retry ID, or --reason TEXT, or --all; leadsync discard likewise.")


def print_findings(findings: Sequence["Finding"], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([finding.as_dict() for finding in findings]))
        return
    table = Table(show_header=False, box=None)
    for one in findings:
        table.add_row(one.subject, Text(one.state, COLOURS[one.state]), Text(f"{one.text} {one.fix}".rstrip()))
    Console().print(table)


def print_preview(preview: "Preview", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(preview.as_dict()))
        return
    print(preview.summary)
    table = Table("Property", "Now", "Would be")
    for change in preview.changes:
        table.add_row(change.property, Text(change.now), Text(change.new))
    if preview.changes:
        Console().print(table)
    for kept in preview.kept:
        print(f"{kept.property} {kept.what}: {kept.why}")


def print_missing(found: "Found", *, repaired: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    leads = sum(1 for one in found.missing if one.lead)
    print(f"{leads} of {found.leads} leads missing, {found.customers} customers checked.")
    if found.missing:
        table = Table("Lead", "Customer", "Contact", "Why")
        for one in found.missing:
            table.add_row(one.lead or "-", Text(one.customer_id or "-"), one.contact_id, one.why)
        Console().print(table)
    if repaired:
        print(f"{found.repaired} customers repaired: their next event writes all its values again.")
    elif found.missing:
        print("leadsync reconcile --repair lets the next event of these customers write all its values again.")


def print_forgotten(done: "Forgotten", *, asked: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps(done.as_dict()))
        return
    print("Removed: " + ", ".join(f"{count} {what}" for what, count in done.removed.items()) + ".")
    for one in done.hubspot:
        others = f" {one.others} other chat customers were linked to this contact." if one.others else ""
        if one.erased:
            print(f"HubSpot: contact {one.contact_id} deleted for good.{others}")
        else:
            print(
                f"HubSpot: contact {one.contact_id} is somebody else's; this customer's id was removed from it. "
                f"Check it: values that this customer filled in are still there.{others}"
            )
    if not asked:
        print("HubSpot was left unchanged; --hubspot deletes the contact there too.")
    elif not done.hubspot and not done.remains:
        print("HubSpot has no contact of this customer.")
    for what in done.remains:
        print(f"Still to be done: {what}")


def print_trust(done: "Trust", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(done.as_dict()))
        return
    already = "" if done.changed else " already"
    if done.trusted:
        print(f"Trusted{already}: what this customer says from now on is written to contact {done.contact_id}.")
        print('What they said before stands there under "Values not saved".')
    else:
        print(f"Not trusted{already}: this customer only fills blanks of contact {done.contact_id}.")
        print("What they wrote there while trusted stays.")


def track(sequence: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """The items of `sequence`, with a progress bar on a terminal."""
    console = Console(stderr=True)
    return bar(sequence, what, total=total, console=console, transient=True, disable=not console.is_terminal)


def _time(ms: int | None, timezone: ZoneInfo) -> str:
    return datetime.fromtimestamp(ms / 1000, timezone).strftime("%Y-%m-%d %H:%M:%S") if ms else ""
