"""Checks of what tells others: hooks and notices. Their addresses are secrets, so they are named by number."""

from leadsync.doctor.addresses import is_readable
from leadsync.doctor.finding import Finding, fine, warn, wrong
from workers.notices import service
from workers.settings import WorkerSettings


def check(settings: WorkerSettings) -> list[Finding]:
    return [*check_hooks(settings), *check_notices(settings)]


def check_hooks(settings: WorkerSettings) -> list[Finding]:
    subject = "Hooks"
    if not settings.hook_urls:
        return [fine(subject, "HOOK_URLS is not set: no webhooks go out.")]
    found = [
        warn(subject, f"Address {number} is not https.", "Leads' ids travel unencrypted: use an https address.")
        for number, url in enumerate(settings.hook_urls, 1)
        if is_readable(url)
    ]
    if len(settings.hook_secrets) > 1:
        fix = "Remove the old one from HOOK_SECRET once all receivers know the new one."
        found.append(warn(subject, "Two secrets sign each hook.", fix))
    if settings.shared.dry_run:
        found.append(warn(subject, "DRY_RUN is set, so none is sent.", "Unset DRY_RUN to go live."))
    number = len(settings.hook_urls)
    return found or [fine(subject, f"{number} {'address' if number == 1 else 'addresses'}. This check sends nothing.")]


FAULTS = {
    "not_understood": "apprise does not understand it",
    "several_recipients": "it has several recipients, or retries by itself",
}


def check_notices(settings: WorkerSettings) -> list[Finding]:
    subject = "Notices"
    if not settings.notify_urls:
        return [fine(subject, "NOTIFY_URLS is not set: the team is not told of leads.")]
    found = []
    for number, address in enumerate(settings.notify_urls, 1):
        why = service.find_fault(address)
        if why:
            fix = "Give each recipient an address of its own, as apprise's documentation has it."
            found.append(wrong(subject, f"Address {number} ({service.scheme_of(address)}): {FAULTS[why]}.", fix))
    if settings.shared.dry_run:
        found.append(warn(subject, "DRY_RUN is set, so none is sent.", "Unset DRY_RUN to go live."))
    return found or [fine(subject, "Every address can be tried. This check sends nothing; leadsync notify test does.")]
