"""`leadsync doctor`: looks at all that leadsync depends on and says in plain words what is wrong and how to mend it."""

import os
from collections.abc import Iterator, Mapping

from leadcore.config import ConfigError
from leadcore.settings import Settings, SettingsError, read
from leadsync.doctor import machine, portal, store
from leadsync.doctor.finding import Finding, wrong
from workers.settings import WorkerSettings, read_worker

CHECKS = 7


def examine(env: Mapping[str, str] = os.environ) -> Iterator[list[Finding]]:
    """The findings of one check after the other, at most `CHECKS`. Never raises for what is wrong outside."""
    yield machine.check_secret(env)
    shared = _read(env)
    if isinstance(shared, Finding):
        yield [shared]
        return
    yield machine.check_texts(shared.config)
    yield machine.check_spool(shared, env)
    yield store.check_redis(shared)
    worker = _read_worker(env)
    if isinstance(worker, Finding):
        yield [worker]
        return
    yield machine.check_dealdroid(worker)
    yield machine.check_alerts(worker)
    yield portal.check_hubspot(worker)


def _read(env: Mapping[str, str]) -> Settings | Finding:
    try:
        return read(env)
    except (SettingsError, ConfigError) as error:
        return wrong("Configuration", str(error), "What depends on it was not checked.")


def _read_worker(env: Mapping[str, str]) -> WorkerSettings | Finding:
    try:
        return read_worker(env)
    except SettingsError as error:
        return wrong("HubSpot and DealDroid", str(error), "They were not checked.")
