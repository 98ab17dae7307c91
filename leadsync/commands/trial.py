"""The commands that test something: `send`, `preview`, `doctor` and `config`."""

import json
import os
import sys
import time
from pathlib import Path

import click

from leadsync.commands import as_json, exit_on_outage

JSON = {"Content-Type": "application/json"}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", help="The intent handler; default: this machine's receiver.")
@click.option("--new", is_flag=True, help="Give each event a new mid, so that it is not taken for a repeat.")
def send(files: tuple[Path, ...], url: str | None, new: bool) -> None:
    """Post payloads as DealDroid would, with the first secret of DEALDROID_SECRET."""
    import requests

    from leadcore.event import DUPLICATE, STATE_HEADER
    from leadcore.settings import read, split_secrets

    secrets = split_secrets(os.environ.get("DEALDROID_SECRET", ""))
    url = url or f"{read().local_url}/api/v1/intent-handler"
    failed = False
    for file in files:
        try:
            body = json.loads(file.read_bytes())
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            click.echo(f"{file.name}: not a JSON object", err=True)
            failed = True
            continue
        if secrets:
            body["secret"] = secrets[0]
        if new:
            body["mid"] = f"{body.get('mid')}-{time.time_ns()}"
        try:
            # Encoded here: requests refuses a NaN, which the receiver takes. Not redirected: the secret is for this
            # address alone.
            posted = json.dumps(body).encode()
            answer = requests.post(url, posted, headers=JSON, timeout=10, allow_redirects=False)
        except requests.RequestException as error:
            click.echo(
                f"leadsync: {url} cannot be reached ({type(error).__name__}). Is the receiver running?", err=True
            )
            sys.exit(1)
        said = f"{file.name}: {answer.status_code} "
        said += _read_answer(answer.content) or f"is not how leadsync answers. Is the receiver at {url}?"
        if answer.status_code == 403:
            said += "  The receiver has another DEALDROID_SECRET."
        if answer.headers.get(STATE_HEADER) == DUPLICATE:
            said += "  duplicate: this event came already, so nothing happens. --new sends it as a new one."
        click.echo(said)
        failed |= answer.status_code != 200
    sys.exit(1 if failed else 0)


def _read_answer(content: bytes) -> str:
    """What the receiver said, at most 200 characters; "" if it was another program, which does not say it in JSON."""
    try:
        json.loads(content)
    except ValueError:
        return ""
    return content.decode(errors="replace").strip()[:200]


@click.command()
@click.option("--send-test", is_flag=True, help="Also post a test lead to the receiver, and follow it into HubSpot.")
@as_json
def doctor(send_test: bool, as_json: bool) -> None:
    """Check everything that leadsync depends on, and print fixes. Warnings do not fail."""
    from leadsync.doctor import CHECKS, examine
    from leadsync.doctor.finding import WRONG
    from leadsync.terminal import print_findings, track

    findings = [finding for some in track(examine(), "Checking", CHECKS) for finding in some]
    if send_test:
        from leadsync.doctor.trial import send_test as send

        findings.append(send())
    print_findings(findings, as_json=as_json)
    sys.exit(1 if any(finding.state == WRONG for finding in findings) else 0)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def preview(file: Path, as_json: bool) -> None:
    """Show what a payload would change in HubSpot now, and what would be replied. Writes nothing."""
    from leadcore.event import Malformed
    from leadcore.settings import read_public_url
    from leadcore.store.connection import connect
    from leadsync.errors import PreviewError
    from leadsync.preview import preview_event
    from leadsync.terminal import print_preview
    from workers.settings import read_worker

    settings = read_worker()
    try:
        with exit_on_outage():
            redis, url = connect(settings.shared), read_public_url(os.environ)
            print_preview(preview_event(file.read_bytes(), redis, settings, url), as_json=as_json)
    except (Malformed, PreviewError) as error:
        click.echo(f"{file.name}: {error}", err=True)
        sys.exit(1)


@click.group()
def config() -> None:
    """Check or print the TOML configuration."""


@config.command()
def check() -> None:
    """Check the configuration and every template of messages and replies."""
    from leadcore.machine import Machine
    from leadcore.settings import read
    from receiver.intake.reply import Replies
    from workers.rules import configuration

    settings = read()
    configuration.check(settings.config)
    Replies(settings.config, settings.key.encode(), Machine())
    click.echo("The configuration is fine.")


@config.command()
def show() -> None:
    """Print the effective configuration as JSON."""
    import msgspec

    from leadcore.settings import read

    click.echo(msgspec.json.format(msgspec.json.encode(read().config), indent=2).decode())
