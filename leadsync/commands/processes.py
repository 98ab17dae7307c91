"""The commands that start processes, and `setup`."""

import gc
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from leadsync.commands import as_json
from leadsync.wording import count

UNUSED = ("rich", "charset_normalizer")
"""structlog loads rich where it is installed, for tracebacks that `leadcore.logs` never shows: 5 MB and 50 ms. requests
loads the other to guess the encoding of a text, and nobody reads one: 3 MB and 14 ms."""
MODULE = [sys.executable, "-m", "leadsync"]


@click.command()
@click.option("--supervised", is_flag=True, hidden=True)
def web(supervised: bool) -> None:
    """Run the receiver on PORT (8000)."""
    with lean_imports():
        from receiver import server

    # HubSpot's client takes time and memory to load, which only a console with names is worth.
    server.main(supervised=supervised, with_names="leadsync.web:application")


def _leave() -> NoReturn:
    """End this process, whose work is done and recorded. Python would wait for threads that an address outside keeps
    hanging, those of libraries too, for as long as their deadline."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


@click.command()
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 64), help="Worker processes.")
@click.option("--one", is_flag=True, hidden=True)
def worker(count: int, one: bool) -> None:
    """Run workers: they write leads to HubSpot and send confirmations."""
    with lean_imports():
        from workers.settings import read_worker

        settings = read_worker()
        from leadcore.logs import configure
        from leadcore.machine import Machine
        from workers.supervisor import supervise
        from workers.worker import run

    if one:
        run(settings)
        _leave()
    configure(settings.shared.log_level)
    sys.exit(supervise([(f"worker.{number}", run_one) for number in range(1, count + 1)], Machine()))


def run_one() -> None:
    """Work in a forked process, with the settings of the moment at which it starts."""
    from leadcore.config import tell
    from leadcore.errors import ConfigError, SettingsError
    from workers.settings import read_worker
    from workers.worker import run

    try:
        run(read_worker())
    except (SettingsError, ConfigError) as error:
        click.echo(f"leadsync: {tell(error, os.environ.get('LEADSYNC_CONFIG'))}", err=True)
        sys.exit(2)
    _leave()


@contextmanager
def lean_imports() -> Iterator[None]:
    """What is imported in this block stays for good, so garbage is looked for when all is there: a tenth of the time.
    `UNUSED` is hidden from the libraries that would load it."""
    gc.disable()
    warnings.filterwarnings("ignore", "Unable to find acceptable character detection", module="requests")
    hidden = [name for name in UNUSED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # as if it was not installed
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        # The collector leaves alone what is frozen, so that forked processes share its memory.
        gc.freeze()
        gc.enable()


@click.command(name="all")
def all_() -> None:
    """Run the receiver and one worker in one process group, for a single small dyno."""
    from leadcore.logs import configure
    from leadcore.machine import Machine
    from leadcore.settings import read_receiver
    from receiver.listener import listen
    from workers.settings import read_worker
    from workers.supervisor import supervise

    settings = read_receiver()
    configure(settings.shared.log_level)
    read_worker()
    # The receiver opens it again, also when it has to be started again; here a taken one still ends the start.
    listen(settings.shared.host, settings.shared.port).close()
    sys.exit(
        supervise([("web", [*MODULE, "web", "--supervised"]), ("worker.1", [*MODULE, "worker", "--one"])], Machine())
    )


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> None:
    """Run the whole system on this machine, with stand-ins where no credentials are set. --ephemeral: keep no data."""
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", *arguments])  # noqa: S606 - our own command


@click.command()
@click.option(
    "--release",
    is_flag=True,
    help="For a release phase: if HubSpot cannot be set up, warn and succeed; fail if web or worker could not start.",
)
@as_json
def setup(release: bool, as_json: bool) -> None:
    """Create the property group dealdroid and its properties in HubSpot. Safe to repeat."""
    from leadcore.errors import PendingError
    from leadcore.settings import read_receiver
    from workers.bootstrap import forget_properties, hubspot_client
    from workers.flow.errors import LineDown, SetupError
    from workers.hubspot import setup as portal
    from workers.hubspot.order_setup import OrderReport, setup_orders
    from workers.settings import read_worker

    orders: OrderReport | None = None
    pending = ""
    if release:
        # With settings that `web` cannot start with, the platform shall keep the release that takes leads now.
        try:
            read_receiver()
        except PendingError as error:
            pending = str(error)
            click.echo(f"leadsync: {pending}", err=True)
    try:
        settings = read_worker()
        wanted = settings.shared.config.orders
        with hubspot_client(settings) as hubspot:
            report = portal.setup(hubspot)
            if report.created:
                forget_properties(settings, hubspot)
            if wanted:
                # A release leaves no record behind that nobody asked for.
                orders = setup_orders(hubspot, wanted, prove=not release)
                if orders.created:
                    forget_properties(settings, hubspot)
    except (LineDown, SetupError) as error:
        click.echo(f"leadsync: {error}", err=True)
        sys.exit(0 if release else 1)
    except PendingError as error:
        if not release:
            raise
        if str(error) != pending:
            click.echo(f"leadsync: {error}", err=True)
        sys.exit(0)
    if as_json:
        told: dict[str, object] = {
            "created": report.created,
            "present": report.present,
            "left_out": report.left_out,
        }
        if orders:
            told["orders"] = {
                "created": orders.created,
                "present": orders.orders.present + orders.lines.present,
                "pipeline": orders.portal.pipeline,
                "stages": [stage.label for stage in orders.portal.stages],
                "proven": orders.proven,
            }
        click.echo(json.dumps(told))
        return
    created = count(len(report.created), "property", "properties")
    click.echo(f"HubSpot is ready: {created} created, {len(report.present)} already existed.")
    if report.left_out:
        names = ", ".join(report.left_out)
        click.echo(
            f"The portal has no room for {names}, or has archived them. Leads are written without these properties."
        )
    if orders:
        click.echo(orders.describe())
