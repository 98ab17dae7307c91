"""The `leadsync` command. Exit codes: 0 done, 1 something is wrong and was said, 2 wrong use or settings."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from receiver.config import ConfigError
from receiver.settings import SettingsError

MODULE = [sys.executable, "-m", "workers"]
Command = TypeVar("Command", bound=Callable[..., Any])
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Leads from DealDroid chats into HubSpot: none lost, none doubled, each confirmed once."""


def main() -> None:
    """Run the command; a mistake in the settings is told in one line."""
    try:
        cli()
    except (SettingsError, ConfigError) as error:
        click.echo(f"leadsync: {error}", err=True)
        sys.exit(2)


@contextmanager
def told() -> Iterator[None]:
    """Turn the faults of the outside world into one plain line and exit code 1."""
    import redis

    from workers.hubspot.outcomes import LineDown
    from workers.setup import SetupError

    try:
        yield
    except redis.RedisError as error:
        click.echo(f"leadsync: Redis does not answer ({type(error).__name__}). Check REDIS_URL.", err=True)
        sys.exit(1)
    except (LineDown, SetupError) as error:
        click.echo(f"leadsync: {error}", err=True)
        sys.exit(1)


@cli.command()
def web() -> None:
    """Run the receiver on PORT (8000)."""
    from receiver.settings import read_receiver

    settings = read_receiver().shared
    # A platform that gives us a port has a router in front; at home nobody else shall reach the receiver.
    outside = settings.hosted or bool(os.environ.get("PORT"))
    host = os.environ.get("HOST") or ("0.0.0.0" if outside else "127.0.0.1")  # noqa: S104
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "receiver.app:create_app",
        "--host", host,
        "--port", str(settings.port), "--workers", str(settings.web_concurrency),
        "--blocking-threads", "8", "--backlog", "1024", "--no-access-log", "--log-level", "error",
        "--workers-kill-timeout", "8", "--respawn-failed-workers", "--respawn-interval", "1",
    ]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606 - our own command


@cli.command()
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 64), help="Worker processes.")
@click.option("--one", is_flag=True, hidden=True)
def worker(count: int, one: bool) -> None:
    """Run workers: they write leads to HubSpot and send confirmations."""
    from workers.settings import read_worker

    settings = read_worker()
    if one:
        from workers.worker import run

        run(settings)
        return
    from receiver.logs import configure
    from workers.supervisor import supervise

    configure(settings.shared.log_level)
    sys.exit(supervise([(f"worker.{number}", [*MODULE, "worker", "--one"]) for number in range(1, count + 1)]))


@cli.command(name="all")
def all_() -> None:
    """Run the receiver and one worker in one process group, for a single small dyno."""
    from receiver.logs import configure
    from receiver.settings import read_receiver
    from workers.settings import read_worker
    from workers.supervisor import supervise

    configure(read_receiver().shared.log_level)
    read_worker()
    sys.exit(supervise([("web", [*MODULE, "web"]), ("worker.1", [*MODULE, "worker", "--one"])]))


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> None:
    """Run all of it on this machine, with stand-ins where no credentials are set."""
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", *arguments])  # noqa: S606 - our own command


@cli.command()
@click.option("--release", is_flag=True, help="In a release phase: warn, but succeed when HubSpot cannot be set up.")
@as_json
def setup(release: bool, as_json: bool) -> None:
    """Make the property group dealdroid and its properties in HubSpot. Safe to repeat."""
    from workers import setup as portal
    from workers.hubspot.outcomes import LineDown
    from workers.runtime import hubspot_client
    from workers.settings import read_worker

    try:
        with hubspot_client(read_worker()) as hubspot:
            report = portal.setup(hubspot)
    except (LineDown, portal.SetupError) as error:
        click.echo(f"leadsync: {error}", err=True)
        sys.exit(0 if release else 1)
    except SettingsError as error:
        if not release:
            raise
        click.echo(f"leadsync: {error}", err=True)
        sys.exit(0)
    if as_json:
        click.echo(json.dumps({"made": report.made, "present": report.present, "left_out": report.left_out}))
        return
    click.echo(f"HubSpot is ready: {len(report.made)} properties made, {len(report.present)} were there.")
    if report.left_out:
        click.echo(f"The portal has no room for {', '.join(report.left_out)}. Leads are written without them.")


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", help="The intent handler; default: this machine's receiver.")
@click.option("--new", is_flag=True, help="Give each event a new mid, so that it counts as another event.")
def send(files: tuple[Path, ...], url: str | None, new: bool) -> None:
    """Post payloads as DealDroid would, with the first secret of DEALDROID_SECRET."""
    import requests

    from receiver.settings import read, split_secrets

    secrets = split_secrets(os.environ.get("DEALDROID_SECRET", ""))
    url = url or f"http://127.0.0.1:{read().port}/api/v1/intent-handler"
    failed = False
    for file in files:
        try:
            body = json.loads(file.read_bytes())
        except ValueError:
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
            answer = requests.post(url, json=body, timeout=10)
        except requests.RequestException as error:
            click.echo(
                f"leadsync: {url} cannot be reached ({type(error).__name__}). Is the receiver running?", err=True
            )
            sys.exit(1)
        click.echo(f"{file.name}: {answer.status_code} {answer.text.strip()[:200]}")
        failed |= answer.status_code != 200
    sys.exit(1 if failed else 0)


@cli.command()
@as_json
def status(as_json: bool) -> None:
    """Is the line working, and what is waiting?"""
    from receiver.connection import connect
    from receiver.settings import read
    from receiver.status import read_status
    from workers.report import print_status

    settings = read()
    with told():
        print_status(read_status(connect(settings), settings.config.inbox.shards), settings.timezone, as_json=as_json)


@cli.command()
@click.argument("lead_id")
@as_json
def lead(lead_id: str, as_json: bool) -> None:
    """One lead's receipt."""
    from receiver import keys, receipts
    from receiver.connection import connect
    from receiver.settings import read
    from workers.report import print_receipt

    settings = read()
    with told():
        stored = connect(settings).hgetall(keys.receipt(lead_id))
    if not stored:
        click.echo("leadsync: there is no such lead, or its receipt has ended.", err=True)
        sys.exit(1)
    print_receipt(receipts.unpack(lead_id, stored), settings.timezone, as_json=as_json)


@cli.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def leads(limit: int, as_json: bool) -> None:
    """The newest leads and what became of them."""
    from receiver.connection import connect
    from receiver.settings import read
    from workers.report import newest, print_leads

    settings = read()
    with told():
        print_leads(newest(connect(settings), limit), settings.timezone, as_json=as_json)


@cli.group()
def config() -> None:
    """The TOML configuration."""


@config.command()
def check() -> None:
    """Check the configuration and every message template."""
    from receiver.settings import read
    from workers.messages import Texts

    Texts.compile(read().config)
    click.echo("The configuration is fine.")


@config.command()
def show() -> None:
    """Print the configuration in force, as JSON."""
    import msgspec

    from receiver.settings import read

    click.echo(msgspec.json.format(msgspec.json.encode(read().config), indent=2).decode())
