"""The metrics of `/metrics`, read from Redis at each scrape, so that they cover all processes and survive restarts."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from leadcore.endpoint import OPEN
from leadcore.store import keys, lines
from leadcore.store.connection import AWAY, Redis
from leadcore.store.counters import BUCKETS
from leadcore.store.parked import CODES
from leadcore.store.parked_orders import CODES as ORDER_CODES
from leadcore.store.parked_orders import NOTE_CODES, PAYMENT_CODES
from leadcore.store.stages import OUTCOMES as STAGES
from leadcore.store.status import Status, read_status
from leadcore.verdict import SEVERITIES, Problem, assess
from receiver.intake.spool import Spool, count_foreign, count_spooled

REFUSED = ("forbidden", "malformed", "nowhere", "throttled", "too_large", "unusable")
OUTCOMES = ("created", "updated", "unchanged", "skipped", "retried", "parked", "held", "discarded")
ORDERS = ("created", "updated", "unchanged", "parked", "ended")
NOTES = ("written", "parked", "ended")
PAYMENTS = ("paid", "failed", "refunded", "disputed", "dispute_won", "dispute_lost", "parked", "ended")
MESSAGES = ("sent", "asked", "failed", "interrupted", "silent", "retried", "ended")


def register(redis: Redis, spool: Spool, shards: int, timezone: ZoneInfo) -> CollectorRegistry:
    """A registry that reads its values at each scrape."""
    registry = CollectorRegistry()
    registry.register(_RedisCollector(redis, spool, shards, timezone))
    return registry


class _RedisCollector(Collector):
    def __init__(self, redis: Redis, spool: Spool, shards: int, timezone: ZoneInfo) -> None:
        self.redis, self.spool, self.shards, self.timezone = redis, spool, shards, timezone

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        spooled, foreign, trouble = count_spooled(self.spool), count_foreign(self.spool), self.spool.trouble()
        on_disk = "Leads on this machine's disk, -1 if they cannot be read"
        yield _gauge("leadsync_spooled", on_disk, -1 if spooled is None else spooled)
        of_another = "Leads on this machine's disk that were stored for another Redis, -1 if they cannot be read"
        yield _gauge("leadsync_spooled_foreign", of_another, -1 if foreign is None else foreign)
        yield _gauge("leadsync_disk_usable", "Whether this machine's disk can store leads", not trouble)
        machine: dict[str, Any] = {"spooled": spooled, "foreign": foreign or 0, "disk_trouble": trouble}
        try:
            status = read_status(self.redis, self.shards, self.timezone)
            pipe = self.redis.pipeline(transaction=False)
            pipe.hgetall(keys.FIGURES)
            pipe.zcount(keys.BUDGET, status.now_ms, "+inf")
            stored, used = pipe.execute()
        except AWAY:
            yield _collect_problems(assess(None, **machine))
            yield _gauge("leadsync_redis_up", "Whether Redis answers", 0)
            return
        yield _gauge("leadsync_redis_up", "Whether Redis answers", 1)
        yield _collect_problems(assess(status, **machine))
        yield from _collect_status(status)
        yield from _collect_counts(status.counts)
        yield from _collect_figures({name.decode(): int(value) for name, value in stored.items()}, used)


def _collect_problems(found: Sequence[Problem]) -> Metric:
    codes = {one.code for one in found}
    problems = GaugeMetricFamily("leadsync_problem", "1 while this is wrong, as the console says it", labels=["code"])
    for code in SEVERITIES:
        problems.add_metric([code], int(code in codes))
    return problems


def _collect_status(status: Status) -> Iterator[Metric]:
    yield _gauge("leadsync_workers", "Worker processes alive", status.workers)
    for _, kept in lines.each_kept():
        yield _gauge(f"leadsync_{kept.name}", kept.described, status.kept[kept.name])
    yield _gauge("leadsync_refused_today", "Posts refused today for a wrong secret", status.refused_today)
    last_post = (status.last_post_ms or 0) / 1000
    yield _gauge("leadsync_last_post_timestamp_seconds", "When DealDroid's last post came, 0 if never", last_post)
    yield _gauge("leadsync_dry_workers", "Worker processes that run with DRY_RUN and write nothing", status.dry_workers)
    stages = status.stages
    yield _gauge(
        "leadsync_stages_waiting", "Orders moved in HubSpot that wait to be told of", stages.waiting if stages else 0
    )
    yield _gauge("leadsync_stages_held", "Those of them that wait for a person", stages.held if stages else 0)
    done, total = (status.restoring.done, status.restoring.total) if status.restoring else (0, 0)
    yield _gauge(
        "leadsync_restoring", "1 while customers are brought back after Redis was emptied", bool(status.restoring)
    )
    yield _gauge("leadsync_restored_contacts", "Contacts of them that were read, while they are brought back", done)
    yield _gauge("leadsync_restorable_contacts", "Contacts of them in all, while they are brought back", total)
    paused = GaugeMetricFamily("leadsync_paused", "1 while a line is paused", labels=["line", "code"])
    for line, pause in status.pauses.items():
        paused.add_metric([line, pause.get("code", "")], 1 if pause else 0)
    yield paused
    depth = GaugeMetricFamily("leadsync_depth", "Entries waiting, those put off included", labels=["line", "shard"])
    oldest = GaugeMetricFamily(
        "leadsync_oldest_seconds", "How long the oldest entry has waited, 0 if none does", labels=["line", "shard"]
    )
    for line, depths in status.depths.items():
        for shard, (count, age) in enumerate(zip(depths, status.oldest[line], strict=True)):
            depth.add_metric([line, str(shard)], count)
            oldest.add_metric([line, str(shard)], (age or 0) / 1000)
    yield depth
    yield oldest
    yield from _collect_endpoints(status)


def _collect_endpoints(status: Status) -> Iterator[Metric]:
    """The addresses of hooks and notices, by their number alone: they are secrets."""
    labels = ["line", "address"]
    up = GaugeMetricFamily("leadsync_address_up", "1 while an address outside takes what it is sent", labels=labels)
    delivered = CounterMetricFamily("leadsync_deliveries", "What an address outside took", labels=labels)
    given_up = CounterMetricFamily("leadsync_deliveries_given_up", "What it never took", labels=labels)
    for line, endpoints in status.endpoints.items():
        for one in endpoints:
            names = [line, str(one.number)]
            up.add_metric(names, one.state == OPEN)
            delivered.add_metric(names, one.delivered)
            given_up.add_metric(names, one.given_up)
    yield up
    yield delivered
    yield given_up


def _collect_counts(counts: Mapping[str, int]) -> Iterator[Metric]:
    yield CounterMetricFamily("leadsync_accepted", "Events put into the inbox", counts.get("accepted", 0))
    of_their_own = "Messages put into the outbox by themselves, not as confirmations"
    yield CounterMetricFamily("leadsync_messages_accepted", of_their_own, counts.get("message_accepted", 0))
    yield CounterMetricFamily("leadsync_duplicates", "Events that were there already", counts.get("duplicate", 0))
    yield _counter("leadsync_leads", "Leads by what became of them", "outcome", OUTCOMES, counts)
    yield _counter("leadsync_orders", "Events with an order by what became of it", "outcome", ORDERS, counts, "order_")
    yield _counter("leadsync_stages", "Stages of orders by what became of them", "outcome", STAGES, counts, "stage_")
    yield _counter("leadsync_notes", "Notes by what became of them", "outcome", NOTES, counts, "note_")
    said = "News of payments by what became of them"
    yield _counter("leadsync_payments", said, "outcome", PAYMENTS, counts, "payment_")
    yield _counter("leadsync_messages", "Messages by what became of them", "outcome", MESSAGES, counts, "message_")


def _collect_figures(figures: Mapping[str, int], used: int) -> Iterator[Metric]:
    yield CounterMetricFamily("leadsync_disk_kept", "Events kept on a disk", figures.get("disk", 0))
    yield _counter("leadsync_refused", "Requests refused", "reason", REFUSED, figures, "refused:")
    # Also those of other versions.
    codes = {*CODES, *(name.removeprefix("parked:") for name in figures if name.startswith("parked:"))}
    yield _counter("leadsync_leads_parked", "Leads parked, by cause", "code", sorted(codes), figures, "parked:")
    for what, known in (("orders", ORDER_CODES), ("payments", PAYMENT_CODES), ("notes", NOTE_CODES)):
        prefix = f"parked_{what}:"
        codes = {*known, *(name.removeprefix(prefix) for name in figures if name.startswith(prefix))}
        said = f"{what.capitalize()} parked, by cause"
        yield _counter(f"leadsync_{what}_parked", said, "code", sorted(codes), figures, prefix)
    calls = CounterMetricFamily("leadsync_hubspot_calls", "Calls to HubSpot", labels=["kind", "status"])
    for name, count in sorted(figures.items()):
        if name.startswith("calls:"):
            calls.add_metric(name.split(":")[1:], count)
    yield calls
    yield _gauge("leadsync_budget_used", "Requests to HubSpot in the last 10 s", used)
    for name, help_ in (
        ("budget_limit", "Most requests to HubSpot allowed in 10 s"),
        ("quota_left", "Requests that HubSpot's daily quota has left"),
        ("quota_limit", "Requests of HubSpot's daily quota"),
    ):
        if name in figures:
            yield _gauge(f"leadsync_{name}", help_, figures[name])
    below = accumulate(figures.get(f"took:{bound}", 0) for bound in BUCKETS)
    yield HistogramMetricFamily(
        "leadsync_lead_seconds",
        "From received to written, of leads that nobody retried",
        buckets=list(zip(BUCKETS, below, strict=True)),
        sum_value=figures.get("took_ms", 0) / 1000,
    )


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_, value)


def _counter(
    name: str, help_: str, label: str, values: Sequence[str], counts: Mapping[str, int], prefix: str = ""
) -> Metric:
    """One sample for each of `values`, with 0 where nothing was counted: a rate needs the first zero."""
    family = CounterMetricFamily(name, help_, labels=[label])
    for value in values:
        family.add_metric([value], counts.get(prefix + value, 0))
    return family
