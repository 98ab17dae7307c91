"""What /metrics tells of the whole line: exact over several web and worker processes, and over their restarts."""

import re
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import PATIENT, Line, lead


def scrape(line: Line) -> dict[str, dict[tuple[str, ...], float]]:
    """Sample name -> label values -> value."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(requests.get(line.url + "/metrics", timeout=5).text):
        for one in family.samples:
            found.setdefault(one.name, {})[tuple(one.labels.values())] = one.value
    return found


def asked(line: Line) -> dict[tuple[str, ...], float]:
    """What HubSpot itself counted, as the metric names it."""
    calls: dict[str, dict[str, int]] = line.crm.control("GET", "state")["calls"]
    found: dict[tuple[str, ...], float] = {}
    for route, statuses in calls.items():
        last = route.rpartition("/")[2]
        other = "properties" if "/properties/" in route else "other"
        kind = last if re.fullmatch("upsert|update|read|search", last) else other
        for status, count in statuses.items():
            found[kind, status] = found.get((kind, status), 0) + count
    return found


def test_every_lead_message_and_call_is_counted_once(spare_line: Any) -> None:
    line: Line = spare_line(WEB_CONCURRENCY="2")
    line.start("web", **PATIENT)
    line.await_web()
    customers = [f"c-{number}" for number in range(12)]
    for round_, said in enumerate(({"name": "Ann Lee"}, {"phone": "0812345678"})):
        workers = [line.start("worker"), line.start("worker")]
        line.await_workers(2)
        line.storm([lead(customer, **said) for customer in customers], at_once=6)
        line.send(lead(f"nobody-{round_}"))
        line.settle()
        for process in workers:
            process.stop()
    figures = scrape(line)
    assert figures["leadsync_hubspot_calls_total"] == asked(line)
    assert figures["leadsync_accepted_total"] == {(): 26}
    leads = figures["leadsync_leads_total"]
    assert (leads["created",], leads["updated",], leads["skipped",]) == (12, 12, 2)
    told = len(line.chat.told())
    assert figures["leadsync_messages_total"]["sent",] == told > 0
    assert figures["leadsync_messages_total"]["silent",] == 24 - told
    assert figures["leadsync_lead_seconds_count"] == {(): 24}
    assert 0 < figures["leadsync_lead_seconds_sum"][()] < 24 * 20
    assert figures["leadsync_budget_limit"] == {(): 100}
    made = sum(figures["leadsync_hubspot_calls_total"].values())
    # As one of the workers saw it last.
    assert 0 < figures["leadsync_quota_limit"][()] - figures["leadsync_quota_left"][()] <= made
    assert figures["leadsync_workers"] == {(): 0}
    assert sum(figures["leadsync_depth"].values()) == 0
