"""Output of the commands: tables for people, JSON for machines."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import track as bar
from rich.table import Table
from rich.text import Text

from leadcore.endpoint import PAUSED, STOPPED, Endpoint
from leadcore.reasons import Reason, english
from leadcore.receipts import HELD, PARKED, SKIPPED, Receipt
from leadcore.store import endpoints, lines
from leadcore.store.status import Status
from leadcore.verdict import BAD, CALM, WARN, Problem, find_flaws
from leadsync.wording import count

if TYPE_CHECKING:
    from leadcore.store.parked import Cause
    from leadcore.store.stages import HeldStage
    from leadsync.doctor.finding import Finding
    from leadsync.preview import Preview
    from leadsync.preview_outgoing import Outgoing
    from leadsync.privacy.forget import Forgotten
    from leadsync.reconcile import Found
    from leadsync.reconcile_orders import FoundOrders
    from leadsync.trust import Trust
    from receiver.intake.spool import Share

T = TypeVar("T")
HELD_STYLE = "bright_black"
SEVERITIES = {BAD: "Wrong", WARN: "Warning", CALM: "Note"}
STYLES = {BAD: "bold red", WARN: "yellow", CALM: "yellow"}
# What `forget` counts -> one and several of it, where that is no plain English.
_REMOVED = {
    "field clocks": ("record of what the customer said", "records of what the customer said"),
    "email entries": ("email entry", "email entries"),
    "spooled leads": ("lead on this machine's disk", "leads on this machine's disk"),
}
COLOURS = {"fine": "green", "warning": "yellow", "wrong": "bold red"}


def print_status(status: Status, problems: Sequence[Problem], timezone: ZoneInfo, *, as_json: bool) -> None:
    """`problems`: what is wrong, from `leadcore.verdict`."""
    if as_json:
        print(json.dumps({**status.as_dict(), "problems": [one.as_dict() for one in problems]}))
        return
    table = Table(show_header=False, box=None)
    for one in problems:
        table.add_row(SEVERITIES[one.severity], Text(str(one), STYLES[one.severity]))
    if not problems:
        table.add_row("State", Text("Everything works.", COLOURS["fine"]))
    used = [line for line in lines.LINES if not line.has_endpoints or line.name in status.endpoints]
    for line in used:
        if line.has_endpoints:
            continue
        # Leads are always expected; where nothing else waits, nobody is kept waiting.
        matters = line is lines.INBOX or any(status.depths[line.name])
        pause = status.pauses[line.name] if matters else {}
        table.add_row(f"{line.noun.capitalize()} to {line.to}", _describe_line(status, pause, timezone))
    dry = f", {status.dry_workers} with DRY_RUN" if status.dry_run else ""
    table.add_row("Workers alive", f"{status.workers}{dry}")
    for line in used:
        since = status.oldest_ms if line is lines.INBOX else None
        oldest = f" (oldest since {_time(since, timezone)})" if since else ""
        table.add_row(f"{line.noun.capitalize()} waiting", f"{sum(status.depths[line.name])}{oldest}")
    kept = [(line, of, number) for line, of in lines.each_kept() if (number := status.kept[of.name])]
    undecided = ", ".join(
        f"{count(number, line.noun.removesuffix('s'))} {of.said}" for line, of, number in kept if of.for_person
    )
    table.add_row("Need a person", f"{status.need_person} ({undecided})" if undecided else str(status.need_person))
    for line, of, number in kept:
        if not of.for_person:
            table.add_row(f"{line.noun} {of.said}".capitalize(), str(number))
    for name, served in status.endpoints.items():
        for address in served:
            to = f"{name.capitalize()} to {address.number}. {address.name}"
            table.add_row(to, describe_endpoint(address, timezone))
    if status.stages:
        told = f"{status.stages.waiting - status.stages.held} wait, {status.stages.held} held for a person"
        table.add_row("Orders moved in HubSpot", told)
    if status.restoring:
        table.add_row("Brought back", str(status.restoring))
    table.add_row("Last post from DealDroid", describe_last_post(status, timezone))
    table.add_row("Posts refused today", str(status.refused_today))
    table.add_row("Counted since the start")
    for name, number in sorted(status.counts.items()):
        table.add_row(f"  {name.replace('_', ' ')}", str(number))
    _print(table)


def describe_last_post(status: Status, timezone: ZoneInfo) -> str:
    """When DealDroid's last authenticated post came."""
    return _time(status.last_post_ms, timezone) or "never"


def describe_endpoint(one: Endpoint, timezone: ZoneInfo) -> str:
    """How an address outside is."""
    state = {
        PAUSED: f"paused until {_time(one.until_ms, timezone)}: {one.why}",
        STOPPED: f"stopped: {one.why}",
    }.get(one.state, "works")
    given_up = f", {one.given_up} given up" if one.given_up else ""
    return f"{state}; {one.delivered} delivered{given_up}"


def print_endpoints(found: Sequence[Endpoint], timezone: ZoneInfo, *, as_json: bool) -> None:
    """The addresses of hooks or notices."""
    if as_json:
        print(json.dumps([one.as_dict() for one in found]))
        return
    table = Table("Address", "", "State", "Waiting", "Last delivered")
    for one in found:
        last = _time(one.last_ms, timezone) if one.last_ms else "never"
        waiting = f"{'at least ' * ((one.waiting or 0) >= endpoints.MOST_COUNTED)}{one.waiting}"
        table.add_row(str(one.number), one.name, describe_endpoint(one, timezone), waiting, last)
    _print(table if found else "No worker has served an address yet.")


def _describe_line(status: Status, pause: Mapping[str, Any], timezone: ZoneInfo) -> str:
    if not status.workers:
        return f"stopped: {'no worker is running' if status.redis.takes_writes else 'Redis takes no writes'}"
    if pause:
        is_over = pause["until_ms"] <= status.now_ms
        until = "until it is tried again" if is_over else f"until {_time(pause['until_ms'], timezone)}"
        return f"paused {until}: {pause['reason']}"
    return "dry run" if status.dry_run and status.dry_workers == status.workers else "running"


def print_held_stages(found: Sequence["HeldStage"], timezone: ZoneInfo, *, as_json: bool) -> None:
    """Orders of whose stage the customer is told once a person decides."""
    if as_json:
        print(json.dumps([one.as_dict() for one in found]))
        return
    if not found:
        print("Nothing is held.")
        return
    table = Table("Order", "Reference", "Stage", "Moved", "Why")
    for one in found:
        moved = _time(one.record.moved_ms, timezone)
        table.add_row(one.order, one.record.reference, one.record.label, moved, english(one.record.why))
    _print(table)
    print("Tell them: leadsync stages release ORDER...; never tell them: leadsync stages drop ORDER...")


def print_leads(found: Sequence[Receipt], timezone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([as_dict(receipt) for receipt in found]))
        return
    if not found:
        print("No lead fits.")
        return
    # Ids are for copying: they are never cut or wrapped.
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Lead", no_wrap=True)
    table.add_column("Received", no_wrap=True)
    table.add_column("Customer", no_wrap=True)
    table.add_column("What became of it", overflow="fold")
    for one in found:
        style = HELD_STYLE if one.state == HELD else COLOURS["warning"] if _describe_flaws(one) else ""
        received = _time(one.received_ms, timezone, "%m-%d %H:%M")
        table.add_row(one.lead, received, Text(one.customer_id), Text(_describe_result(one), style))
    _print(table)


def describe_lead(receipt: Receipt, timezone: ZoneInfo) -> str:
    """One line about a lead as it is now."""
    lead = (receipt.received_ms, receipt.written_ms, receipt.retried_ms)
    moments = (*lead, receipt.message_ms, receipt.order_ms, receipt.note_ms)
    latest = max((one for one in moments if one), default=None)
    parts = (_time(latest, timezone, "%H:%M:%S"), receipt.lead, receipt.customer_id, _describe_result(receipt))
    return "  ".join(parts)


def _describe_result(receipt: Receipt) -> str:
    parts = [", ".join([receipt.state, *_describe_flaws(receipt)])]
    if receipt.state in (PARKED, SKIPPED) and receipt.reason:
        parts[0] += f": {english(receipt.reason)}"
    if receipt.contact_id:
        parts.append(f"contact {receipt.contact_id}")
    if receipt.message:
        parts.append(f"message {english(receipt.message)}")
    if receipt.order:
        parts.append(f"order {' '.join(filter(None, [receipt.order_ref, english(receipt.order)]))}")
    if receipt.note:
        parts.append(f"note {english(receipt.note)}")
    return f"{receipt.intent}: {'; '.join(parts)}"


def print_receipt(
    receipt: Receipt, timezone: ZoneInfo, links: Mapping[str, str], pause: Mapping[str, Any], *, as_json: bool
) -> None:
    """`links`: what has a page in HubSpot -> the address, "" if it is not known; `pause`: of the line in which the lead
    waits, as `Status` has it, {} if it waits in none that is paused."""
    shown = as_dict(receipt) | {f"{name}_link": url for name, url in links.items()} | {"pause": pause}
    if as_json:
        print(json.dumps(shown))
        return
    table = Table(show_header=False, box=None)
    for name, value in shown.items():
        if name == "pause" and pause:
            table.add_row("line paused", f"since {_time(pause['since_ms'], timezone)}: {pause['reason']}")
        elif name == "notes":
            for note in receipt.notes:
                table.add_row(note.what, f"{note.property}: {english(note.why)}")
        elif value and name.endswith("_ms"):
            table.add_row(f"{name.removesuffix('_ms')} at", _time(value, timezone))
        elif value:
            table.add_row(name.replace("_", " "), ", ".join(value) if isinstance(value, list) else str(value))
    _print(table)


def as_dict(receipt: Receipt) -> dict[str, Any]:
    """For JSON, with what keeps a written lead from being a plain success."""
    return {**receipt.as_dict(), "flaws": _describe_flaws(receipt)}


def _describe_flaws(receipt: Receipt) -> list[str]:
    return [" ".join(flaw) for flaw in find_flaws(receipt)]


def print_causes(causes: Sequence["Cause"], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([cause.as_dict() for cause in causes]))
        return
    if not causes:
        print("No lead is parked.")
        return
    table = Table("Leads", "Cause", "Fix", "First lead")
    for cause in causes:
        table.add_row(str(len(cause.leads)), english(cause.reason), cause.fix, cause.leads[0])
    _print(table)
    print("leadsync retry ID, or --reason TEXT, or --all; leadsync discard likewise.")


def print_findings(findings: Sequence["Finding"], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([finding.as_dict() for finding in findings]))
        return
    table = Table(show_header=False, box=None)
    for one in findings:
        table.add_row(one.subject, Text(one.state, COLOURS[one.state]), Text(f"{one.text} {one.fix}".rstrip()))
    _print(table)


def print_shares(shares: Sequence["Share"], folder: Path, timezone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"folder": str(folder), "owners": [asdict(share) for share in shares]}))
        return
    if not shares:
        print(f"No lead waits in {folder}.")
        return
    print(f"Leads in {folder}:")
    table = Table("Owner", "Leads", "Oldest", "Newest", "Whose")
    for one in shares:
        elsewhere = (
            "stored for a Redis that REDIS_URL named before" if one.is_here else "another deployment's, or moved"
        )
        whose = "this deployment's: the receiver puts them into Redis" if one.is_ours else elsewhere
        times = _time(one.oldest_ms, timezone), _time(one.newest_ms, timezone)
        table.add_row(one.owner, str(one.leads), *times, whose)
    _print(table)
    if not all(one.is_ours for one in shares):
        print("If they are this shop's: leadsync spool adopt OWNER. Else leave them, or: leadsync spool discard OWNER")


def print_preview(preview: "Preview", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(preview.as_dict()))
        return
    print(preview.summary)
    if preview.note:
        print("A note would be left on the contact, and on the order if its cart becomes one.")
    table = Table("Property", "Now", "Would be")
    for change in preview.changes:
        table.add_row(change.property, Text(change.now), Text(change.new))
    if preview.changes:
        _print(table)
    for note in (*preview.kept, *preview.doubtful):
        print(f"{note.property} {note.what}: {english(note.why)}")
    for text in preview.reply:
        print(f"The reply would be: {text}")
    if preview.no_link:
        print(f"There would be no payment link: {english(preview.no_link)}.")
    _print_outgoing(preview.outgoing)


def _print_outgoing(found: "Outgoing") -> None:
    if order := found.order:
        what = {
            "created": "An order would be made",
            "updated": "The order would be changed",
            "unchanged": "The order would stay as it is",
            "cancelled": "The order would be cancelled",
        }.get(order.state, "The order would wait")
        total = f", {order.total} {order.currency}" if order.total else ""
        print(f"{what}{f' ({order.reference}{total})' if order.reference else ''}{_because(order.why)}")
        for line in order.lines:
            print(f"  {line}")
        if order.no_link:
            print(f"Nothing of it could be paid by a link{_because(order.no_link)}")
    if found.message:
        print(f"The message would be: {found.message}")
    elif found.silent:
        print(f"There would be no message{_because(found.silent)}")
    for text in found.notices:
        print(f"{count(found.addresses[0], 'address', 'addresses')} of the team would be told: {text}")
    for hook in found.hooks:
        print(f"{count(found.addresses[1], 'address', 'addresses')} would get the hook {hook['type']}.")


def _because(why: Reason) -> str:
    return f": {english(why)}." if why else "."


def print_missing(found: "Found", *, repaired: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    leads = sum(1 for one in found.missing if one.lead)
    checked = count(found.customers, "customer")
    print(f"{leads} of {count(found.leads, 'lead')} missing, {checked} checked.")
    if found.missing:
        table = Table("Lead", "Customer", "Contact", "Why")
        for one in found.missing:
            table.add_row(one.lead or "-", Text(one.customer_id or "-"), one.contact_id, one.why)
        _print(table)
    if repaired:
        print(f"{count(found.repaired, 'customer')} repaired: the next event of each writes all its values again.")
    elif found.missing:
        print("leadsync reconcile --repair lets the next event of these customers write all its values again.")
    if found.orders:
        _print_missing_orders(found.orders, repaired=repaired)


def _print_missing_orders(found: "FoundOrders", *, repaired: bool) -> None:
    print(f"{len(found.missing)} of {found.orders} orders missing.")
    if found.missing:
        table = Table("Lead", "Customer", "Order", "Reference", "Why")
        for one in found.missing:
            table.add_row(one.lead, Text(one.customer_id), one.order_id or "-", one.reference or "-", one.why)
        _print(table)
    if repaired:
        print(f"{found.repaired} orders repaired: their events are in the line again.")
        if found.without_cart:
            count = len(found.without_cart)
            print(f"{count} cannot be: their carts have left Redis. Make them by hand, or ask these customers.")
    elif found.missing:
        print("leadsync reconcile --orders --repair puts their events back, where their carts are still there.")


def print_forgotten(done: "Forgotten", *, asked: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps(done.as_dict()))
        return
    print("Removed: " + (", ".join(_describe_removed(done.removed)) or "nothing, because nothing was stored") + ".")
    for one in done.hubspot:
        linked = count(one.others, "other chat customer was", "other chat customers were")
        others = f" {linked} linked to this contact." if one.others else ""
        if one.erased:
            print(f"HubSpot: contact {one.contact_id} deleted for good.{others}")
        else:
            print(
                f"HubSpot: contact {one.contact_id} is somebody else's; this customer's id was removed from it. "
                f"Check it: values that this customer filled in are still there.{others}"
            )
    for order in done.orders:
        name = f"HubSpot: order {order.order_id} ({order.reference})"
        notes = f" {order.notes} notes deleted." if order.notes else ""
        if order.erased:
            print(f"{name} deleted with its {order.lines} lines.{notes}")
        else:
            others = f" Check {order.others} notes of other people on it." if order.others else ""
            print(f"{name} is paid and stays for the accounts, without the person; --orders deletes it.{notes}{others}")
    if done.notes:
        print(f"HubSpot: {done.notes} notes deleted that leadsync wrote on the contact.")
    if not asked:
        print("HubSpot was left unchanged; --hubspot deletes the contact, its notes and orders there too.")
    elif not done.hubspot and not done.remains:
        print("HubSpot has no contact of this customer.")
    for what in done.remains:
        print(f"Still to be done: {what}")


def _describe_removed(removed: Mapping[str, int]) -> Iterator[str]:
    for what, number in removed.items():
        name, plural = _REMOVED.get(what, (what.removesuffix("s"), what))
        if number:
            yield count(number, name, plural)


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


def _print(what: Table | str) -> None:
    """As it is: a text may hold brackets, such as the name of a table of the configuration."""
    Console(markup=False, emoji=False).print(what)


def _time(ms: int | None, timezone: ZoneInfo, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return datetime.fromtimestamp(ms / 1000, timezone).strftime(form) if ms else ""
