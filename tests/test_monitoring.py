"""The dashboard and the alert rules in docs/ ask for what /metrics tells."""

import json
import re

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from leadcore.store import keys
from leadcore.store.endpoints import Endpoints
from tests.conftest import ROOT, SECRET, SHARDS, Line, eventually, lead

DASHBOARD = json.loads((ROOT / "docs/grafana.json").read_text())
RULES = [rule for group in yaml.safe_load((ROOT / "docs/alerts.yaml").read_text())["groups"] for rule in group["rules"]]
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
EXPRESSIONS = [*QUERIES, *(rule["expr"] for rule in RULES)]
Samples = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def samples(busy_line: Line) -> Samples:
    """Sample name -> labels of each, of a line through which a lead, a parked one and a message went, and that
    has the address of a hook."""
    busy_line.reset()
    assert busy_line.post({"secret": SECRET, "mid": "m"}).status_code == 422
    busy_line.sync(lead(name="Nok Jaidee"))
    # Not before: nobody serves it, so what it was told of would wait.
    Endpoints(busy_line.redis, keys.HOOKS, SHARDS).register("digest", 1, "shop.example.com")
    return eventually(lambda: (found := read(busy_line)) and "leadsync_quota_left" in found and found)


def read(line: Line) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(requests.get(line.url + "/metrics", timeout=5).text):
        for one in family.samples:
            found.setdefault(one.name, []).append(one.labels)
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_and_label_that_is_asked_for_is_told(samples: Samples, expression: str) -> None:
    names = re.findall(r"leadsync_\w+", expression)
    assert names
    for name, selector in re.findall(r"(leadsync_\w+)(?:\{([^}]*)\})?", expression):
        wanted = dict(re.findall(r'(\w+)="([^"]*)"', selector))
        assert any(wanted.items() <= labels.items() for labels in samples[name]), name
    for label in re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", expression))):
        assert label == "instance" or label in samples[names[0]][0], label


def test_every_metric_stands_on_the_dashboard(samples: Samples) -> None:
    shown = " ".join(QUERIES)
    assert [name for name in samples if name.startswith("leadsync_") and name not in shown] == []


def test_the_dashboard_can_be_used_with_any_data_source() -> None:
    assert [one["type"] for one in DASHBOARD["templating"]["list"]] == ["datasource"]
    sources = [panel["datasource"]["uid"] for panel in DASHBOARD["panels"]]
    sources += [target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    assert set(sources) == {"${datasource}"}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_no_panel_covers_another() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


def test_every_rule_says_what_is_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert {"summary", "description"} == set(rule["annotations"])
        assert rule["labels"]["severity"] in ("warning", "critical")
