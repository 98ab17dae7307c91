"""The metrics of `/metrics`, read from Redis at each scrape, so that they cover all processes and survive restarts."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from leadcore.store import keys
from leadcore.store.connection import AWAY, Redis
from leadcore.store.counters import BUCKETS
from leadcore.store.status import Status, read_status
from receiver.intake.spool import Spool, SpoolError

REFUSED = ("forbidden", "malformed", "nowhere", "throttled", "too_large", "unusable")
OUTCOMES = ("created", "updated", "unchanged", "skipped", "retried", "parked", "discarded")
MESSAGES = ("sent", "failed", "interrupted", "silent", "retried")


def register(redis: Redis, spool: Spool, shards: int) -> CollectorRegistry:
    """A registry that reads its values at each scrape."""
    registry = CollectorRegistry()
    registry.register(_RedisCollector(redis, spool, shards))
    return registry


def count_spooled(spool: Spool) -> int:
    """How many leads of this deployment wait on this machine's disk; -1 if it cannot be read."""
    try:
        return spool.count()
    except SpoolError:
        return -1


def _count_foreign(spool: Spool) -> int:
    try:
        return spool.count_foreign()
    except SpoolError:
        return -1


class _RedisCollector(Collector):
    def __init__(self, redis: Redis, spool: Spool, shards: int) -> None:
        self.redis, self.spool, self.shards = redis, spool, shards

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield _gauge("leadsync_spooled", "Leads on this machine's disk", count_spooled(self.spool))
        foreign = _count_foreign(self.spool)
        yield _gauge("leadsync_spooled_foreign", "Leads of other deployments on this machine's disk", foreign)
        yield _gauge("leadsync_disk_usable", "Whether this machine's disk can store leads", not self.spool.trouble())
        try:
            status = read_status(self.redis, self.shards)
            pipe = self.redis.pipeline(transaction=False)
            pipe.hgetall(keys.FIGURES)
            pipe.zcount(keys.BUDGET, status.now_ms, "+inf")
            pipe.zcard(keys.UNSENT)
            stored, used, unsent = pipe.execute()
        except AWAY:
            yield _gauge("leadsync_redis_up", "Whether Redis answers", 0)
            return
        yield _gauge("leadsync_redis_up", "Whether Redis answers", 1)
        yield _gauge("leadsync_unsent", "Messages that could not be sent and wait for a person", unsent)
        yield from _collect_status(status)
        yield from _collect_counts(status.counts)
        yield from _collect_figures({name.decode(): int(value) for name, value in stored.items()}, used)


def _collect_status(status: Status) -> Iterator[Metric]:
    yield _gauge("leadsync_workers", "Worker processes alive", status.workers)
    yield _gauge("leadsync_parked", "Leads that wait for a person", status.parked)
    paused = GaugeMetricFamily("leadsync_paused", "1 while a line is paused", labels=["line", "code"])
    for line, pause in ((keys.INBOX, status.pause), (keys.OUTBOX, status.messages_pause)):
        paused.add_metric([line, pause.get("code", "")], 1 if pause else 0)
    yield paused
    depth = GaugeMetricFamily("leadsync_depth", "Entries waiting, those put off included", labels=["line", "shard"])
    oldest = GaugeMetricFamily(
        "leadsync_oldest_seconds", "How long the oldest entry has waited, 0 if none does", labels=["line", "shard"]
    )
    for line in (keys.INBOX, keys.OUTBOX):
        for shard, (count, age) in enumerate(zip(status.depths[line], status.oldest[line], strict=True)):
            depth.add_metric([line, str(shard)], count)
            oldest.add_metric([line, str(shard)], (age or 0) / 1000)
    yield depth
    yield oldest


def _collect_counts(counts: Mapping[str, int]) -> Iterator[Metric]:
    yield CounterMetricFamily("leadsync_accepted", "Events put into the inbox", counts.get("accepted", 0))
    yield CounterMetricFamily("leadsync_duplicates", "Events that were there already", counts.get("duplicate", 0))
    yield _counter("leadsync_leads", "Leads by what became of them", "outcome", OUTCOMES, counts)
    yield _counter("leadsync_messages", "Confirmations by what became of them", "outcome", MESSAGES, counts, "message_")


def _collect_figures(figures: Mapping[str, int], used: int) -> Iterator[Metric]:
    yield CounterMetricFamily("leadsync_disk_kept", "Events kept on a disk", figures.get("disk", 0))
    yield _counter("leadsync_refused", "Requests refused", "reason", REFUSED, figures, "refused:")
    codes = sorted(name.removeprefix("parked:") for name in figures if name.startswith("parked:"))
    yield _counter("leadsync_leads_parked", "Leads parked, by cause", "code", codes, figures, "parked:")
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
