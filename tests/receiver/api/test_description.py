"""docs/openapi.yaml describes all HTTP calls, and the receiver answers as it says."""

import itertools
import json
import re
import subprocess
import sys
from base64 import b64encode
from typing import Any

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi import checks as openapi_checks

from leadcore.store import keys
from tests.conftest import ROOT, SECRET, Line
from tests.receiver.api.conftest import METRICS, PASSWORD, TOKEN, Shop

DESCRIBED = json.loads((ROOT / "receiver" / "api" / "openapi.json").read_text(encoding="utf-8"))
SCHEMA = schemathesis.openapi.from_dict(DESCRIBED)
OPERATIONS = [one.ok() for one in SCHEMA.get_all_operations()]
CHECKS = [
    schemathesis.checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
ROUTES = """
import json, os, sys
from receiver.app import create_app
print(json.dumps([[str(rule), [*rule.methods]] for rule in create_app().url_map.iter_rules()]), flush=True)
os._exit(0)
"""
ACCESS = {
    "consolePassword": {"Authorization": "Basic " + b64encode(f"leadsync:{PASSWORD}".encode()).decode()},
    "messagesToken": {"Authorization": f"Bearer {TOKEN}"},
    "metricsToken": {"Authorization": f"Bearer {METRICS}"},
}


def test_the_receiver_carries_what_is_described() -> None:
    described = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    assert described == DESCRIBED, "run: make openapi"


def test_it_is_served_to_anybody(receiver: Line) -> None:
    answer = requests.get(f"{receiver.url}/openapi.json", timeout=10)
    assert (answer.status_code, answer.json()) == (200, DESCRIBED)
    assert answer.headers["Content-Type"] == "application/json"


def test_every_call_is_described(shop: Shop) -> None:
    """Of the console, which is for people, only its first page; no pictures and styles."""
    environ = {**shop.line.environ, "SPOOL_DIR": f"{shop.line.environ['SPOOL_DIR']}-described"}
    told = subprocess.run([sys.executable, "-c", ROUTES], env=environ, cwd=ROOT, capture_output=True, check=True)
    found = {
        (re.sub(r"<(?:\w+:)?(?:\w+_)?(\w+)>", r"{\1}", rule), method.lower())
        for rule, methods in json.loads(told.stdout)
        for method in {*methods} - {"HEAD", "OPTIONS"}
        if (not rule.startswith("/console/") or rule == "/console/") and "/static/" not in rule
    }
    assert found == {(path, method) for path, calls in DESCRIBED["paths"].items() for method in calls}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
@pytest.mark.parametrize("mode", [*schemathesis.GenerationMode], ids=lambda one: one.value)
def test_every_answer_is_as_described(shop: Shop, operation: Any, mode: schemathesis.GenerationMode) -> None:
    seconds, _ = shop.redis.time()
    shop.redis.zadd(keys.WORKERS, {"worker": seconds * 1000})
    if mode is schemathesis.GenerationMode.NEGATIVE and not (operation.body or operation.headers):
        pytest.skip("nothing can be wrong in this call")
    [[access, *_], *_] = operation.definition.raw.get("security") or [[""]]
    numbers = itertools.count()
    # The receiver takes some ids that the description does not promise, so what it refuses is tested in test_views.
    accepts = operation.definition.raw["operationId"] == "sendMessage" and mode is schemathesis.GenerationMode.POSITIVE
    checks = CHECKS + [openapi_checks.positive_data_acceptance] * accepts

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def answers(case: Any) -> None:
        how: dict[str, Any] = {"headers": ACCESS.get(access, {})}
        if operation.path.endswith("intent-handler") and isinstance(case.body, dict):
            case.body["secret"] = SECRET
        if accepts:
            case.headers["Idempotency-Key"] = f"key {next(numbers)}"
        answer = case.call(base_url=shop.line.url, **how)
        case.validate_response(answer, checks=checks, **how)

    answers()
