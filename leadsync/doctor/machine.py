"""Checks on this machine: the secret, the templates, the spool's folder, the connection to DealDroid."""

import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from leadcore.config import Config, tell
from leadcore.errors import ConfigError, SettingsError
from leadcore.machine import Machine
from leadcore.settings import (
    PART_LENGTH,
    PASSWORD_LENGTH,
    SECRET_LENGTH,
    Settings,
    flag,
    has_short_part,
    read_payment,
    split_secrets,
)
from leadcore.store.connection import AWAY, RECEIVER_TIMEOUT, Redis, connect, find_dataset
from leadsync.doctor.addresses import is_readable
from leadsync.doctor.finding import Finding, fine, warn, wrong
from leadsync.wording import count
from receiver.intake.errors import SpoolError
from receiver.intake.ownership import UNNAMED
from receiver.intake.reply import Replies
from receiver.intake.spool import ADVICE, Share, Spool, count_foreign, count_spooled, judge_room, open_spool
from workers.outbox.dealdroid import reach
from workers.rules import configuration
from workers.settings import WorkerSettings


def check_secret(env: Mapping[str, str]) -> list[Finding]:
    subject = "Secret"
    secrets = split_secrets(env.get("DEALDROID_SECRET", ""))
    advice = f"Use a random text of at least {SECRET_LENGTH} characters, here and in DealDroid's intents."
    try:
        anybody = flag(env, "ALLOW_UNAUTHENTICATED", default=False)
    except SettingsError as error:
        return [wrong(subject, str(error), "")]
    if not secrets and anybody:
        return [warn(subject, "DEALDROID_SECRET is not set: anybody may post leads.", advice)]
    if not secrets:
        return [wrong(subject, "DEALDROID_SECRET is not set, so the receiver does not start.", advice)]
    if has_short_part(secrets):
        return [
            warn(
                subject,
                f"DEALDROID_SECRET has a part shorter than {PART_LENGTH} characters, so all of it is one secret.",
                "If these are several secrets, make each of them longer; if it is one with a comma in it, all is well.",
            )
        ]
    if min(len(secret) for secret in secrets) < SECRET_LENGTH:
        return [warn(subject, f"A secret is shorter than {SECRET_LENGTH} characters.", advice)]
    return [fine(subject, "Set, and long enough.")]


def check_messages_token(env: Mapping[str, str]) -> list[Finding]:
    """Whether the shop's own systems may send messages; no finding if they may not."""
    token = env.get("MESSAGES_TOKEN", "").strip()
    if not token:
        return []
    if len(token) < PASSWORD_LENGTH:
        why = f"MESSAGES_TOKEN is shorter than {PASSWORD_LENGTH} characters: who guesses it writes to your customers."
        return [warn("Messages token", why, "Make it random, and as long as that.")]
    return [fine("Messages token", "Set, and long enough: /api/v1/messages is on.")]


def check_texts(config: Config, env: Mapping[str, str]) -> list[Finding]:
    try:
        configuration.check(config)
        Replies(config, b"doctor", Machine())
    except ConfigError as error:
        said = tell(error, env.get("LEADSYNC_CONFIG"))
        return [wrong("Configuration", said, "Fix the template, then run: leadsync config check")]
    return [fine("Configuration", "The file and its templates can be used.")]


def check_payment(settings: Settings, env: Mapping[str, str]) -> list[Finding]:
    """Whether customers can open payment links, and whom they pay; nothing without the table [payment]."""
    subject, payment = "Payment links", settings.config.payment
    if payment is None:
        return []
    try:
        found = read_payment(env, settings.config)
    except SettingsError as error:
        return [wrong(subject, str(error), "The receiver does not start like this.")]
    if not found.public_url:
        text = "PUBLIC_URL is not set, so there are no payment links."
        return [warn(subject, text, "Set it to the https:// address at which customers reach the receiver.")]
    if is_readable(found.public_url):
        text = "PUBLIC_URL begins with http://: whoever is on the way reads and changes what customers pay."
        return [wrong(subject, text, "Use an https:// address.")]
    if payment.provider == "promptpay" and not payment.payee:
        text = "The page with the code names no payee: customers cannot compare it with what their bank shows."
        return [warn(subject, text, "Set payee in [payment] to the name that banks show for PROMPTPAY_ID.")]
    return [fine(subject, f"At {found.public_url}/pay, by {payment.provider}.")]


def check_payments(settings: Settings) -> list[Finding]:
    """Whether anything follows from a payment; nothing without the table [payment]."""
    if settings.config.payment is None or settings.config.orders is not None:
        return []
    text = "Without the table [orders] nothing follows from a payment: what is reported waits, and links go on asking."
    return [warn("Payments", text, "Add the table [orders] to leadsync.toml, or look for payments yourself.")]


def check_spool(settings: Settings, env: Mapping[str, str]) -> list[Finding]:
    """Whether the receiver on this machine can store leads while Redis is away, and whose leads are stored here."""
    subject = "Disk"
    redis = connect(settings, RECEIVER_TIMEOUT)
    with closing(open_spool(settings, redis, Machine(), env)) as spool:
        with suppress(*AWAY):
            spool.use_dataset(find_dataset(redis))
        try:
            trouble = find_trouble(spool)
            shares = spool.shares()
        except SpoolError as error:
            return [wrong(subject, f"The leads stored in {spool.folder} cannot be read: {error}.", ADVICE)]
    found = []
    if trouble:
        text = f"{spool.folder} cannot be written: {trouble}. Leads are refused and lost while Redis is away."
        found = [wrong(subject, text, ADVICE)]
    elif env.get("DYNO"):
        found = [warn(subject, "Heroku wipes the disk at each restart of a dyno.", "Keep Redis up: see Limits.")]
    elif settings.hosted and not settings.spool_dir:
        found = [warn(subject, "This platform may wipe the disk at a restart.", "Point SPOOL_DIR at a volume.")]
    elif not settings.spool_dir and spool.folder.parent == Path(tempfile.gettempdir()):
        text = f"The user's state folder cannot be used, so leads go to {spool.folder}, which a restart may wipe."
        found = [warn(subject, text, "Set SPOOL_DIR to a folder on a local disk.")]
    waiting = sum(share.leads for share in shares if share.is_ours)
    if waiting:
        found.append(
            warn(
                subject,
                f"{count(waiting, 'lead waits', 'leads wait')} on the disk.",
                "The receiver puts them into Redis by itself.",
            )
        )
    found += [_warn_of_foreign(share, spool.folder) for share in shares if not share.is_ours]
    return found or [fine(subject, f"{spool.folder} can be written.")]


def assess_disk(settings: Settings, connection: Redis) -> dict[str, Any]:
    """What `leadcore.verdict.assess` wants to know of this machine's disk. Raises redis-py's errors."""
    with closing(open_spool(settings, connection, Machine())) as spool:
        spool.use_dataset(find_dataset(connection))
        return {
            "spooled": count_spooled(spool),
            "foreign": count_foreign(spool) or 0,
            # Without a file no receiver has used this machine's disk; `doctor` looks all the same.
            "disk_trouble": find_trouble(spool) if spool.exists() else "",
        }


def find_trouble(spool: Spool) -> str:
    """Why the folder cannot store leads. Creates no file that the receiver, perhaps another user, could not open."""
    if spool.exists():
        return spool.trouble()
    try:
        spool.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=spool.folder) as file:
            file.write(b"leadsync")
        return judge_room(spool.folder)
    except OSError as error:
        return error.strerror or type(error).__name__


def _warn_of_foreign(share: Share, folder: Path) -> Finding:
    """Leads of another deployment, or of this one before it had this Redis: only a person knows."""
    if share.owner == UNNAMED:
        stored = "by version 0.1.0, and another deployment uses the folder too"
    else:
        stored = f"for {'the Redis that REDIS_URL named before' if share.is_here else 'another Redis'} ({share.owner})"
    return warn(
        "Disk",
        f"{count(share.leads, 'lead')} in {folder}, stored {stored}. What is another's is left alone.",
        "If they are this shop's, because its Redis was emptied, replaced or moved: "
        f"leadsync spool adopt {share.owner}. If they are another deployment's, it takes them by itself; "
        "give each its own SPOOL_DIR.",
    )


def check_alerts(settings: WorkerSettings) -> list[Finding]:
    """Whether somebody is notified when the line needs a person. The address is a secret, so it is not shown."""
    subject = "Alerts"
    if not settings.alert_url:
        return [fine(subject, "ALERT_WEBHOOK_URL is not set: nobody is notified when the line stops.")]
    if is_readable(settings.alert_url):
        return [warn(subject, "ALERT_WEBHOOK_URL is not https.", "It is a secret: use an https address.")]
    return [fine(subject, "ALERT_WEBHOOK_URL is set. This check sends nothing to it.")]


def check_dealdroid(settings: WorkerSettings) -> list[Finding]:
    subject = "DealDroid"
    why = reach(settings.dealdroid_url)
    if why:
        fix = "Check DEALDROID_WEBHOOK_URL and the network. Nothing was sent."
        return [wrong(subject, f"Its webhook: {why}.", fix)]
    if is_readable(settings.dealdroid_url):
        return [warn(subject, "Its webhook is not https.", "Messages travel unencrypted: use an https address.")]
    return [fine(subject, "Its webhook accepts connections.")]
