"""One run of the tests, a plugin of pytest's: which are marked, which are kept together, what may start a process.

`make test` runs them in several processes at once (pytest-xdist), each with a Redis of its own. `make test-fast`
leaves out what is marked here: `processes`, whatever starts a process other than that (tests are marked for the fixture
of that name, which their fixtures ask for, or by hand; one that is not marked is refused its process), and
`every_command`, tests that go through a scene again for each command at which a process may die."""

import os
import signal
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from sandbox import redis as embedded
from tests.conftest import boots

# What a test may start without being marked: Redis, and the shell that ends it with us.
HARMLESS = {"valkey-server", "redis-server", Path(os.environ.get(embedded.OVERRIDE, "")).name, "sh"}
begin_process = subprocess.Popen.__init__
# Processes that several files share.
SHARED = ("busy_line", "running_console", "running_receiver")
# Whoever asks for one of these starts a system of its own, or goes through all commands of a process.
ALONE = {"spare_line", "subtests"}

# A machine that is busy, or that makes hypothesis' tables for the first time, is no failure.
hypothesis_settings.register_profile("leadsync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("leadsync")


def pytest_configure() -> None:
    """Processes end at Ctrl-C though these tests run in the background, where a shell lets children ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: many tests wait more than they compute."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark the tests, begin with those that take long, and tell xdist which ones it has to keep together: those that
    share processes, else those of a file; a test that takes long by itself stands alone."""
    for item in items:
        names = set(item.fixturenames)
        if "processes" in names:
            item.add_marker("processes")
        if {"scene", "subtests"} <= names:
            item.add_marker("every_command")
        shared = next((name for name in SHARED if name in names), item.location[0])
        item.add_marker(pytest.mark.xdist_group(item.name if names & ALONE else shared))
    slow = ("processes", "every_command")
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in slow])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """xdist tells the groups by a suffix of each id. Without them every process would start what one of them shares."""
    if node.config.option.dist == "loadgroup":
        assert all("@" in one for one in ids), "this pytest and this pytest-xdist lose the groups"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a process to a test that is not marked."""

    def refuse(self: Any, args: Any, *more: Any, **options: Any) -> None:
        program = Path(args if isinstance(args, str | Path) else args[0]).name
        assert program in HARMLESS, f"a test that starts {program} has to be marked `processes`"
        begin_process(self, args, *more, **options)

    is_marked = item.get_closest_marker("processes")
    subprocess.Popen.__init__ = begin_process if is_marked else refuse  # type: ignore[method-assign]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What a process of xdist has found out, its parent shall tell."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["boots"] = session.config.stash.get(boots, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """One of xdist's processes has ended."""
    node.config.stash.setdefault(boots, {}).update(getattr(node, "workeroutput", {}).get("boots", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Boot times are told and not asserted: this machine may be busy."""
    for name, seconds in sorted(terminalreporter.config.stash.get(boots, {}).items()):
        terminalreporter.write_line(f"boot of {name}: {seconds:.2f} s")


@pytest.fixture(scope="session", autouse=True)
def direct() -> Iterator[None]:
    """No proxy of the machine's has any business between processes of one machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def known_versions() -> Iterator[None]:
    """HubSpot's client reads its own package's metadata for each API of each client: longer than all the rest of a
    worker takes to be built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("importlib.metadata.version", cache(version))
        yield


@pytest.fixture(scope="session", autouse=True)
def without_local_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands in the tests mean what their environment names, also while a `make run` lives in this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leadsync.sandbox_choice.DATA", str(tmp_path_factory.mktemp("no-run")))
        yield
