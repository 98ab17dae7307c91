"""Sends a test lead as DealDroid would, and follows it into HubSpot."""

import os
from collections.abc import Mapping
from contextlib import closing

from leadcore import trial_lead
from leadcore.errors import ConfigError, SettingsError
from leadcore.event import encode
from leadcore.machine import Machine
from leadcore.reasons import english
from leadcore.receipts import HELD, PARKED, WRITTEN, Receipt
from leadcore.settings import Settings, read, read_public_url, split_secrets
from leadcore.store.connection import AWAY, Redis, connect
from leadcore.store.leads import read_receipts
from leadcore.store.trial_leads import read_test_leads
from leadsync.doctor.finding import Finding, fine, warn, wrong

SUBJECT, PATH = "Test lead", "/api/v1/intent-handler"
LONGEST_SECONDS, LOOK_SECONDS = 60.0, 0.2
POST_SECONDS = 10.0


def send_test(env: Mapping[str, str] = os.environ, longest_seconds: float = LONGEST_SECONDS) -> Finding:
    """Post a test lead to the receiver, at PUBLIC_URL or on this machine, and wait until it is written. An outage or a
    wrong setting is a finding, never an exception."""
    try:
        settings, url = read(env), read_public_url(env)
    except (SettingsError, ConfigError) as error:
        return wrong(SUBJECT, str(error), "No test lead was sent.")
    secrets = split_secrets(env.get("DEALDROID_SECRET", ""))
    return _send(settings, url or settings.local_url, secrets[0] if secrets else "", longest_seconds)


def _send(settings: Settings, base: str, secret: str, longest_seconds: float) -> Finding:
    machine = Machine()
    try:
        with closing(connect(settings)) as redis:
            before = set(read_test_leads(redis))
            refused = _post(base + PATH, secret, machine.token(8))
            return refused or _follow(redis, before, machine, longest_seconds)
    except AWAY as error:
        text = f"Redis does not answer at {settings.redis_address} ({type(error).__name__})."
        return wrong(SUBJECT, text, "Check REDIS_URL; what the receiver took waits on its disk.")


def _post(url: str, secret: str, token: str) -> Finding | None:
    """What is wrong with the receiver, None if it took the lead."""
    import requests

    body = {**trial_lead.make_body(token), **({"secret": secret} if secret else {})}
    headers = {"Content-Type": "application/json"}
    try:
        # Not redirected: the secret is for this address alone.
        answer = requests.post(url, encode(body), headers=headers, timeout=POST_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        fix = "Start it (leadsync web), or set PUBLIC_URL to where it is."
        return wrong(SUBJECT, f"The receiver does not answer at {url} ({type(error).__name__}).", fix)
    if answer.status_code == 403:
        return wrong(SUBJECT, f"{url} refuses this secret.", "Give web the same DEALDROID_SECRET, and restart it.")
    if answer.status_code != 200:
        fix = "PUBLIC_URL or PORT must lead to the receiver itself."
        return wrong(SUBJECT, f"{url} answers {answer.status_code} instead of 200.", fix)
    return None


def _follow(redis: Redis, before: set[str], machine: Machine, longest_seconds: float) -> Finding:
    ends = machine.monotonic() + longest_seconds
    receipt: Receipt | None = None
    while machine.monotonic() < ends:
        new = [lead for lead in read_test_leads(redis) if lead not in before]
        receipt = next(iter(read_receipts(redis, new[:1])), None)
        if receipt and (receipt.state in (*WRITTEN, PARKED, HELD)):
            return _judge(receipt)
        machine.sleep(LOOK_SECONDS)
    if receipt is None:
        text = "The receiver took it, but it is not in this Redis."
        return wrong(SUBJECT, text, "Give web the same REDIS_URL, or see leadsync spool list.")
    text = f"Lead {receipt.lead} still waits after {longest_seconds:.0f} s."
    return wrong(SUBJECT, text, f"See what is wrong above, and later: leadsync lead {receipt.lead}")


def _judge(receipt: Receipt) -> Finding:
    if receipt.state == PARKED:
        return wrong(SUBJECT, f"It was not written: {english(receipt.reason)}.", f"See leadsync lead {receipt.lead}.")
    if receipt.state == HELD:
        return warn(SUBJECT, "It came as far as the dry run lets it.", "Unset DRY_RUN to go live.")
    name = f"{trial_lead.NAME}, contact {receipt.contact_id}"
    return fine(SUBJECT, f"It is in HubSpot ({name}): look at it there, and delete it.")
