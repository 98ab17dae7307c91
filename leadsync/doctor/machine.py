"""Checks on this machine: the secret, the templates, the spool's folder, the connection to DealDroid."""

import tempfile
from collections.abc import Mapping
from contextlib import closing

from leadcore.config import Config, ConfigError
from leadcore.settings import Settings, SettingsError, flag, split_secrets
from leadsync.doctor.finding import Finding, fine, warn, wrong
from receiver.intake.spool import Spool, SpoolError, default_folder
from workers.outbox.dealdroid import reach
from workers.rules.texts import MessageTemplates
from workers.settings import WorkerSettings

SECRET_LENGTH = 32


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
    if min(len(secret) for secret in secrets) < SECRET_LENGTH:
        return [warn(subject, f"A secret is shorter than {SECRET_LENGTH} characters.", advice)]
    return [fine(subject, "Set, and long enough.")]


def check_texts(config: Config) -> list[Finding]:
    try:
        MessageTemplates.compile(config)
    except ConfigError as error:
        return [wrong("Configuration", str(error), "Fix the template, then run: leadsync config check")]
    return [fine("Configuration", "The file and the message templates can be used.")]


def check_spool(settings: Settings, env: Mapping[str, str]) -> list[Finding]:
    """Whether the receiver on this machine can store leads while Redis is away."""
    subject = "Spool"
    folder = settings.spool_dir or default_folder(env)
    fix = "Set SPOOL_DIR to a folder on a local disk that the receiver may write to."
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"leadsync")
        with closing(Spool(folder)) as spool:
            waiting = spool.count()
    except OSError as error:
        return [wrong(subject, f"{folder} cannot be written ({type(error).__name__}).", fix)]
    except SpoolError:
        return [wrong(subject, f"The leads stored in {folder} cannot be read.", fix)]
    found = []
    if env.get("DYNO"):
        found = [warn(subject, "Heroku wipes the disk at each restart of a dyno.", "Keep Redis up: see Limits.")]
    elif settings.hosted and not settings.spool_dir:
        found = [warn(subject, "This platform may wipe the disk at a restart.", "Point SPOOL_DIR at a volume.")]
    if waiting:
        found.append(
            warn(subject, f"{waiting} leads wait on the disk.", "The receiver puts them into Redis by itself.")
        )
    return found or [fine(subject, "The disk can be written.")]


def check_alerts(settings: WorkerSettings) -> list[Finding]:
    """Whether somebody is notified when the line needs a person. The address is a secret, so it is not shown."""
    subject = "Alerts"
    if not settings.alert_url:
        return [fine(subject, "ALERT_WEBHOOK_URL is not set: nobody is notified when the line stops.")]
    if not settings.alert_url.startswith("https://"):
        return [warn(subject, "ALERT_WEBHOOK_URL is not https.", "It is a secret: use an https address.")]
    return [fine(subject, "ALERT_WEBHOOK_URL is set. Nothing was sent to it.")]


def check_dealdroid(settings: WorkerSettings) -> list[Finding]:
    subject = "DealDroid"
    why = reach(settings.dealdroid_url)
    if why:
        fix = "Check DEALDROID_WEBHOOK_URL and the network. Nothing was sent."
        return [wrong(subject, f"Its webhook: {why}.", fix)]
    if not settings.dealdroid_url.startswith("https://"):
        return [warn(subject, "Its webhook is not https.", "Messages travel unencrypted: use an https address.")]
    return [fine(subject, "Its webhook accepts connections.")]
