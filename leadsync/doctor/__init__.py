"""`leadsync doctor`: checks everything that leadsync depends on, and says what is wrong and how to fix it."""

import os
from collections.abc import Iterator, Mapping

from leadcore.errors import ConfigError, SettingsError
from leadcore.settings import Settings, read
from leadsync.doctor import machine, outgoing, portal, store
from leadsync.doctor.finding import Finding, wrong
from workers.settings import WorkerSettings, read_worker

CHECKS = 8


def examine(env: Mapping[str, str] = os.environ) -> Iterator[list[Finding]]:
    """The findings of each check in turn, at most `CHECKS` lists. An outage or a wrong setting is a finding, never an
    exception."""
    yield [*machine.check_secret(env), *machine.check_messages_token(env)]
    shared = _read(env)
    if isinstance(shared, Finding):
        yield [shared]
        return
    yield machine.check_texts(shared.config, env)
    yield [*machine.check_payment(shared, env), *machine.check_payments(shared)]
    yield machine.check_spool(shared, env)
    yield store.check_redis(shared)
    worker = _read_worker(env)
    if isinstance(worker, Finding):
        yield [worker]
        return
    yield machine.check_dealdroid(worker)
    yield machine.check_alerts(worker)
    yield outgoing.check(worker)
    yield portal.check_hubspot(worker)


def _read(env: Mapping[str, str]) -> Settings | Finding:
    try:
        return read(env)
    except (SettingsError, ConfigError) as error:
        return wrong("Configuration", str(error), "The checks that need it were skipped.")


def _read_worker(env: Mapping[str, str]) -> WorkerSettings | Finding:
    try:
        return read_worker(env)
    except SettingsError as error:
        return wrong("HubSpot and DealDroid", str(error), "They were not checked.")
